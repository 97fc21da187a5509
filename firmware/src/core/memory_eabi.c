/* memcpy and its kin under the names that the Run-time ABI for the Arm architecture (IHI 0043,
 * "Memory copying, clearing, and setting") gives compilers to call; the digit is an alignment that
 * the caller grants. Freestanding code is not searched for calls of memcpy, so these do not call
 * themselves. */
#include "core/memory.h"

#define COPY(name, function)                                                                       \
    void name(void *target, const void *source, size_t bytes);                                     \
    void name(void *target, const void *source, size_t bytes) {                                    \
        (void)function(target, source, bytes);                                                     \
    }

#define SET(name)                                                                                  \
    void name(void *target, size_t bytes, int value);                                              \
    void name(void *target, size_t bytes, int value) {                                             \
        (void)memset(target, value, bytes);                                                        \
    }

#define CLEAR(name)                                                                                \
    void name(void *target, size_t bytes);                                                         \
    void name(void *target, size_t bytes) {                                                        \
        (void)memset(target, 0, bytes);                                                            \
    }

COPY(__aeabi_memcpy, memcpy)
COPY(__aeabi_memcpy4, memcpy)
COPY(__aeabi_memcpy8, memcpy)
COPY(__aeabi_memmove, memmove)
COPY(__aeabi_memmove4, memmove)
COPY(__aeabi_memmove8, memmove)
SET(__aeabi_memset)
SET(__aeabi_memset4)
SET(__aeabi_memset8)
CLEAR(__aeabi_memclr)
CLEAR(__aeabi_memclr4)
CLEAR(__aeabi_memclr8)
