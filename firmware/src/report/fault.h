/* A fault is written to RAM that start-up leaves alone, the chip is reset, and the report waits
 * there for the host. */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

#include "abi.h"

/* Lets each kind of fault have its own exception, and division by zero be one. */
void fault_init(void);

bool fault_pending(void);

/* The report, all zero where there is none. */
abi_fault_report_t fault_report(void);

void fault_forget(void);

/* For the vector table: whatever is not meant to happen. */
void Fault_Handler(void);

#endif
