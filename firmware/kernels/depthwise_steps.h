/* Two neighbouring outputs of a depthwise convolution, by hand, scheduled like matrix_steps.h: each
 * multiplication has a load, a widening or a packing beside it.
 *
 * Words of a row widen to the lanes (b0, b2) and (b1, b3), which are two taps of the first output
 * each and, swapped, two of the second. Lanes across words come from one PKHBT and a multiplication
 * with exchanged lanes (SMLADX).
 *
 * Registers: a, b the sums; e, f, o, u, v values; w, x taps; p the row, s its bytes. */
#ifndef DEPTHWISE_STEPS_H
#define DEPTHWISE_STEPS_H

#include <stdint.h>

typedef struct {
    int32_t a;
    int32_t b;
} pair_t;

/* The taps of a 3x3 kernel, which stay in registers: (w0, w2) of each row, w1 of rows 0 and 1, w1
 * of row 2 with nothing beside it. */
typedef struct {
    uint32_t row0;
    uint32_t row1;
    uint32_t row2;
    uint32_t middle01;
    uint32_t middle2;
} taps_3_t;

/* An instruction a line: */
/* clang-format off */
/* Expects rows 0 and 1 in e and f; `last0` and `last1` issue beside the last multiplications, when
 * f and then e have become free. */
#define FIRST_3_1                                                                                  \
    "ldr %[e], [%[p]]\n\t"                                                                         \
    "ldr %[f], [%[p], %[s]]\n\t"
#define STEPS_3_1(last0, last1)                                                                    \
    "sxtb16 %[o], %[e], ror #8\n\t"                                                                \
    "sxtb16 %[e], %[e]\n\t"                                                                        \
    "smlad %[b], %[o], %[w0], %[b]\n\t"                                                            \
    "smlad %[a], %[e], %[w0], %[a]\n\t"                                                            \
    "smlatb %[b], %[e], %[w3], %[b]\n\t"                                                           \
    "sxtb16 %[e], %[f], ror #8\n\t"                                                                \
    "smlabb %[a], %[o], %[w3], %[a]\n\t"                                                           \
    "ldr %[o], [%[p], %[s], lsl #1]\n\t"                                                           \
    "smlad %[b], %[e], %[w1], %[b]\n\t"                                                            \
    "sxtb16 %[f], %[f]\n\t"                                                                        \
    "smlabt %[a], %[e], %[w3], %[a]\n\t"                                                           \
    "sxtb16 %[e], %[o], ror #8\n\t"                                                                \
    "smlatt %[b], %[f], %[w3], %[b]\n\t"                                                           \
    "sxtb16 %[o], %[o]\n\t"                                                                        \
    "smlad %[a], %[f], %[w1], %[a]\n\t"                                                            \
    last0                                                                                          \
    "smlad %[b], %[e], %[w2], %[b]\n\t"                                                            \
    "smlatb %[b], %[o], %[w4], %[b]\n\t"                                                           \
    "smlabb %[a], %[e], %[w4], %[a]\n\t"                                                           \
    last1                                                                                          \
    "smlad %[a], %[o], %[w2], %[a]\n\t"

/* A row of three of two outputs two apart. Expects its first word in e and its fifth value in f;
 * `middle` is its w1, whose lane the two instructions name. */
#define FIRST_3_2                                                                                  \
    "ldr %[e], [%[p]]\n\t"                                                                         \
    "ldrsb %[f], [%[p], #4]\n\t"
#define ROW_3_2(w, first, second, middle, step, next_e, next_f)                                    \
    "sxtb16 %[o], %[e], ror #8\n\t" step                                                           \
    "sxtb16 %[e], %[e]\n\t" first " %[a], %[o], %[" middle "], %[a]\n\t"                           \
    "pkhbt %[f], %[f], %[e]\n\t"                                                                   \
    "smlad %[a], %[e], %[" w "], %[a]\n\t" next_e                                                  \
    "smladx %[b], %[f], %[" w "], %[b]\n\t" next_f                                                 \
    second " %[b], %[o], %[" middle "], %[b]\n\t"

#define NEXT_ROW "add %[p], %[s]\n\t"
#define NEXT_E "ldr %[e], [%[p]]\n\t"
#define NEXT_F "ldrsb %[f], [%[p], #4]\n\t"

#define STEPS_3_2(last0, last1)                                                                    \
    ROW_3_2("w0", "smlabb", "smlatb", "w3", NEXT_ROW, NEXT_E, NEXT_F)                              \
    ROW_3_2("w1", "smlabt", "smlatt", "w3", NEXT_ROW, NEXT_E, NEXT_F)                              \
    ROW_3_2("w2", "smlabb", "smlatb", "w4", "", last1, last0)

