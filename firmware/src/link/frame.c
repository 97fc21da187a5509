#include "link/frame.h"

#include "link/crc32.h"

#define FULL_BLOCK 0xFFu /* a code for 254 bytes that no zero follows */

static void start_over(frame_decoder_t *decoder) {
    decoder->remaining = 0;
    decoder->zero_follows = false;
    decoder->begun = false;
    decoder->overlong = false;
}

void frame_decoder_init(frame_decoder_t *decoder) {
    decoder->length = 0;
    decoder->crc = CRC32_START;
    start_over(decoder);
}

static void take(frame_decoder_t *decoder, uint8_t byte) {
    if (decoder->length == FRAME_BODY_BYTES_MAX) {
        decoder->overlong = true;
        return;
    }
    decoder->body[decoder->length++] = byte;
    decoder->crc = crc32_step(decoder->crc, byte);
}

bool frame_decode(frame_decoder_t *decoder, uint8_t byte) {
    if (byte == 0) {
        const bool intact = decoder->begun && !decoder->overlong && decoder->remaining == 0 &&
                            decoder->length >= sizeof(abi_frame_header_t) + FRAME_CRC_BYTES &&
                            decoder->crc == CRC32_RESIDUE;
        start_over(decoder);
        return intact;
    }
    if (!decoder->begun) {
        decoder->begun = true;
        decoder->length = 0;
        decoder->crc = CRC32_START;
    }
    if (decoder->remaining > 0) {
        decoder->remaining--;
        take(decoder, byte);
        return false;
    }
    if (decoder->zero_follows) {
        take(decoder, 0);
    }
    decoder->remaining = byte - 1u;
    decoder->zero_follows = byte != FULL_BLOCK;
    return false;
}

void frame_encode(const uint8_t *body, uint32_t bytes, void (*send)(uint8_t byte)) {
    uint32_t start = 0;
    for (;;) {
        uint32_t run = 0;
        while (run < FULL_BLOCK - 1u && start + run < bytes && body[start + run] != 0) {
            run++;
        }
        send((uint8_t)(run + 1u));
        for (uint32_t i = 0; i < run; i++) {
            send(body[start + i]);
        }
        start += run;
        if (start == bytes) {
            break;
        }
        if (run < FULL_BLOCK - 1u) {
            start++; /* the zero that the code stands for */
        }
    }
    send(0);
}
