/* Handlers that the vector table names. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

void Reset_Handler(void);
void Fault_Handler(void);
void LPTIM1_Handler(void);

#endif
