/* Gives the firmware images, schedules and frames, and lets it run what it takes.
 *
 *     fuzz seed first count [image ...]
 *     fuzz members seed count
 *     fuzz infer image input
 *
 * Number `first` and those after it; each is the same whatever came before it. Images are valid
 * ones to damage. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "draw.h"
#include "fields.h"
#include "images.h"
#include "link/crc32.h"
#include "sweep.h"

#define SEEDS_MAX 32u
#define PROGRESS 50000u

typedef struct {
    uint8_t *data;
    uint32_t bytes;
} seed_image_t;

static seed_image_t seeds[SEEDS_MAX];
static uint32_t seed_count;
static uint64_t number;

static void tell(const char *what) {
    printf("%s %llu: %llu accepted, %llu layers run, %llu too long to run, %llu requests, "
           "%llu replies\n",
           what, (unsigned long long)counts.images, (unsigned long long)counts.accepted,
           (unsigned long long)counts.layers_run, (unsigned long long)counts.layers_too_long,
           (unsigned long long)counts.requests, (unsigned long long)counts.replies);
    fflush(stdout);
}

/* What has been run of each kind of layer: operator, kernel form, requantisation, pooling. */
static void tell_kinds(void) {
    for (uint32_t kind = 0; kind < OPERATORS_MAX * FORMS_MAX * REQUANTISATIONS_MAX * 2u; kind++) {
        const uint32_t pools = kind % 2u;
        const uint32_t requantisation = kind / 2u % REQUANTISATIONS_MAX;
        const uint32_t form = kind / 2u / REQUANTISATIONS_MAX % FORMS_MAX;
        const uint32_t operator = kind / 2u / REQUANTISATIONS_MAX / FORMS_MAX;
        const uint64_t run = counts.of_kind[operator][form][requantisation][pools];
        if (run != 0) {
            printf("layers %u %u %u %u: %llu\n", operator, form, requantisation, pools,
                   (unsigned long long)run);
        }
    }
}

/* The sanitizers abort, as this program itself does: the number is what tries it again. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void) {
    return "abort_on_error=1:detect_leaks=0";
}

const char *__ubsan_default_options(void) {
    return "abort_on_error=1:print_stacktrace=1";
}

static void on_abort(int signal_number) {
    fprintf(stderr, "at number %llu, member %s\n", (unsigned long long)number,
            sweep_member() == NULL ? "-" : sweep_member());
    signal(signal_number, SIG_DFL);
}

/* A request, damaged now and then: in a member, or in its length. */
static bool ask(uint32_t command, void *payload, uint32_t bytes, const field_t *fields,
                uint32_t count) {
    if (count != 0 && draw_one_in(10)) {
        draw_member(payload, fields, count);
    }
    if (draw_one_in(40)) {
        bytes = draw_below(bytes + 1u);
    }
    return line_request(command, payload, bytes);
}

