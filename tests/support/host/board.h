/* The board that a host stands in for: its memories where the board has them, with guards around,
 * and the line to the firmware. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "kernels/context.h"

/* Of layers: operators, kernel forms, forms of requantisation, with pooling or without. */
#define OPERATORS_MAX 32
#define FORMS_MAX 8
#define REQUANTISATIONS_MAX 4

/* What has been done, for the summary. */
typedef struct {
    uint64_t images;
    uint64_t accepted;
    uint64_t layers_run;
    uint64_t layers_too_long; /* accepted, but not run: they would take seconds */
    uint64_t of_kind[OPERATORS_MAX][FORMS_MAX][REQUANTISATIONS_MAX][2]; /* layers run */
    uint64_t in_segments; /* of them, with a granularity above 0 */
    uint64_t requests;
    uint64_t replies;
} board_counts_t;

extern board_counts_t counts;

/* Operations above which a layer is not run. */
extern uint64_t work_limit;

/* Maps the memories; to be called once. */
void board_map(void);

/* The image region: what lies behind the image's last byte is out of bounds. */
uint8_t *board_image(void);
void board_clear_image(void);
void board_bound_image(uint32_t bytes);
void board_open_image(void);

/* Which layer is at work, for the models of its code. */
extern const abi_layer_t *layer_now;
extern const kernel_context_t *context_now;

/* Stops with the sanitizer's report where a byte of the range is out of bounds. */
void touch(const void *from, uint64_t bytes);
void touch_written(void *from, uint64_t bytes);

/* Hands the firmware bytes of the line, or a request as a frame, and lets it answer. The payload
 * of the last reply stays until the next one. */
void line_write(const uint8_t *bytes, uint32_t count);
bool line_request(uint32_t command, const void *payload, uint32_t bytes);
bool line_frame(const abi_frame_header_t *header, const void *payload, uint32_t bytes);
const uint8_t *line_reply(uint32_t *bytes);

/* Where the core would wait for an interrupt. */
void host_wait(void);

/* Ends the program: the stand-in itself is wrong, or the firmware broke a promise. */
_Noreturn void board_fail(const char *what);

#endif
