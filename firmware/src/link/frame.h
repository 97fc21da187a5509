/* Frames on the serial line: COBS(header | payload | crc32 of both), then a zero byte.
 *
 * COBS (Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2), 1999) keeps zeros out of a
 * frame, so that after any garbage the next zero is the end of something. A frame is decoded and
 * summed while its bytes come in: there is nothing left to do at its end that could make the
 * receiver miss the first byte of the next. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"

#define FRAME_CRC_BYTES 4u
#define FRAME_BODY_BYTES_MAX (sizeof(abi_frame_header_t) + ABI_FRAME_PAYLOAD_MAX + FRAME_CRC_BYTES)

typedef struct {
    uint8_t body[FRAME_BODY_BYTES_MAX] __attribute__((aligned(4)));
    uint32_t length;    /* decoded bytes so far */
    uint32_t crc;       /* over them */
    uint32_t remaining; /* bytes until the next code byte */
    bool zero_follows;  /* the block at hand ends in a zero, if another block follows */
    bool begun;         /* a byte has come since the last zero */
    bool overlong;
} frame_decoder_t;

void frame_decoder_init(frame_decoder_t *decoder);

/* Takes a byte; true where it ends an intact frame. The frame stays until the next byte. */
bool frame_decode(frame_decoder_t *decoder, uint8_t byte);

static inline const abi_frame_header_t *frame_header(const frame_decoder_t *decoder) {
    return (const abi_frame_header_t *)(const void *)decoder->body;
}

static inline const uint8_t *frame_payload(const frame_decoder_t *decoder) {
    return decoder->body + sizeof(abi_frame_header_t);
}

static inline uint32_t frame_payload_bytes(const frame_decoder_t *decoder) {
    return decoder->length - sizeof(abi_frame_header_t) - FRAME_CRC_BYTES;
}

/* Encodes a body (header | payload | crc) and hands the bytes on, the final zero too. */
void frame_encode(const uint8_t *body, uint32_t bytes, void (*send)(uint8_t byte));

#endif
