/* Random numbers that love extremes. */
#ifndef DRAW_H
#define DRAW_H

#include <stdbool.h>
#include <stdint.h>

/* Of abi.toml: where the members of a record are; those of all records have numbers. */
typedef struct {
    const char *name;
    uint16_t number;
    uint16_t offset;
    uint16_t bytes;
} field_t;

void draw_begin(uint64_t seed, uint64_t number);

/* Below a limit. */
uint32_t draw_below(uint32_t limit);
bool draw_one_in(uint32_t times);
uint32_t draw_between(uint32_t low, uint32_t high);

/* Small as a rule, else a limit of some type, or one beside it; 0 never where `least` is above. */
uint32_t draw_size(uint32_t least, uint32_t most);

/* Stored values, as extreme as can be: all the least, all the greatest, either, or any. */
void draw_values(void *target, uint32_t bytes);

/* An int32: a limit, or one beside it, or any. */
int32_t draw_number(void);

/* Gives some member of a record another value. */
void draw_member(void *record, const field_t *fields, uint32_t count);

#endif
