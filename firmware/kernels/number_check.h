/* What the numbers of a layer record have to satisfy, so that no arithmetic on them overflows or
 * shifts by more than there is. */
#ifndef NUMBER_CHECK_H
#define NUMBER_CHECK_H

#include "kernels/check.h"

/* Zero points, activation range and the operator's own parameters. */
bool numbers_fit(const check_t *check);

/* The shifts of so many channels, whose blob lies within the image. */
bool shifts_fit(const check_t *check, uint32_t channels);

#endif
