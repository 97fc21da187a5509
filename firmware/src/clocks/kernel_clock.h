/* Codes in the kernel clock multiplexers of RCC_DCKCFGR2: what counts, times bits or samples for a
 * peripheral. */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

#define KERNEL_CLOCK_HSI 2u
#define KERNEL_CLOCK_LSE 3u /* USART3 and LPTIM1 have it */

#endif
