/* What of the firmware drives hardware, done without: clocks that are always ready, flash that is
 * memory, a serial line that is an array. */
#include <setjmp.h>
#include <stddef.h>
#include <string.h>

#include "board.h"
#include "clocks/clock.h"
#include "clocks/lptim.h"
#include "commands/commands.h"
#include "core/cache.h"
#include "core/core.h"
#include "core/dwt.h"
#include "link/crc32.h"
#include "link/frame.h"
#include "link/usart.h"
#include "network/flash.h"
#include "report/fault.h"
#include "report/identity.h"
#include "run/idle.h"
#include "sensor/i2c.h"
#include "sensor/ina219.h"

/* Ticks between two looks at the cycle counter. */
#define TICKS_A_LOOK 5000000u
#define FLASH_SECTOR_BYTES 0x40000u
#define LINE_BYTES 16384u
/* Every so many requests one comes twice, as if its reply had been lost. */
#define SENT_AGAIN 64u

void (*volatile lptim_on_interrupt)(void);
volatile uint32_t lptim_base;
uint32_t lptim_phase;
uint32_t lptim_read_window;

uint32_t dwt_cycles(void) {
    static uint32_t cycles;
    lptim_base += TICKS_A_LOOK;
    host_wait();
    return cycles += 1000u;
}

void host_wait(void) {
    if (lptim_on_interrupt != NULL) {
        lptim_on_interrupt();
    }
}

void lptim_extend(void) {
}

void lptim_rest(void) {
}

uint32_t lptim_window(uint32_t hclk_hz) {
    return hclk_hz >> 20;
}

uint32_t lptim_read_again(uint32_t earlier) {
    return earlier;
}

void cache_discard(uint32_t address, uint32_t bytes) {
    (void)address;
    (void)bytes;
}

void cache_discard_instructions(void) {
}

abi_status_t clock_apply(clock_plan_t *plan) {
    plan->epoch++;
    return abi_status_ok;
}

abi_status_t clock_stop_pll(void) {
    return abi_status_ok;
}

uint32_t clock_missing(void) {
    return 0;
}

clock_counts_t clock_counts(void) {
    return (clock_counts_t){0};
}

abi_status_t idle_begin(abi_idle_mode_t mode, abi_error_reply_t *error) {
    (void)mode;
    (void)error;
    return abi_status_ok;
}

abi_status_t idle_enter(abi_idle_mode_t mode, abi_error_reply_t *error) {
    return idle_begin(mode, error);
}

void idle_until(abi_idle_mode_t mode, uint32_t time) {
    (void)mode;
    (void)time;
}

void idle_end(abi_idle_mode_t mode) {
    (void)mode;
}

bool ina219_start(uint32_t address, uint16_t configuration) {
    (void)configuration;
    return address % 2u == 0;
}

bool ina219_shunt_voltage(uint32_t address, int16_t *value) {
    *value = (int16_t)address;
    return true;
}

abi_status_t ina219_read(const abi_ina219_request_t *request, abi_ina219_reply_t *reply) {
    *reply = (abi_ina219_reply_t){.configuration = request->configuration};
    return abi_status_ok;
}

uint32_t i2c_levels(void) {
    return 0;
}

abi_hello_reply_t identity(void) {
    return (abi_hello_reply_t){.abi_version = ABI_VERSION};
}

bool fault_pending(void) {
    return false;
}

abi_fault_report_t fault_report(void) {
    return (abi_fault_report_t){0};
}

void fault_forget(void) {
}

/* ---- flash --------------------------------------------------------------------------------- */

abi_status_t flash_erase(uint32_t bytes) {
    const uint32_t sectors = (bytes + FLASH_SECTOR_BYTES - 1u) / FLASH_SECTOR_BYTES;
    if (sectors * FLASH_SECTOR_BYTES > ABI_IMAGE_BYTES_MAX) {
        board_fail("more than the image's sectors would be erased");
    }
    board_open_image();
    return abi_status_ok;
}

abi_status_t flash_program(uint32_t offset, const uint8_t *data, uint32_t words) {
    memcpy(board_image() + offset, data, 4u * words);
    return abi_status_ok;
}

/* ---- the line ------------------------------------------------------------------------------ */

static jmp_buf line_empty;
static const uint8_t *incoming;
static uint32_t incoming_left;
static frame_decoder_t outgoing;
static uint8_t reply[ABI_FRAME_PAYLOAD_MAX];
static uint32_t reply_bytes;
static bool reply_is_error;

void core_reset(void) {
    longjmp(line_empty, 1);
}

uint8_t usart_receive(void) {
    if (incoming_left == 0) {
        longjmp(line_empty, 1);
    }
    incoming_left--;
    return *incoming++;
}

void usart_send(uint8_t byte) {
    if (!frame_decode(&outgoing, byte)) {
        return;
    }
    reply_bytes = frame_payload_bytes(&outgoing);
    reply_is_error = frame_header(&outgoing)->command == abi_command_error;
    memcpy(reply, frame_payload(&outgoing), reply_bytes);
    counts.replies++;
}

void usart_listen(void) {
}

void usart_flush(void) {
}

void usart_discard(void) {
}

void usart_silence(void) {
}

void line_write(const uint8_t *bytes, uint32_t count) {
    incoming = bytes;
    incoming_left = count;
    reply_bytes = 0;
    reply_is_error = true;
    frame_decoder_init(&outgoing);
    if (setjmp(line_empty) == 0) {
        commands_serve();
    }
}

static uint8_t line[LINE_BYTES];
static uint32_t line_count;

static void put(uint8_t byte) {
    line[line_count++] = byte;
}

bool line_frame(const abi_frame_header_t *header, const void *payload, uint32_t bytes) {
    uint8_t body[FRAME_BODY_BYTES_MAX] __attribute__((aligned(4)));
    memcpy(body, header, sizeof *header);
    if (bytes != 0) {
        memcpy(body + sizeof *header, payload, bytes);
    }
    const uint32_t crc = crc32(body, sizeof *header + bytes);
    memcpy(body + sizeof *header + bytes, &crc, sizeof crc);
    line_count = 0;
    frame_encode(body, sizeof *header + bytes + (uint32_t)sizeof crc, put);
    if (header->sequence % SENT_AGAIN == 0) {
        frame_encode(body, sizeof *header + bytes + (uint32_t)sizeof crc, put);
    }
    counts.requests++;
    line_write(line, line_count);
    return !reply_is_error;
}

bool line_request(uint32_t command, const void *payload, uint32_t bytes) {
    static uint16_t sequence;
    const abi_frame_header_t header = {
        .version = ABI_VERSION, .command = (uint8_t)command, .sequence = ++sequence};
    return line_frame(&header, payload, bytes);
}

const uint8_t *line_reply(uint32_t *bytes) {
    *bytes = reply_bytes;
    return reply;
}