/* clang-format on */

#define DEPTHWISE_3(stride, code)                                                                  \
    static inline void depthwise_steps_3_##stride(pair_t *pair, const int8_t *p, int32_t s,        \
                                                  const taps_3_t *taps) {                          \
        uint32_t e;                                                                                \
        uint32_t f;                                                                                \
        uint32_t o;                                                                                \
        __asm__ volatile(code                                                                      \
                         : [a] "+r"(pair->a), [b] "+r"(pair->b), [p] "+r"(p), [e] "=&r"(e),        \
                           [f] "=&r"(f), [o] "=&r"(o)                                              \
                         : [s] "r"(s), [w0] "r"(taps->row0), [w1] "r"(taps->row1),                 \
                           [w2] "r"(taps->row2), [w3] "r"(taps->middle01), [w4] "r"(taps->middle2) \
                         : "memory");                                                              \
    }

DEPTHWISE_3(1, FIRST_3_1 STEPS_3_1("", ""))
DEPTHWISE_3(2, FIRST_3_2 STEPS_3_2("", ""))

/* What rows of pairs need beside the taps; the code names the places. */
typedef struct {
    int32_t bias;           /* 0 */
    int32_t multiplier;     /* 4 */
    int32_t offset;         /* 8 */
    int32_t shift;          /* 12 */
    int32_t step;           /* 16: bytes from one output to the next */
    int32_t row_advance;    /* 20: from the end of a row of pairs to the next row's beginning */
    int32_t output_advance; /* 24: so, too */
    uint32_t pairs;         /* 28: in a row, times 65536 */
    int32_t rows;           /* 32: counted down */
} run_3_t;

/* An instruction a line: */
/* clang-format off */
/* The saturating form of requantise (requantise.h) for a and b, and their stores, with the first
 * loads of the next pair. Expects the offset in e and the multiplier in f. */
#define SATURATE_TWO(step, next_e, next_f)                                                         \
    "add %[o], %[e], %[b], asr #31\n\t"                                                            \
    step                                                                                           \
    "add %[e], %[e], %[a], asr #31\n\t"                                                            \
    "smmlar %[b], %[b], %[f], %[o]\n\t"                                                            \
    "ldr %[o], [%[k], #12]\n\t"                                                                    \
    "smmlar %[a], %[a], %[f], %[e]\n\t"                                                            \
    "ldr %[f], [%[k], #16]\n\t"                                                                    \
    "subs %[w4], #65536\n\t"                                                                       \
    "asr %[b], %[o]\n\t"                                                                           \
    next_e                                                                                         \
    "asr %[a], %[o]\n\t"                                                                           \
    "ssat %[b], #8, %[b]\n\t"                                                                      \
    "ssat %[a], #8, %[a]\n\t"                                                                      \
    "strb %[b], [%[out], %[f]]\n\t"                                                                \
    "strb %[a], [%[out]]\n\t"                                                                      \
    "ldr %[b], [%[k]]\n\t"                                                                         \
    "add %[out], %[out], %[f], lsl #1\n\t"                                                         \
    "ldr %[a], [%[k]]\n\t"                                                                         \
    next_f

#define LOAD_BIAS                                                                                  \
    "ldr %[a], [%[k]]\n\t"                                                                         \
    "ldr %[b], [%[k]]\n\t"
#define LOAD_MULTIPLIER "ldr %[f], [%[k], #4]\n\t"
#define LOAD_OFFSET "ldr %[e], [%[k], #8]\n\t"

#define NEXT_PAIR_ROW(next_e, next_f)                                                              \
    "ldr %[e], [%[k], #20]\n\t"                                                                    \
    "ldr %[f], [%[k], #24]\n\t"                                                                    \
    "ldr %[o], [%[k], #32]\n\t"                                                                    \
    "add %[p], %[e]\n\t"                                                                           \
    "ldr %[e], [%[k], #28]\n\t"                                                                    \
    "add %[out], %[f]\n\t"                                                                         \
    "subs %[o], #1\n\t" next_f "str %[o], [%[k], #32]\n\t"                                         \
    "add %[w4], %[e]\n\t" next_e "bne 1b\n\t"

/* clang-format on */

/* Rows of pairs, at least one of each and less than 32768 pairs, saturated. All registers are
 * taken: the count of pairs is in the unused upper lane of the last tap. */
