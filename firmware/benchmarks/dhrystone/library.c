/* The little of a C library that Dhrystone calls. String functions go a word at a time, as those of
 * the libraries do with which published figures were made; they read up to three bytes behind a
 * string's end. With BYTEWISE they go a byte at a time, as those of small libraries do. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "benchmark.h"
#include "core/dwt.h"

#define ONES 0x01010101u
#define HIGHS 0x80808080u

/* A macro, because Dhrystone is built without inlining. */
#define HAS_ZERO(word) (((word) - ONES) & ~(word) & HIGHS)

/* The core loads words from any address. */
typedef uint32_t __attribute__((may_alias, aligned(1))) word_t;

static uint32_t runs;
static uint8_t heap[256] __attribute__((aligned(8)));
static size_t heap_used;

int printf(const char *format, ...);
int scanf(const char *format, ...);
long time(long *where);
char *malloc(size_t bytes);
int strcmp(const char *left, const char *right);
char *strcpy(char *target, const char *source);
int dhrystone_main(void);
void benchmark_run(uint32_t repeats, void *data, const void *constants);

int printf(const char *format, ...) {
    (void)format;
    return 0;
}

int scanf(const char *format, ...) {
    va_list list;
    va_start(list, format);
    *va_arg(list, int *) = (int)runs;
    va_end(list);
    return 1;
}

/* In cycles; the host reads Dhrystone's own Begin_Time and End_Time. */
long time(long *where) {
    (void)where;
    return (long)dwt_cycles();
}

char *malloc(size_t bytes) {
    char *const place = (char *)&heap[heap_used];
    heap_used += (bytes + 7u) & ~(size_t)7u;
    return place;
}

#ifdef BYTEWISE

int strcmp(const char *left, const char *right) {
    while (*left && *left == *right) {
        left++;
        right++;
    }
    return (uint8_t)*left - (uint8_t)*right;
}

char *strcpy(char *target, const char *source) {
    char *to = target;
    while ((*to++ = *source++) != 0) {
    }
    return target;
}

#else

int strcmp(const char *left, const char *right) {
    const word_t *a = (const word_t *)(const void *)left;
    const word_t *b = (const word_t *)(const void *)right;
    while (*a == *b) {
        if (HAS_ZERO(*a)) {
            return 0;
        }
        a++;
        b++;
    }
    left = (const char *)a;
    right = (const char *)b;
    while (*left && *left == *right) {
        left++;
        right++;
    }
    return (uint8_t)*left - (uint8_t)*right;
}

char *strcpy(char *target, const char *source) {
    word_t *a = (word_t *)(void *)target;
    const word_t *b = (const word_t *)(const void *)source;
    uint32_t word = *b++;
    while (!HAS_ZERO(word)) {
        *a++ = word;
        word = *b++;
    }
    char *to = (char *)a;
    for (; word & 0xFFu; word >>= 8) {
        *to++ = (char)word;
    }
    *to = 0;
    return target;
}

#endif

void benchmark_run(uint32_t repeats, void *data, const void *constants) {
    (void)data;
    (void)constants;
    runs = repeats;
    dhrystone_main();
}
