#include "sweep.h"

#include <stdio.h>
#include <string.h>

#include "board.h"
#include "draw.h"
#include "fields.h"
#include "images.h"
#include "kernels/layer_code.h"
#include "layers.h"

#define BASE_BYTES_MAX 65536u
#define TENSOR_BYTES_EACH 2048u
#define HSE_HZ 50000000u

static uint8_t base[BASE_BYTES_MAX];
static uint32_t base_bytes;
static uint32_t refused[FIELDS_TOTAL];
static uint32_t taken[FIELDS_TOTAL];
static const field_t *at_work;

const char *sweep_member(void) {
    return at_work == NULL ? NULL : at_work->name;
}

static const abi_image_header_t *header(void) {
    return (const void *)board_image();
}

static const abi_layer_t *layer(void) {
    return (const void *)(board_image() + header()->layers_offset);
}

static void note(const field_t *field, bool is_taken) {
    (is_taken ? taken : refused)[field->number]++;
}

/* What a member of that width can hold at most, next to its sign, and next to what it is now. */
#define EXTREMES 9u
static void extremes_of(uint64_t *extremes, uint64_t now, uint32_t bytes) {
    const uint64_t ones = bytes == 8u ? UINT64_MAX : (1ull << 8u * bytes) - 1u;
    const uint64_t all[EXTREMES] = {
        0, 1, ones, ones >> 1u, (ones >> 1u) + 1u, 255, 255u + 32u * 256u, now + 1u, now - 1u};
    memcpy(extremes, all, sizeof all);
}

/* Sets each extreme at a place, and lets `judge` tell whether the firmware takes it. */
static void try_extremes(const field_t *field, uint8_t *place, bool (*judge)(void)) {
    uint64_t extremes[EXTREMES];
    uint64_t now = 0;
    memcpy(&now, place, field->bytes);
    extremes_of(extremes, now, field->bytes);
    at_work = field;
    for (uint32_t i = 0; i < EXTREMES; i++) {
        memcpy(place, &extremes[i], field->bytes);
        note(field, judge());
        memcpy(place, &now, field->bytes);
    }
}

/* ---- images -------------------------------------------------------------------------------- */

static void run_at(uint8_t granularity) {
    const abi_schedule_header_t begin = {.hse_hz = HSE_HZ, .layer_count = 1, .clock_count = 1};
    const abi_clock_t clock = {.source = abi_clock_source_hse};
    const abi_layer_plan_t plan = {.granularity = granularity, .lfo = 0};
    const abi_run_request_t request = {.runs = 1, .profile_level = abi_profile_level_segment};
    line_request(abi_command_schedule_begin, &begin, sizeof begin);
    line_request(abi_command_schedule_clocks, &clock, sizeof clock);
    line_request(abi_command_schedule_layers, &plan, sizeof plan);
    line_request(abi_command_schedule_end, NULL, 0);
    line_request(abi_command_run, &request, sizeof request);
}

/* Whether the image is taken; then it is run, too. */
static bool use_image(void) {
    if (!line_request(abi_command_image_use, NULL, 0)) {
        return false;
    }
    run_at(0);
    run_at(2);
    run_at(UINT8_MAX);
    return true;
}

static void place_base(void) {
    image_place(base, base_bytes);
    image_seal();
}

/* A member of a record of the image: `judge` seals what try_extremes has set, which a checksum of
 * the image may be itself. */
static const field_t *image_field;
static uint8_t *image_place_of_field;

static bool judge_image(void) {
    uint64_t value;
    memcpy(&value, image_place_of_field, image_field->bytes);
    image_seal();
    board_open_image();
    memcpy(image_place_of_field, &value, image_field->bytes);
    const uint32_t total = header()->total_bytes;
    board_bound_image(total <= ABI_IMAGE_BYTES_MAX && total >= sizeof *header() ? total
                                                                                : sizeof *header());
    const bool is_taken = use_image();
    board_open_image();
    return is_taken;
}

static void sweep_record(const field_t *fields, uint32_t count, uint32_t offset) {
    for (uint32_t i = 0; i < count; i++) {
        place_base();
        board_open_image();
        image_field = &fields[i];
        image_place_of_field = board_image() + offset + fields[i].offset;
        try_extremes(image_field, image_place_of_field, judge_image);
    }
    place_base();
}

#define SWEEP(record, offset) sweep_record(record##_fields, FIELD_COUNT(record##_fields), offset)

