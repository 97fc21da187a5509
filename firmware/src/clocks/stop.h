/* Stop mode: every clock but the LSE stands, and LPTIM1 counts that to wake the core in time. */
#ifndef STOP_H
#define STOP_H

#include <stdint.h>

#include "abi.h"

/* Starts the LSE where it does not run, which takes about two seconds, spent asleep. Returns
 * abi_status_clock_timeout where it does not start. */
abi_status_t stop_prepare(void);

/* Switches the LSE off. It would run on through a reset: what runs next draws and lasts the same,
 * whatever ran before. */
void stop_end(void);

/* Stops until shortly before a time; the wall clock goes on as if nothing had been. A time too near
 * to be worth it is left to the caller, who has the rest to wait in any case. The clock has to be
 * what clock_rest makes it, and interrupts disabled. */
void stop_until(uint32_t time);

#endif
