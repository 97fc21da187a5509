/* Every member of every record that the firmware is given, at its extremes, one at a time. */
#ifndef SWEEP_H
#define SWEEP_H

#include <stdint.h>

/* Tries them on one drawn image of each kind of layer, among so many, and on one request of each
 * kind; prints the kinds, and for each member how often it was refused and how often taken. */
void sweep(uint64_t seed, uint64_t images);

/* The member that is at work; NULL before the first. */
const char *sweep_member(void);

#endif
