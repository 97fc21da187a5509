/* USART3 on PD8 and PD9, the board's virtual COM port: 1 Mbaud from the HSI. */
#ifndef USART_H
#define USART_H

#include <stdint.h>

/* The transmitter; the receiver stays off until somebody is there to read it. */
void usart_init(void);
void usart_listen(void);

/* Both sleep while they wait. Interrupts have to be disabled: the USART's wakes the core only. */
uint8_t usart_receive(void);
void usart_send(uint8_t byte);

/* Waits until the last byte has left. */
void usart_flush(void);

/* Forgets what has come in unread. */
void usart_discard(void);

/* Leaves no interrupt of the USART's pending or to come until the next wait. */
void usart_silence(void);

#endif
