/* Two neighbouring outputs of a depthwise convolution, by hand, scheduled like matrix_steps.h: each
 * multiplication has a load, a widening or a packing beside it.
 *
 * Words of a row widen to the lanes (b0, b2) and (b1, b3), which are two taps of the first output
 * each and, swapped, two of the second. Lanes across words come from one PKHBT and a multiplication
 * with exchanged lanes (SMLADX).
 *
 * Registers: a, b the sums; e, f, o, t, u, v widened values; p the row, s its bytes. */
#ifndef DEPTHWISE_STEPS_H
#define DEPTHWISE_STEPS_H

#include <stdint.h>

typedef struct {
    int32_t a;
    int32_t b;
} pair_t;

/* The taps of a 3x3 kernel, which stay in registers: (w0, w2) of each row, w1 of rows 0 and 1, w1 of
 * row 2. */
typedef struct {
    uint32_t row0;
    uint32_t row1;
    uint32_t row2;
    uint32_t middle01;
    uint32_t middle2;
} taps_3_t;

#define TAPS_3                                                                                     \
    [w0] "r"(taps->row0), [w1] "r"(taps->row1), [w2] "r"(taps->row2), [w3] "r"(taps->middle01),    \
        [w4] "r"(taps->middle2)

static inline void depthwise_steps_3_1(pair_t *pair, const int8_t *p, int32_t s,
                                       const taps_3_t *taps) {
    uint32_t e;
    uint32_t f;
    uint32_t o;
    __asm__ volatile("ldr %[e], [%[p]]\n\t"
                     "ldr %[f], [%[p], %[s]]\n\t"
                     "sxtb16 %[o], %[e], ror #8\n\t"
                     "sxtb16 %[e], %[e]\n\t"
                     "smlad %[b], %[o], %[w0], %[b]\n\t"
                     "smlad %[a], %[e], %[w0], %[a]\n\t"
                     "smlatb %[b], %[e], %[w3], %[b]\n\t"
                     "sxtb16 %[e], %[f], ror #8\n\t"
                     "smlabb %[a], %[o], %[w3], %[a]\n\t"
                     "ldr %[o], [%[p], %[s], lsl #1]\n\t"
                     "smlad %[b], %[e], %[w1], %[b]\n\t"
                     "sxtb16 %[f], %[f]\n\t"
                     "smlabt %[a], %[e], %[w3], %[a]\n\t"
                     "sxtb16 %[e], %[o], ror #8\n\t"
                     "smlatt %[b], %[f], %[w3], %[b]\n\t"
                     "sxtb16 %[o], %[o]\n\t"
                     "smlad %[a], %[f], %[w1], %[a]\n\t"
                     "smlad %[b], %[e], %[w2], %[b]\n\t"
                     "smlabb %[a], %[e], %[w4], %[a]\n\t"
                     "smlatb %[b], %[o], %[w4], %[b]\n\t"
                     "smlad %[a], %[o], %[w2], %[a]\n\t"
                     : [a] "+r"(pair->a), [b] "+r"(pair->b), [e] "=&r"(e), [f] "=&r"(f),
                       [o] "=&r"(o)
                     : [p] "r"(p), [s] "r"(s), TAPS_3
                     : "memory");
}

#define STEP_3_2(w, middle_a, middle_b, step)                                                      \
    "ldr %[e], [%[p]]\n\t"                                                                         \
    "ldrsb %[t], [%[p], #4]\n\t" step                                                              \
    "sxtb16 %[o], %[e], ror #8\n\t"                                                                \
    "sxtb16 %[e], %[e]\n\t" middle_a " %[a], %[o], %[w" middle_b "], %[a]\n\t"                     \
    "pkhbt %[t], %[t], %[e]\n\t"                                                                   \
    "smlad %[a], %[e], %[w" w "], %[a]\n\t"                                                        \
    "smladx %[b], %[t], %[w" w "], %[b]\n\t"

static inline void depthwise_steps_3_2(pair_t *pair, const int8_t *p, int32_t s,
                                       const taps_3_t *taps) {
    uint32_t e;
    uint32_t o;
    uint32_t t;
    __asm__ volatile(
        STEP_3_2("0", "smlabb", "3", "add %[p], %[s]\n\t") "smlatb %[b], %[o], %[w3], %[b]\n\t"
        STEP_3_2("1", "smlabt", "3", "add %[p], %[s]\n\t") "smlatt %[b], %[o], %[w3], %[b]\n\t"
        STEP_3_2("2", "smlabb", "4", "") "smlatb %[b], %[o], %[w4], %[b]\n\t"
        : [a] "+r"(pair->a), [b] "+r"(pair->b), [e] "=&r"(e), [o] "=&r"(o), [t] "=&r"(t),
          [p] "+r"(p)
        : [s] "r"(s), TAPS_3
        : "memory");
}

/* Rows of 5 and 7 taps: the taps come from memory, (w0, w2), (w1, w3), (w4, w6), (w5, 0), a row of 5
 * having (w4, 0) last. A row's first loads, and e = (b0, b2), o = (b1, b3), f = (b4, b6). */
