/* The cycle counter of a host: time goes on by a good deal between any two looks, and what the
 * interrupts of the wall clock would do is done. */
#ifndef DWT_H
#define DWT_H

#include <stdint.h>

uint32_t dwt_cycles(void);

#endif