#define ASK(command, record, name)                                                                 \
    ask(command, &(record), sizeof(record), name##_fields, FIELD_COUNT(name##_fields))

static void schedule(uint32_t layers) {
    abi_schedule_header_t header = {.hse_hz = 50000000,
                                    .layer_count = (uint16_t)layers,
                                    .clock_count = 2,
                                    .idle_clock = (uint8_t)draw_below(2)};
    abi_clock_t clocks[2] = {
        {.source = abi_clock_source_hse},
        {.source = abi_clock_source_pll, .pllm = 25, .plln = 216, .pllp = 2},
    };
    abi_layer_plan_t plans[ABI_LAYERS_MAX];
    for (uint32_t i = 0; i < layers; i++) {
        plans[i] = (abi_layer_plan_t){
            .granularity = (uint8_t)(draw_one_in(3) ? 0 : draw_size(1, 255)),
            .hfo = 1,
            .lfo = draw_one_in(2) ? 0 : ABI_NO_CLOCK,
        };
    }
    ASK(abi_command_schedule_begin, header, schedule_header);
    if (draw_one_in(20)) {
        draw_member(&clocks[draw_below(2)], clock_fields, FIELD_COUNT(clock_fields));
    }
    ask(abi_command_schedule_clocks, clocks, sizeof clocks, NULL, 0);
    ask(abi_command_schedule_layers, plans, layers * (uint32_t)sizeof plans[0], layer_plan_fields,
        FIELD_COUNT(layer_plan_fields));
    line_request(abi_command_schedule_end, NULL, 0);
}

static void run(void) {
    abi_run_request_t request = {.runs = 1, .profile_level = (uint8_t)draw_below(3)};
    if (draw_one_in(10)) {
        draw_member(&request, run_request_fields, FIELD_COUNT(run_request_fields));
    }
    request.runs = request.runs % 3u; /* more of them only take longer */
    request.warmup = request.warmup % 2u;
    line_request(abi_command_run, &request, sizeof request);
    abi_profile_read_t profile = {.layer_count = 1};
    ASK(abi_command_profile_read, profile, profile_read);
}

static void measure(uint32_t layers) {
    abi_current_request_t request = {.activity = (uint8_t)draw_below(3),
                                     .sample_count = 4,
                                     .layer_count = (uint16_t)layers,
                                     .period_ticks = 1000,
                                     .hse_hz = 50000000,
                                     .clock = {.source = abi_clock_source_hse}};
    draw_member(&request, current_request_fields, FIELD_COUNT(current_request_fields));
    request.warmup = request.warmup % 3u;
    line_request(abi_command_current_measure, &request, sizeof request);
}

static void transfer(void) {
    uint8_t payload[ABI_FRAME_PAYLOAD_MAX] __attribute__((aligned(4))) = {0};
    const uint32_t bytes = draw_between(sizeof(abi_data_header_t), sizeof payload);
    draw_member(payload, data_header_fields, FIELD_COUNT(data_header_fields));
    line_request(abi_command_input_write, payload, bytes);
    abi_output_read_t read = {.tensor = (uint16_t)draw_below(4), .length = 64};
    draw_member(&read, output_read_fields, FIELD_COUNT(output_read_fields));
    if (!line_request(abi_command_output_read, &read, sizeof read)) {
        return;
    }
    uint32_t count;
    line_reply(&count);
    if (count != read.length) {
        board_fail("an output is read with another length than was asked");
    }
}

/* Through image_begin, image_data and image_end: the region is as open as flash is. */
static void load(void) {
    uint8_t payload[ABI_FRAME_PAYLOAD_MAX] __attribute__((aligned(4)));
    abi_image_begin_t begin = {.total_bytes = draw_between(1, 2048)};
    if (!ASK(abi_command_image_begin, begin, image_begin)) {
        return;
    }
    for (uint32_t times = draw_below(4); times > 0; times--) {
        const uint32_t bytes = draw_between(sizeof(abi_data_header_t) + 1u, sizeof payload);
        memset(payload, (int)draw_below(256), bytes);
        memset(payload, 0, sizeof(abi_data_header_t));
        draw_member(payload, data_header_fields, FIELD_COUNT(data_header_fields));
        line_request(abi_command_image_data, payload, bytes);
    }
    line_request(abi_command_image_end, NULL, 0);
}

/* What has nothing to do with images. */
static void look_around(void) {
    abi_clock_probe_t probe = {
        .hse_hz = 50000000,
        .a = {.source = abi_clock_source_hse},
        .b = {.source = abi_clock_source_pll, .pllm = 25, .plln = 216, .pllp = 2}};
    ASK(abi_command_clock_probe, probe, clock_probe);
    abi_ina219_request_t sensor = {.address = 0x40};
    ASK(abi_command_ina219_read, sensor, ina219_request);
    line_request(abi_command_fault_read, NULL, 0);
    line_request(abi_command_hello, NULL, 0);
}

static void chatter(void) {
    uint8_t bytes[2048] __attribute__((aligned(4)));
    const uint32_t count = draw_between(1, sizeof bytes);
    const uint32_t most = draw_one_in(2) ? 256u : 4u;
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)draw_below(most);
    }
    if (draw_one_in(2)) {
        line_write(bytes, count);
    } else {
        line_request(draw_below(256), bytes, count % ABI_FRAME_PAYLOAD_MAX);
    }
}

