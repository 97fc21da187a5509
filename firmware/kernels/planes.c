#include "kernels/planes.h"

#include "kernels/simd.h"

static uint32_t fill_word(const planes_t *planes) {
    return (uint8_t)planes->fill * 0x01010101u;
}

void planes_fill(const planes_t *planes) {
    const uint32_t word = fill_word(planes);
    uint32_t *target = (uint32_t *)(void *)planes->data;
    int32_t words = planes->channels * planes->plane_bytes / 4;
    for (; words >= 4; words -= 4) {
        target[0] = word;
        target[1] = word;
        target[2] = word;
        target[3] = word;
        target += 4;
    }
    for (; words > 0; words--) {
        *target++ = word;
    }
}

static void fill_row(const planes_t *planes, int8_t *row, int32_t count) {
    const uint32_t word = fill_word(planes);
    for (int32_t i = 0; i < count; i++) {
        for (int32_t byte = 0; byte < planes->row_bytes; byte += 4) {
            store_word(row + byte, word);
        }
        row += planes->plane_bytes;
    }
}

/* Bytes 0 and 2 of a and b: a0 b0 a2 b2; bytes 1 and 3: a1 b1 a3 b3. */
static inline uint32_t interleave_even(uint32_t a, uint32_t b) {
    return (a & 0x00FF00FFu) | ((b & 0x00FF00FFu) << 8);
}

static inline uint32_t interleave_odd(uint32_t a, uint32_t b) {
    return ((a >> 8) & 0x00FF00FFu) | (b & 0xFF00FF00u);
}

/* A word of each of four pixels becomes a word of each of four planes. */
static inline void store_four(int8_t *target, int32_t plane, uint32_t a, uint32_t b, uint32_t c,
                              uint32_t d) {
    const uint32_t even_ab = interleave_even(a, b);
    const uint32_t even_cd = interleave_even(c, d);
    const uint32_t odd_ab = interleave_odd(a, b);
    const uint32_t odd_cd = interleave_odd(c, d);
    store_word(target, (even_ab & 0xFFFFu) | (even_cd << 16));
    store_word(target + plane, (odd_ab & 0xFFFFu) | (odd_cd << 16));
    store_word(target + 2 * plane, (even_ab >> 16) | (even_cd & 0xFFFF0000u));
    store_word(target + 3 * plane, (odd_ab >> 16) | (odd_cd & 0xFFFF0000u));
}

/* Four channels of a row. After the last pixels follows padding, up to three bytes; where that goes
 * beyond the row, the next row's padding is as wide (a row ends on a word). */
static void gather_four(int8_t *target, int32_t plane, const int8_t *pixel, int32_t step,
                        int32_t columns, uint32_t fill) {
    for (; columns >= 4; columns -= 4) {
        store_four(target, plane, load_word(pixel), load_word(pixel + step),
                   load_word(pixel + 2 * step), load_word(pixel + 3 * step));
        pixel += 4 * step;
        target += 4;
    }
    if (columns > 0) {
        const uint32_t second = columns > 1 ? load_word(pixel + step) : fill;
        const uint32_t third = columns > 2 ? load_word(pixel + 2 * step) : fill;
        store_four(target, plane, load_word(pixel), second, third, fill);
    }
}

static void gather_one(int8_t *target, const int8_t *pixel, int32_t step, int32_t columns) {
    for (; columns >= 4; columns -= 4) {
        const uint32_t a = (uint8_t)pixel[0];
        const uint32_t b = (uint8_t)pixel[step];
        const uint32_t c = (uint8_t)pixel[2 * step];
        const uint32_t d = (uint8_t)pixel[3 * step];
        store_word(target, a | (b << 8) | (c << 16) | (d << 24));
        pixel += 4 * step;
        target += 4;
    }
    for (; columns > 0; columns--) {
        *target++ = *pixel;
        pixel += step;
    }
}

void planes_gather(const planes_t *planes, const map_t *input, int32_t channel, int32_t count,
                   int32_t top, int32_t rows) {
    const int32_t step = input->channels;
    const uint32_t fill = fill_word(planes);
    for (int32_t row = 0; row < rows; row++) {
        const int32_t y = top + row;
        int8_t *target = planes->data + row * planes->row_bytes;
        if (y < 0 || y >= input->height) {
            if (planes->is_band) {
                fill_row(planes, target, count);
            }
            continue;
        }
        const int8_t *source = input->data + y * input->width * step + channel;
        target += planes->left;
        int32_t done = 0;
        for (; done + 4 <= count; done += 4) {
            gather_four(target, planes->plane_bytes, source + done, step, planes->columns, fill);
            target += 4 * planes->plane_bytes;
        }
        for (; done < count; done++) {
            gather_one(target, source + done, step, planes->columns);
            target += planes->plane_bytes;
        }
    }
}
