#include "draw.h"

#include <string.h>

static uint64_t state;

static uint64_t next(void) {
    /* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
    uint64_t value = state += 0x9E3779B97F4A7C15u;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

void draw_begin(uint64_t seed, uint64_t number) {
    state = seed * 0xD1342543DE82EF95u + number;
    state = next();
}

uint32_t draw_below(uint32_t limit) {
    return limit == 0 ? 0 : (uint32_t)(next() % limit);
}

bool draw_one_in(uint32_t times) {
    return draw_below(times) == 0;
}

uint32_t draw_between(uint32_t low, uint32_t high) {
    return low + draw_below(high - low + 1u);
}

uint32_t draw_size(uint32_t least, uint32_t most) {
    static const uint32_t edges[] = {15,   31,    63,    127,   128,   152,   192,
                                     217,  255,   256,   257,   1023,  4095,  4096,
                                     8191, 16384, 21845, 32767, 32768, 43690, 65535};
    uint32_t value;
    if (!draw_one_in(5)) {
        value = draw_between(1, 8);
    } else if (draw_one_in(2)) {
        value = draw_below(70);
    } else {
        value = edges[draw_below(sizeof edges / sizeof edges[0])] + draw_below(3) - 1u;
    }
    return value < least ? least : value > most ? most : value;
}

void draw_values(void *target, uint32_t bytes) {
    const uint32_t kind = draw_below(5);
    if (kind == 0 || kind == 1) {
        memset(target, kind == 0 ? INT8_MIN : INT8_MAX, bytes);
        return;
    }
    uint8_t *to = target;
    for (uint32_t done = 0; done < bytes; done += 8u) {
        uint64_t values = next();
        if (kind == 2) { /* each is either limit */
            values = ((values >> 7 & 0x0101010101010101u) * 0xFFu) ^ 0x8080808080808080u;
        }
        const uint32_t left = bytes - done;
        memcpy(to + done, &values, left < 8u ? left : 8u);
    }
}

int32_t draw_number(void) {
    static const int32_t limits[] = {
        0, 1, -1, INT32_MAX, INT32_MAX - 1, INT32_MIN, INT32_MIN + 1, 1 << 30, -(1 << 30)};
    return draw_one_in(2) ? limits[draw_below(sizeof limits / sizeof limits[0])]
                          : (int32_t)(uint32_t)next();
}

void draw_member(void *record, const field_t *fields, uint32_t count) {
    const field_t *field = &fields[draw_below(count)];
    uint8_t *place = (uint8_t *)record + field->offset;
    const uint64_t ones = field->bytes == 8 ? UINT64_MAX : (1ull << 8u * field->bytes) - 1u;
    uint64_t value = 0;
    memcpy(&value, place, field->bytes);
    const uint64_t choices[] = {0,
                                1,
                                2,
                                4,
                                255,
                                ones,
                                ones >> 1,
                                (ones >> 1) + 1u,
                                ones - 1u,
                                value + 1u,
                                value - 1u,
                                value + 4u,
                                value - 4u,
                                2u * value,
                                value / 2u,
                                ~value,
                                value ^ 1ull << draw_below(8u * field->bytes),
                                next(),
                                draw_size(0, 65536)};
    value = choices[draw_below(sizeof choices / sizeof choices[0])];
    memcpy(place, &value, field->bytes);
}