static void sweep_image(void) {
    const abi_layer_t record = *layer();
    const uint32_t tensors = header()->tensors_offset;
    SWEEP(image_header, 0);
    for (uint32_t i = 0; i < header()->tensor_count; i++) {
        SWEEP(tensor, tensors + i * (uint32_t)sizeof(abi_tensor_t));
    }
    SWEEP(layer, header()->layers_offset);
    for (uint32_t i = 0; i < record.piece_count; i++) {
        SWEEP(piece, record.pieces_offset + i * (uint32_t)sizeof(abi_piece_t));
    }
    if (record.bias_offset != 0) {
        sweep_record(&number_fields[0], 1, record.bias_offset);
        sweep_record(&number_fields[1], 1, record.multiplier_offset);
        sweep_record(&number_fields[2], 1, record.shift_offset);
    }
}

/* Another form of requantisation is another kind where there is code for it, and a concatenation of
 * many inputs, which has all its parameters. */
static uint32_t kind_of(const abi_layer_t *record) {
    const bool by_form = record->form == abi_kernel_form_packed &&
                         (record->bias_offset != 0 || record->operator == abi_operator_add);
    const bool is_many = record->operator == abi_operator_concatenate && record->parameters[1] > 2;
    const uint32_t requantisation = by_form ? record->requantisation : is_many;
    return ((record->operator * FORMS_MAX + record->form) * REQUANTISATIONS_MAX + requantisation) *
               2u +
           (uint32_t)layer_code_pools(record);
}

/* Draws an image and keeps it, if it is a small one of one layer, which the firmware takes. */
static bool base_draw(uint64_t seed, uint64_t number) {
    draw_begin(seed, number);
    image_draw();
    image_seal();
    base_bytes = header()->total_bytes;
    if (header()->layer_count != 1 || base_bytes > sizeof base ||
        !line_request(abi_command_image_use, NULL, 0)) {
        return false;
    }
    const abi_tensor_t *tensors = (const void *)(board_image() + header()->tensors_offset);
    for (uint32_t i = 0; i < header()->tensor_count; i++) {
        if (tensors[i].bytes > TENSOR_BYTES_EACH) {
            return false;
        }
        draw_values((void *)(uintptr_t)tensors[i].address, tensors[i].bytes);
    }
    const uint64_t run = counts.layers_run;
    memcpy(base, board_image(), base_bytes);
    run_at(0);
    return counts.layers_run != run;
}

/* ---- requests ------------------------------------------------------------------------------ */

static const abi_schedule_header_t begin = {
    .hse_hz = HSE_HZ, .layer_count = 1, .clock_count = 2, .idle_clock = 0};
static const abi_clock_t hse = {.source = abi_clock_source_hse};
static const abi_clock_t pll = {.source = abi_clock_source_pll, .pllm = 25, .plln = 216, .pllp = 2};

/* The request at work: its bytes, and how far a schedule has to be for it. */
static struct {
    uint32_t command;
    uint32_t bytes;
    uint32_t stage;
    uint8_t payload[ABI_FRAME_PAYLOAD_MAX] __attribute__((aligned(4)));
} asked;

static bool ask(void) {
    place_base();
    line_request(abi_command_image_use, NULL, 0);
    if (asked.stage >= 1) {
        line_request(abi_command_schedule_begin, &begin, sizeof begin);
    }
    if (asked.stage >= 2) {
        const abi_clock_t both[] = {hse, pll};
        line_request(abi_command_schedule_clocks, both, sizeof both);
    }
    if (asked.command == abi_command_image_data) {
        const abi_image_begin_t room = {.total_bytes = 4096};
        line_request(abi_command_image_begin, &room, sizeof room);
    }
    if (asked.command == abi_command_profile_read) {
        run_at(0);
    }
    const bool is_taken = line_request(asked.command, asked.payload, asked.bytes);
    if (asked.command == abi_command_schedule_begin && is_taken) {
        const abi_clock_t both[] = {hse, pll}; /* only they need the HSE */
        return line_request(abi_command_schedule_clocks, both, sizeof both);
    }
    if (asked.command == abi_command_schedule_layers && is_taken) {
        const abi_run_request_t request = {.runs = 1};
        line_request(abi_command_schedule_end, NULL, 0);
        line_request(abi_command_run, &request, sizeof request);
    }
    return is_taken;
}