#define DEPTHWISE_RUN_3(stride, code, next_row)                                                    \
    static inline void depthwise_run_3_##stride(run_3_t *run, const int8_t *p, int32_t s,          \
                                                const taps_3_t *taps, int8_t *out) {               \
        uint32_t a;                                                                                \
        uint32_t b;                                                                                \
        uint32_t e;                                                                                \
        uint32_t f;                                                                                \
        uint32_t o;                                                                                \
        uint32_t last = (taps->middle2 & 0xFFFFu) | (run->pairs - 0x10000u);                       \
        __asm__ volatile(LOAD_BIAS FIRST_3_##stride "1:\n\t" code "bpl 1b\n\t" next_row            \
                         : [a] "=&r"(a), [b] "=&r"(b), [p] "+r"(p), [out] "+r"(out),               \
                           [w4] "+r"(last), [e] "=&r"(e), [f] "=&r"(f), [o] "=&r"(o)               \
                         : [k] "r"(run), [s] "r"(s), [w0] "r"(taps->row0), [w1] "r"(taps->row1),   \
                           [w2] "r"(taps->row2), [w3] "r"(taps->middle01)                          \
                         : "cc", "memory");                                                        \
    }

#define NEXT_F_3_1 "ldr %[f], [%[p], %[s]]\n\t"

/* An instruction a line: */
/* clang-format off */
DEPTHWISE_RUN_3(1,
                STEPS_3_1(LOAD_MULTIPLIER, LOAD_OFFSET)
                    SATURATE_TWO("add %[p], #2\n\t", NEXT_E, NEXT_F_3_1),
                NEXT_PAIR_ROW(NEXT_E, NEXT_F_3_1))
DEPTHWISE_RUN_3(2,
                STEPS_3_2(LOAD_MULTIPLIER, LOAD_OFFSET) "sub %[p], %[p], %[s], lsl #1\n\t"
                    SATURATE_TWO("add %[p], #4\n\t", NEXT_E, NEXT_F),
                NEXT_PAIR_ROW(NEXT_E, NEXT_F))

/* Rows of 5 and 7 taps: the taps come from memory, (w0, w2), (w1, w3), (w4, w6), (w5, 0), a row of
 * 5 having (w4, 0) last. A row expects its two words in o and u and its first taps in w, and loads
 * those of the next, after the last row in vain. It makes e = (b0, b2), o = (b1, b3), f = (b4, b6),
 * u = (b5, b7) of them, and then lanes across words. */
#define ROW_FIRST                                                                                  \
    "ldr %[o], [%[p]]\n\t"                                                                         \
    "ldr %[u], [%[p], #4]\n\t"                                                                     \
    "ldr %[w], [%[taps]], #4\n\t"

#define ROW_5_1                                                                                    \
    "sxtb16 %[e], %[o]\n\t"                                                                        \
    "add %[p], %[s]\n\t"                                                                           \
    "sxtb16 %[o], %[o], ror #8\n\t"                                                                \
    "smlad %[a], %[e], %[w], %[a]\n\t"                                                             \
    "sxtb16 %[f], %[u]\n\t"                                                                        \
    "smlad %[b], %[o], %[w], %[b]\n\t"                                                             \
    "pkhbt %[e], %[f], %[e]\n\t"                                                                   \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "sxtb16 %[u], %[u], ror #8\n\t"                                                                \
    "ldr %[x], [%[taps]], #4\n\t"                                                                  \
    "smlad %[a], %[o], %[w], %[a]\n\t"                                                             \
    "ldr %[o], [%[p]]\n\t"                                                                         \
    "smladx %[b], %[e], %[w], %[b]\n\t"                                                            \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "smlabb %[a], %[f], %[x], %[a]\n\t"                                                            \
    "smlabb %[b], %[u], %[x], %[b]\n\t"                                                            \
    "ldr %[u], [%[p], #4]\n\t"

#define ROW_5_2                                                                                    \
    "sxtb16 %[e], %[o]\n\t"                                                                        \
    "add %[p], %[s]\n\t"                                                                           \
    "sxtb16 %[o], %[o], ror #8\n\t"                                                                \
    "smlad %[a], %[e], %[w], %[a]\n\t"                                                             \
    "sxtb16 %[f], %[u]\n\t"                                                                        \
    "ldr %[x], [%[taps]], #4\n\t"                                                                  \
    "pkhbt %[e], %[f], %[e]\n\t"                                                                   \
    "smlad %[a], %[o], %[x], %[a]\n\t"                                                             \
    "sxtb16 %[u], %[u], ror #8\n\t"                                                                \
    "smladx %[b], %[e], %[w], %[b]\n\t"                                                            \
    "pkhbt %[o], %[u], %[o]\n\t"                                                                   \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "smladx %[b], %[o], %[x], %[b]\n\t"                                                            \
    "ldr %[o], [%[p]]\n\t"                                                                         \
    "smlabb %[a], %[f], %[w], %[a]\n\t"                                                            \
    "ldr %[u], [%[p], #4]\n\t"                                                                     \
    "smlatb %[b], %[f], %[w], %[b]\n\t"                                                            \
    "ldr %[w], [%[taps]], #4\n\t"

