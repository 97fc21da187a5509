/* Two rows of weights times a run of pairs of columns, saturated and stored: matrix_steps.h with
 * what comes before and after, by hand, because a compiler has no register left for it. */
#ifndef MATRIX_RUNS_H
#define MATRIX_RUNS_H

#include "kernels/matrix_steps.h"

/* What a run needs beside its pointers; the code names the places. */
typedef struct {
    int32_t bias0;           /* 0 */
    int32_t bias1;           /* 4 */
    int32_t offset0;         /* 8 */
    int32_t multiplier0;     /* 12 */
    int32_t shift0;          /* 16 */
    int32_t offset1;         /* 20 */
    int32_t multiplier1;     /* 24 */
    int32_t shift1;          /* 28 */
    int32_t step;            /* 32: bytes from one column's output to the next */
    const uint32_t *end;     /* 36: of the columns */
    const uint32_t *weights; /* 40 */
    int32_t rounds;          /* 44: of four steps */
    int8_t *output;          /* 48 */
} matrix_run_t;

/* An instruction a line: */
/* clang-format off */
#define RUN_BEGIN                                                                                  \
    "ldr %[a], [%[run]]\n\t"                                                                       \
    "ldr %[b], [%[run]]\n\t"                                                                       \
    "ldr %[c], [%[run], #4]\n\t"                                                                   \
    "ldr %[d], [%[run], #4]\n\t"

/* The saturating form of requantise (requantise.h) for four sums, and their stores; `out` is the
 * register of the output, which `load_out` and `store_out` may bring and take. */
#define RUN_END(out, load_out, store_out)                                                          \
    "ldr %[m], [%[run], #8]\n\t"                                                                   \
    "ldr %[n], [%[run], #12]\n\t"                                                                  \
    "add %[z], %[m], %[a], asr #31\n\t"                                                            \
    "ldr %[k], [%[run], #20]\n\t"                                                                  \
    "add %[m], %[m], %[b], asr #31\n\t"                                                            \
    "smmlar %[a], %[a], %[n], %[z]\n\t"                                                            \
    "add %[z], %[k], %[c], asr #31\n\t"                                                            \
    "smmlar %[b], %[b], %[n], %[m]\n\t"                                                            \
    "ldr %[n], [%[run], #24]\n\t"                                                                  \
    "ldr %[y], [%[run], #16]\n\t"                                                                  \
    "add %[k], %[k], %[d], asr #31\n\t"                                                            \
    "smmlar %[c], %[c], %[n], %[z]\n\t"                                                            \
    "asr %[a], %[y]\n\t"                                                                           \
    "smmlar %[d], %[d], %[n], %[k]\n\t"                                                            \
    "asr %[b], %[y]\n\t"                                                                           \
    "ldr %[y], [%[run], #28]\n\t"                                                                  \
    "ssat %[a], #8, %[a]\n\t"                                                                      \
    "ldr %[n], [%[run], #32]\n\t"                                                                  \
    "ssat %[b], #8, %[b]\n\t" load_out                                                             \
    "asr %[c], %[y]\n\t"                                                                           \
    "strb %[a], [%[" out "]]\n\t"                                                                  \
    "asr %[d], %[y]\n\t"                                                                           \
    "ssat %[c], #8, %[c]\n\t"                                                                      \
    "strb %[b], [%[" out "], %[n]]\n\t"                                                            \
    "ssat %[d], #8, %[d]\n\t"                                                                      \
    "ldr %[m], [%[run], #36]\n\t"                                                                  \
    "strb %[c], [%[" out "], #1]\n\t"                                                              \
    "add %[" out "], %[n]\n\t"                                                                     \
    "strb %[d], [%[" out "], #1]\n\t"                                                              \
    "add %[" out "], %[n]\n\t" store_out                                                           \
    "cmp %[x], %[m]\n\t"                                                                           \
    "bne 1b\n\t"

/* clang-format on */

#define RUN_REGISTERS                                                                              \
    int32_t a;                                                                                     \
    int32_t b;                                                                                     \
    int32_t c;                                                                                     \
    int32_t d;                                                                                     \
    MATRIX_TEMPORARIES

#define RUN_OUTPUTS                                                                                \
    [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [k] "=&r"(k), [l] "=&r"(l),            \
        [m] "=&r"(m), [n] "=&r"(n), [y] "=&r"(y), [z] "=&r"(z)

/* A number of steps that the code knows. */
#define MATRIX_RUN(steps, bytes)                                                                   \
    static inline void matrix_run_##steps(matrix_run_t *run, const uint32_t *x) {                  \
        RUN_REGISTERS;                                                                             \
        int8_t *out = run->output;                                                                 \
        __asm__ volatile("1:\n\t" RUN_BEGIN MATRIX_FIRST MATRIX_STEPS_##steps                      \
                         "add %[x], #" #bytes "\n\t" RUN_END("out", "", "")                        \
                         : RUN_OUTPUTS, [x] "+r"(x), [out] "+r"(out)                               \
                         : [w] "r"(run->weights), [run] "r"(run)                                   \
                         : "cc", "memory");                                                        \
    }

MATRIX_RUN(2, 32)
MATRIX_RUN(4, 64)
MATRIX_RUN(6, 96)
MATRIX_RUN(7, 112)

/* An instruction a line: */
/* clang-format off */
/* Rounds of four steps, then `rest` steps. */
#define MATRIX_LONG_RUN(rest, rest_code)                                                           \
    static inline void matrix_long_run_##rest(matrix_run_t *run, const uint32_t *x) {              \
        RUN_REGISTERS;                                                                             \
        const uint32_t *w;                                                                         \
        int32_t rounds;                                                                            \
        __asm__ volatile("1:\n\t"                                                                  \
                         "ldr %[w], [%[run], #40]\n\t"                                             \
                         "ldr %[rounds], [%[run], #44]\n\t" RUN_BEGIN MATRIX_FIRST "2:\n\t"        \
                         "subs %[rounds], #1\n\t" MATRIX_ROUND "bne 2b\n\t" rest_code              \
                         RUN_END("rounds", "ldr %[rounds], [%[run], #48]\n\t",                     \
                                 "str %[rounds], [%[run], #48]\n\t")                               \
                         : RUN_OUTPUTS, [w] "=&r"(w), [x] "+r"(x), [rounds] "=&r"(rounds)          \
                         : [run] "r"(run)                                                          \
                         : "cc", "memory");                                                        \
    }

/* clang-format on */

/* After the rounds the first words of the rest are loaded already. */
MATRIX_LONG_RUN(0, "")
MATRIX_LONG_RUN(1, MATRIX_STEPS_1 "add %[x], #16\n\t")
MATRIX_LONG_RUN(2, MATRIX_STEPS_2 "add %[x], #32\n\t")
MATRIX_LONG_RUN(3, MATRIX_STEPS_3 "add %[x], #48\n\t")

#endif
