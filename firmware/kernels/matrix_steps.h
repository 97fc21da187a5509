/* The inner product of two rows of weights with two columns, by hand.
 *
 * A step takes four values of each row and each column: 16 multiplications in 8 SMLAD. The core
 * issues two instructions a cycle but one multiplication, so each SMLAD has a load or a widening of
 * weights beside it, and a step takes 9 cycles; a compiler that spills here, or that puts a result
 * next to its use, loses a third of that. Rows come interleaved by words, columns by pairs of words
 * (matrix.h).
 *
 * Registers: a, b the sums of row 0 and columns 0, 1; c, d those of row 1; k and l hold the words
 * of weights, m and n their even bytes, and from a step to the next the two pairs swap; y, z
 * columns. */
#ifndef MATRIX_STEPS_H
#define MATRIX_STEPS_H

#include <stdint.h>

/* An instruction a line: */
/* clang-format off */
/* What a step does first; `at` is the byte offset of its column words. Leaves the weights' odd
 * bytes in k, l, and m, n free. */
#define MATRIX_EVEN(k, l, m, n, at)                                                                \
    "sxtb16 %[" m "], %[" k "]\n\t"                                                                \
    "ldr %[z], [%[x], #" #at " + 8]\n\t"                                                           \
    "sxtb16 %[" n "], %[" l "]\n\t"                                                                \
    "smlad %[a], %[" m "], %[y], %[a]\n\t"                                                         \
    "sxtb16 %[" k "], %[" k "], ror #8\n\t"                                                        \
    "smlad %[c], %[" n "], %[y], %[c]\n\t"                                                         \
    "ldr %[y], [%[x], #" #at " + 4]\n\t"                                                           \
    "smlad %[b], %[" m "], %[z], %[b]\n\t"                                                         \
    "sxtb16 %[" l "], %[" l "], ror #8\n\t"                                                        \
    "smlad %[d], %[" n "], %[z], %[d]\n\t"                                                         \
    "ldr %[z], [%[x], #" #at " + 12]\n\t"

/* What it does then, with the loads for the next step in between. */
#define MATRIX_ODD(k, l, next0, next1, next2)                                                      \
    "smlad %[a], %[" k "], %[y], %[a]\n\t" next0 "smlad %[c], %[" l "], %[y], %[c]\n\t" next1      \
    "smlad %[b], %[" k "], %[z], %[b]\n\t" next2 "smlad %[d], %[" l "], %[z], %[d]\n\t"