/* All members of a record that lies `offset` bytes into a request, which as it is is taken. */
static void sweep_request(uint32_t command, uint32_t stage, const void *payload, uint32_t bytes,
                          uint32_t offset, const field_t *fields, uint32_t count) {
    asked.command = command;
    asked.stage = stage;
    asked.bytes = bytes;
    memcpy(asked.payload, payload, bytes);
    if (!ask()) {
        board_fail("a request is refused that is right");
    }
    for (uint32_t i = 0; i < count; i++) {
        try_extremes(&fields[i], asked.payload + offset + fields[i].offset, ask);
    }
}

#define REQUEST(command, stage, payload, offset, record)                                           \
    sweep_request(command, stage, &(payload), sizeof(payload), offset, record##_fields,            \
                  FIELD_COUNT(record##_fields))

static abi_frame_header_t frame = {.version = ABI_VERSION, .command = abi_command_hello};

static bool send_frame(void) {
    return line_frame(&frame, NULL, 0);
}

static void sweep_requests(void) {
    const abi_clock_t clocks[] = {hse, pll};
    const abi_layer_plan_t plan = {.granularity = 2, .hfo = 1, .lfo = 0};
    const abi_run_request_t run = {.runs = 1, .window_ticks = 1000};
    const abi_image_begin_t room = {.total_bytes = 1024};
    const struct {
        abi_data_header_t header;
        uint32_t data;
    } data = {.header = {0}};
    const abi_output_read_t read = {.tensor = 2, .length = 1};
    const abi_profile_read_t profile = {.layer_count = 1};
    const abi_clock_probe_t probe = {.hse_hz = HSE_HZ, .a = pll, .b = pll};
    const abi_ina219_request_t sensor = {.address = 0x40};
    abi_current_request_t current = {.activity = abi_activity_layers,
                                     .address = 0x40,
                                     .sample_count = 4,
                                     .layer_count = 1,
                                     .period_ticks = 1000,
                                     .hse_hz = HSE_HZ,
                                     .clock = hse};
    REQUEST(abi_command_schedule_begin, 0, begin, 0, schedule_header);
    REQUEST(abi_command_schedule_clocks, 1, clocks, sizeof hse, clock);
    REQUEST(abi_command_schedule_layers, 2, plan, 0, layer_plan);
    REQUEST(abi_command_run, 0, run, 0, run_request);
    REQUEST(abi_command_image_begin, 0, room, 0, image_begin);
    REQUEST(abi_command_image_data, 0, data, 0, data_header);
    REQUEST(abi_command_input_write, 0, data.header, 0, data_header);
    REQUEST(abi_command_output_read, 0, read, 0, output_read);
    REQUEST(abi_command_profile_read, 0, profile, 0, profile_read);
    REQUEST(abi_command_clock_probe, 0, probe, 0, clock_probe);
    REQUEST(abi_command_ina219_read, 0, sensor, 0, ina219_request);
    REQUEST(abi_command_current_measure, 0, current, 0, current_request);
    current.activity = abi_activity_spin;
    current.clock = pll;
    REQUEST(abi_command_current_measure, 0, current, 0, current_request);
    for (uint32_t i = 0; i < FIELD_COUNT(frame_header_fields); i++) {
        try_extremes(&frame_header_fields[i], (uint8_t *)&frame + frame_header_fields[i].offset,
                     send_frame);
    }
}

/* -------------------------------------------------------------------------------------------- */

static void tell_fields(const field_t *fields, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        printf("member %s: %u refused, %u taken\n", fields[i].name, refused[fields[i].number],
               taken[fields[i].number]);
    }
}

void sweep(uint64_t seed, uint64_t images) {
    static bool is_done[OPERATORS_MAX * FORMS_MAX * REQUANTISATIONS_MAX * 2u];
    bool has_asked = false;
    for (uint64_t number = 0; number < images; number++) {
        if (!base_draw(seed, number)) {
            continue;
        }
        const abi_layer_t record = *layer();
        const uint32_t kind = kind_of(&record);
        if (is_done[kind]) {
            continue;
        }
        is_done[kind] = true;
        sweep_image();
        if (!has_asked && record.operator == abi_operator_depthwise) {
            has_asked = true;
            sweep_requests();
        }
        printf("swept %u %u %u %d\n", record.operator, record.form, record.requantisation,
               layer_code_pools(&record));
    }
    for (uint32_t i = 0; i < FIELD_COUNT(all_fields); i++) {
        tell_fields(all_fields[i].fields, all_fields[i].count);
    }
}