#define ROW_7_1                                                                                    \
    "sxtb16 %[e], %[o]\n\t"                                                                        \
    "add %[p], %[s]\n\t"                                                                           \
    "sxtb16 %[o], %[o], ror #8\n\t"                                                                \
    "smlad %[a], %[e], %[w], %[a]\n\t"                                                             \
    "sxtb16 %[f], %[u]\n\t"                                                                        \
    "smlad %[b], %[o], %[w], %[b]\n\t"                                                             \
    "pkhbt %[e], %[f], %[e]\n\t"                                                                   \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "sxtb16 %[u], %[u], ror #8\n\t"                                                                \
    "ldr %[x], [%[taps]], #4\n\t"                                                                  \
    "smlad %[a], %[o], %[w], %[a]\n\t"                                                             \
    "ldr %[o], [%[p]]\n\t"                                                                         \
    "smladx %[b], %[e], %[w], %[b]\n\t"                                                            \
    "ldr %[e], [%[taps]], #4\n\t"                                                                  \
    "smlad %[a], %[f], %[x], %[a]\n\t"                                                             \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "smlad %[b], %[u], %[x], %[b]\n\t"                                                             \
    "smlabb %[a], %[u], %[e], %[a]\n\t"                                                            \
    "smlatb %[b], %[f], %[e], %[b]\n\t"                                                            \
    "ldr %[u], [%[p], #4]\n\t"

#define ROW_7_2                                                                                    \
    "sxtb16 %[e], %[o]\n\t"                                                                        \
    "ldrsb %[v], [%[p], #8]\n\t"                                                                   \
    "sxtb16 %[o], %[o], ror #8\n\t"                                                                \
    "smlad %[a], %[e], %[w], %[a]\n\t"                                                             \
    "sxtb16 %[f], %[u]\n\t"                                                                        \
    "ldr %[x], [%[taps]], #4\n\t"                                                                  \
    "pkhbt %[e], %[f], %[e]\n\t"                                                                   \
    "smlad %[a], %[o], %[x], %[a]\n\t"                                                             \
    "sxtb16 %[u], %[u], ror #8\n\t"                                                                \
    "smladx %[b], %[e], %[w], %[b]\n\t"                                                            \
    "pkhbt %[o], %[u], %[o]\n\t"                                                                   \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "smladx %[b], %[o], %[x], %[b]\n\t"                                                            \
    "add %[p], %[s]\n\t"                                                                           \
    "ldr %[x], [%[taps]], #4\n\t"                                                                  \
    "smlad %[a], %[f], %[w], %[a]\n\t"                                                             \
    "ldr %[o], [%[p]]\n\t"                                                                         \
    "smlatb %[b], %[f], %[w], %[b]\n\t"                                                            \
    "smlabt %[b], %[v], %[w], %[b]\n\t"                                                            \
    "smlabb %[a], %[u], %[x], %[a]\n\t"                                                            \
    "ldr %[w], [%[taps]], #4\n\t"                                                                  \
    "smlatb %[b], %[u], %[x], %[b]\n\t"                                                            \
    "ldr %[u], [%[p], #4]\n\t"

/* clang-format on */

#define DEPTHWISE_ROWS(size, stride)                                                               \
    static inline void depthwise_steps_##size##_##stride(pair_t *pair, const int8_t *p, int32_t s, \
                                                         const uint32_t *taps) {                   \
        uint32_t e;                                                                                \
        uint32_t f;                                                                                \
        uint32_t o;                                                                                \
        uint32_t u;                                                                                \
        uint32_t v;                                                                                \
        uint32_t w;                                                                                \
        uint32_t x;                                                                                \
        __asm__ volatile(                                                                          \
            ROW_FIRST ".rept " #size "\n\t" ROW_##size##_##stride ".endr\n\t"                      \
            : [a] "+r"(pair->a), [b] "+r"(pair->b), [p] "+r"(p), [taps] "+r"(taps), [e] "=&r"(e),  \
              [f] "=&r"(f), [o] "=&r"(o), [u] "=&r"(u), [v] "=&r"(v), [w] "=&r"(w), [x] "=&r"(x)   \
            : [s] "r"(s)                                                                           \
            : "memory");                                                                           \
    }

DEPTHWISE_ROWS(5, 1)
DEPTHWISE_ROWS(5, 2)
DEPTHWISE_ROWS(7, 1)
DEPTHWISE_ROWS(7, 2)

#endif