/* A step followed by one whose words lie at offsets `next_w` and `next_x`. */
#define MATRIX_STEP(k, l, m, n, at, next_w, next_x)                                                \
    MATRIX_EVEN(k, l, m, n, at)                                                                    \
    MATRIX_ODD(k, l, "ldr %[" m "], [%[w], #" #next_w "]\n\t",                                     \
               "ldr %[" n "], [%[w], #" #next_w " + 4]\n\t",                                       \
               "ldr %[y], [%[x], #" #next_x "]\n\t")

/* The last step of a round of a loop: the pointers move on to the next round. */
#define MATRIX_STEP_ROUND(k, l, m, n, at, round_w, round_x)                                        \
    MATRIX_EVEN(k, l, m, n, at)                                                                    \
    MATRIX_ODD(k, l, "ldr %[" m "], [%[w], #" #round_w "]!\n\t",                                   \
               "ldr %[" n "], [%[w], #4]\n\t", "ldr %[y], [%[x], #" #round_x "]!\n\t")

#define MATRIX_STEP_LAST(k, l, m, n, at) MATRIX_EVEN(k, l, m, n, at) MATRIX_ODD(k, l, "", "", "")

#define MATRIX_FIRST                                                                               \
    "ldr %[k], [%[w]]\n\t"                                                                         \
    "ldr %[l], [%[w], #4]\n\t"                                                                     \
    "ldr %[y], [%[x]]\n\t"

/* clang-format on */

#define MATRIX_ODD_STEP(at, next_w, next_x) MATRIX_STEP("k", "l", "m", "n", at, next_w, next_x)
#define MATRIX_EVEN_STEP(at, next_w, next_x) MATRIX_STEP("m", "n", "k", "l", at, next_w, next_x)

/* Sums of two rows and two columns. */
typedef struct {
    int32_t a;
    int32_t b;
    int32_t c;
    int32_t d;
} sums_t;

#define MATRIX_TEMPORARIES                                                                         \
    uint32_t k;                                                                                    \
    uint32_t l;                                                                                    \
    uint32_t m;                                                                                    \
    uint32_t n;                                                                                    \
    uint32_t y;                                                                                    \
    uint32_t z

#define MATRIX_OUTPUTS                                                                             \
    [a] "+r"(sums->a), [b] "+r"(sums->b), [c] "+r"(sums->c), [d] "+r"(sums->d), [k] "=&r"(k),      \
        [l] "=&r"(l), [m] "=&r"(m), [n] "=&r"(n), [y] "=&r"(y), [z] "=&r"(z)

/* One to seven steps, after MATRIX_FIRST; the pointers stay. */
#define MATRIX_STEPS_1 MATRIX_STEP_LAST("k", "l", "m", "n", 0)
#define MATRIX_STEPS_2 MATRIX_ODD_STEP(0, 8, 16) MATRIX_STEP_LAST("m", "n", "k", "l", 16)
#define MATRIX_TWO_STEPS MATRIX_ODD_STEP(0, 8, 16) MATRIX_EVEN_STEP(16, 16, 32)
#define MATRIX_STEPS_3 MATRIX_TWO_STEPS MATRIX_STEP_LAST("k", "l", "m", "n", 32)
#define MATRIX_STEPS_4                                                                             \
    MATRIX_TWO_STEPS MATRIX_ODD_STEP(32, 24, 48) MATRIX_STEP_LAST("m", "n", "k", "l", 48)
#define MATRIX_FOUR_STEPS MATRIX_TWO_STEPS MATRIX_ODD_STEP(32, 24, 48) MATRIX_EVEN_STEP(48, 32, 64)
#define MATRIX_STEPS_6                                                                             \
    MATRIX_FOUR_STEPS MATRIX_ODD_STEP(64, 40, 80) MATRIX_STEP_LAST("m", "n", "k", "l", 80)
#define MATRIX_STEPS_7                                                                             \
    MATRIX_FOUR_STEPS MATRIX_ODD_STEP(64, 40, 80) MATRIX_EVEN_STEP(80, 48, 96)                     \
        MATRIX_STEP_LAST("k", "l", "m", "n", 96)

/* Four steps of a loop. Loads, after the last round in vain, the words that follow; leaves the
 * pointers at the first of them. */
#define MATRIX_ROUND                                                                               \
    MATRIX_TWO_STEPS MATRIX_ODD_STEP(32, 24, 48) MATRIX_STEP_ROUND("m", "n", "k", "l", 48, 32, 64)

#define MATRIX_STRAIGHT(steps)                                                                     \
    static inline void matrix_steps_##steps(sums_t *sums, const uint32_t *w, const uint32_t *x) {  \
        MATRIX_TEMPORARIES;                                                                        \
        __asm__ volatile(MATRIX_FIRST MATRIX_STEPS_##steps                                         \
                         : MATRIX_OUTPUTS                                                          \
                         : [w] "r"(w), [x] "r"(x)                                                  \
                         : "memory");                                                              \
    }

MATRIX_STRAIGHT(1)
MATRIX_STRAIGHT(2)
MATRIX_STRAIGHT(3)

/* Four steps a round. */
static inline void matrix_rounds(sums_t *sums, const uint32_t **weights, const uint32_t **columns,
                                 int32_t rounds) {
    MATRIX_TEMPORARIES;
    const uint32_t *w = *weights;
    const uint32_t *x = *columns;
    __asm__ volatile(MATRIX_FIRST "1:\n\t"
                                  "subs %[rounds], #1\n\t" MATRIX_ROUND "bne 1b\n\t"
                     : MATRIX_OUTPUTS, [w] "+r"(w), [x] "+r"(x), [rounds] "+r"(rounds)
                     :
                     : "cc", "memory");
    *weights = w;
    *columns = x;
}

#endif