#define ROW_FIRST                                                                                  \
    "ldr %[o], [%[p]]\n\t"                                                                         \
    "ldr %[u], [%[p], #4]\n\t"                                                                     \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "sxtb16 %[e], %[o]\n\t"                                                                        \
    "sxtb16 %[o], %[o], ror #8\n\t"                                                                \
    "smlad %[a], %[e], %[w], %[a]\n\t"                                                             \
    "sxtb16 %[f], %[u]\n\t"

#define ROW_5_1                                                                                    \
    ROW_FIRST                                                                                      \
    "smlad %[b], %[o], %[w], %[b]\n\t"                                                             \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "pkhbt %[e], %[f], %[e]\n\t"                                                                   \
    "smlad %[a], %[o], %[w], %[a]\n\t"                                                             \
    "sxtb16 %[u], %[u], ror #8\n\t"                                                                \
    "smladx %[b], %[e], %[w], %[b]\n\t"                                                            \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "add %[p], %[s]\n\t"                                                                           \
    "smlabb %[a], %[f], %[w], %[a]\n\t"                                                            \
    "smlabb %[b], %[u], %[w], %[b]\n\t"

#define ROW_5_2                                                                                    \
    ROW_FIRST                                                                                      \
    "pkhbt %[e], %[f], %[e]\n\t"                                                                   \
    "smladx %[b], %[e], %[w], %[b]\n\t"                                                            \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "sxtb16 %[u], %[u], ror #8\n\t"                                                                \
    "smlad %[a], %[o], %[w], %[a]\n\t"                                                             \
    "pkhbt %[o], %[u], %[o]\n\t"                                                                   \
    "smladx %[b], %[o], %[w], %[b]\n\t"                                                            \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "add %[p], %[s]\n\t"                                                                           \
    "smlabb %[a], %[f], %[w], %[a]\n\t"                                                            \
    "smlatb %[b], %[f], %[w], %[b]\n\t"

#define ROW_7_1                                                                                    \
    ROW_FIRST                                                                                      \
    "smlad %[b], %[o], %[w], %[b]\n\t"                                                             \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "pkhbt %[e], %[f], %[e]\n\t"                                                                   \
    "smlad %[a], %[o], %[w], %[a]\n\t"                                                             \
    "sxtb16 %[u], %[u], ror #8\n\t"                                                                \
    "smladx %[b], %[e], %[w], %[b]\n\t"                                                            \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "ldr %[e], [%[taps]], #4\n\t"                                                                  \
    "smlad %[a], %[f], %[w], %[a]\n\t"                                                             \
    "smlad %[b], %[u], %[w], %[b]\n\t"                                                             \
    "add %[p], %[s]\n\t"                                                                           \
    "smlabb %[a], %[u], %[e], %[a]\n\t"                                                            \
    "smlatb %[b], %[f], %[e], %[b]\n\t"

#define ROW_7_2                                                                                    \
    ROW_FIRST                                                                                      \
    "pkhbt %[e], %[f], %[e]\n\t"                                                                   \
    "smladx %[b], %[e], %[w], %[b]\n\t"                                                            \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "sxtb16 %[u], %[u], ror #8\n\t"                                                                \
    "smlad %[a], %[o], %[w], %[a]\n\t"                                                             \
    "pkhbt %[o], %[u], %[o]\n\t"                                                                   \
    "smladx %[b], %[o], %[w], %[b]\n\t"                                                            \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "ldrsb %[o], [%[p], #8]\n\t"                                                                   \
    "smlad %[a], %[f], %[w], %[a]\n\t"                                                             \
    "ldr %[e], [%[taps]], #4\n\t"                                                                  \
    "smlatb %[b], %[f], %[w], %[b]\n\t"                                                            \
    "add %[p], %[s]\n\t"                                                                           \
    "smlabb %[a], %[u], %[e], %[a]\n\t"                                                            \
    "smlabt %[b], %[o], %[w], %[b]\n\t"                                                            \
    "smlatb %[b], %[u], %[e], %[b]\n\t"

#define DEPTHWISE_ROWS(size, stride)                                                               \
    static inline void depthwise_steps_##size##_##stride(pair_t *pair, const int8_t *p,            \
                                                         int32_t s, const uint32_t *taps) {        \
        uint32_t e;                                                                                \
        uint32_t f;                                                                                \
        uint32_t o;                                                                                \
        uint32_t u;                                                                                \
        uint32_t w;                                                                                \
        __asm__ volatile(".rept " #size "\n\t" ROW_##size##_##stride ".endr\n\t"                   \
                         : [a] "+r"(pair->a), [b] "+r"(pair->b), [p] "+r"(p), [taps] "+r"(taps),   \
                           [e] "=&r"(e), [f] "=&r"(f), [o] "=&r"(o), [u] "=&r"(u), [w] "=&r"(w)    \
                         : [s] "r"(s)                                                              \
                         : "memory");                                                              \
    }

DEPTHWISE_ROWS(5, 1)
DEPTHWISE_ROWS(5, 2)
DEPTHWISE_ROWS(7, 1)
DEPTHWISE_ROWS(7, 2)

#endif