/* What layers compute with. */
static void tensors_draw(const abi_image_header_t *header) {
    const abi_tensor_t *tensor = (const void *)(board_image() + header->tensors_offset);
    for (uint32_t i = 0; i < header->tensor_count; i++, tensor++) {
        if (tensor->address != 0) {
            draw_values((void *)(uintptr_t)tensor->address, tensor->bytes);
        }
    }
}

static void exercise(void) {
    if (!line_request(abi_command_image_use, NULL, 0)) {
        return;
    }
    counts.accepted++;
    const abi_image_header_t *header = (const void *)board_image();
    const uint32_t layers = header->layer_count;
    tensors_draw(header);
    for (uint32_t times = draw_between(1, 2); times > 0; times--) {
        if (!draw_one_in(4)) {
            schedule(layers);
        }
        run();
    }
    if (draw_one_in(4)) {
        transfer();
    }
    if (draw_one_in(8)) {
        measure(layers);
    }
}

/* Runs an image as it is, and writes the bytes of its first output. */
static void infer(const uint8_t *input, uint32_t bytes) {
    const abi_image_header_t *header = (const void *)board_image();
    const abi_tensor_t *tensors = (const void *)(board_image() + header->tensors_offset);
    work_limit = UINT64_MAX;
    board_bound_image(header->total_bytes);
    bool is_done = line_request(abi_command_image_use, NULL, 0);
    for (uint32_t done = 0; is_done && done < bytes;) {
        uint8_t payload[ABI_FRAME_PAYLOAD_MAX] __attribute__((aligned(4)));
        const uint32_t room = sizeof payload - sizeof(abi_data_header_t);
        const uint32_t count = bytes - done < room ? bytes - done : room;
        const abi_data_header_t place = {.offset = done};
        memcpy(payload, &place, sizeof place);
        memcpy(payload + sizeof place, input + done, count);
        is_done = line_request(abi_command_input_write, payload, (uint32_t)sizeof place + count);
        done += count;
    }
    const abi_run_request_t request = {.runs = 1};
    if (!is_done || !line_request(abi_command_run, &request, sizeof request)) {
        board_fail("the image is refused");
    }
    const abi_tensor_t *output = &tensors[header->output_tensors[0]];
    fwrite((const void *)(uintptr_t)output->address, 1, output->bytes, stdout);
}

static void once(uint64_t seed) {
    draw_begin(seed, number);
    if (seed_count != 0 && draw_one_in(4)) {
        const seed_image_t *image = &seeds[draw_below(seed_count)];
        image_place(image->data, image->bytes);
        image_damage();
    } else {
        image_draw();
        if (draw_one_in(2)) {
            image_damage();
        }
    }
    image_finish();
    counts.images++;
    exercise();
    if (draw_one_in(16)) {
        chatter();
    }
    if (draw_one_in(64)) {
        load();
        look_around();
    }
}

static void read_seed(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(ABI_IMAGE_BYTES_MAX);
    if (file == NULL || data == NULL || seed_count == SEEDS_MAX) {
        board_fail(path);
    }
    seeds[seed_count++] =
        (seed_image_t){.data = data, .bytes = (uint32_t)fread(data, 1, ABI_IMAGE_BYTES_MAX, file)};
    fclose(file);
}

int main(int argc, char **argv) {
    if (argc < 4) {
        board_fail(
            "fuzz seed first count [image ...], fuzz members seed count, or fuzz infer image "
            "input");
    }
    board_map();
    crc32_init();
    if (strcmp(argv[1], "infer") == 0) {
        read_seed(argv[2]);
        read_seed(argv[3]);
        image_place(seeds[0].data, seeds[0].bytes);
        infer(seeds[1].data, seeds[1].bytes);
        return 0;
    }
    signal(SIGABRT, on_abort);
    if (strcmp(argv[1], "members") == 0) {
        sweep(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0));
        return 0;
    }
    const uint64_t seed = strtoull(argv[1], NULL, 0);
    const uint64_t first = strtoull(argv[2], NULL, 0);
    const uint64_t end = first + strtoull(argv[3], NULL, 0);
    for (int i = 4; i < argc; i++) {
        read_seed(argv[i]);
    }
    for (number = first; number < end; number++) {
        once(seed);
        if (counts.images % PROGRESS == 0) {
            tell("images so far");
        }
    }
    tell("images");
    tell_kinds();
    return 0;
}
