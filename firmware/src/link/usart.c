#include "link/usart.h"

#include "abi.h"
#include "datasheet.h"
#include "core/core.h"

#define ALTERNATE_USART3 7u /* DS11532 Rev 7, table 13: PD8, PD9 */
#define MODE_ALTERNATE 2u

#define SENDING (USART_CR1_UE_MSK | USART_CR1_TE_MSK)
#define ERROR_FLAGS (USART_ISR_PE_MSK | USART_ISR_FE_MSK | USART_ISR_NE_MSK | USART_ISR_ORE_MSK)

#define ERROR_FLAGS_CLEARED                                                                        \
    (USART_ICR_PECF_MSK | USART_ICR_FECF_MSK | USART_ICR_NCF_MSK | USART_ICR_ORECF_MSK)

void usart_init(void) {
    REGISTER(RCC, AHB1ENR) |= RCC_AHB1ENR_GPIODEN_MSK;
    REGISTER(RCC, APB1ENR) |= RCC_APB1ENR_USART3EN_MSK;
    (void)REGISTER(RCC, APB1ENR);

    /* The pull-up keeps the line idle where nothing is connected. */
    REGISTER_OF(GPIOD, GPIO, PUPDR) |= 1u << GPIO_PUPDR_PUPDR9_POS;
    REGISTER_OF(GPIOD, GPIO, AFRH) =
        (REGISTER_OF(GPIOD, GPIO, AFRH) & ~(GPIO_AFRH_AFR8_MSK | GPIO_AFRH_AFR9_MSK)) |
        ALTERNATE_USART3 << GPIO_AFRH_AFR8_POS | ALTERNATE_USART3 << GPIO_AFRH_AFR9_POS;
    REGISTER_OF(GPIOD, GPIO, MODER) =
        (REGISTER_OF(GPIOD, GPIO, MODER) & ~(GPIO_MODER_MODER8_MSK | GPIO_MODER_MODER9_MSK)) |
        MODE_ALTERNATE << GPIO_MODER_MODER8_POS | MODE_ALTERNATE << GPIO_MODER_MODER9_POS;

    /* 16 samples a bit: the divider is the ratio of the clocks. */
    REGISTER_OF(USART3, USART, BRR) = DATASHEET_HSI_HZ / ABI_UART_BAUD;
    REGISTER_OF(USART3, USART, CR1) = SENDING;
    nvic_enable(USART3_IRQ);
}

static uint32_t direction_enables = SENDING;
static uint32_t interrupt_enables;

/* Sleeps until a flag is up, and returns the status that has it. The pending bit has to be cleared
 * by hand, since the interrupt is never taken; looking at the flag once more after that leaves no
 * gap to sleep through. */
static uint32_t await(uint32_t flag, uint32_t interrupt_enable) {
    if (interrupt_enables != interrupt_enable) {
        interrupt_enables = interrupt_enable;
        REGISTER_OF(USART3, USART, CR1) = direction_enables | interrupt_enable;
    }
    for (;;) {
        uint32_t status = REGISTER_OF(USART3, USART, ISR);
        if (status & flag) {
            return status;
        }
        nvic_clear_pending(USART3_IRQ);
        status = REGISTER_OF(USART3, USART, ISR);
        if (status & flag) {
            return status;
        }
        wait_for_interrupt();
    }
}

void usart_listen(void) {
    direction_enables |= USART_CR1_RE_MSK;
    REGISTER_OF(USART3, USART, CR1) = direction_enables | interrupt_enables;
}

uint8_t usart_receive(void) {
    const uint32_t status = await(USART_ISR_RXNE_MSK, USART_CR1_RXNEIE_MSK);
    if (status & ERROR_FLAGS) {
        /* A damaged or lost byte damages its frame, and the frame's checksum tells. */
        REGISTER_OF(USART3, USART, ICR) = ERROR_FLAGS_CLEARED;
    }
    return (uint8_t)REGISTER_OF(USART3, USART, RDR);
}

void usart_send(uint8_t byte) {
    await(USART_ISR_TXE_MSK, USART_CR1_TXEIE_MSK);
    REGISTER_OF(USART3, USART, TDR) = byte;
}

void usart_flush(void) {
    await(USART_ISR_TC_MSK, USART_CR1_TCIE_MSK);
}

void usart_discard(void) {
    REGISTER_OF(USART3, USART, RQR) = USART_RQR_RXFRQ_MSK;
    REGISTER_OF(USART3, USART, ICR) = ERROR_FLAGS_CLEARED;
}

void usart_silence(void) {
    interrupt_enables = 0;
    REGISTER_OF(USART3, USART, CR1) = direction_enables;
    data_barrier();
    nvic_clear_pending(USART3_IRQ);
}
