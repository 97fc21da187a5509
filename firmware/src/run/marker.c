#include "run/marker.h"

#define MODE_OUTPUT 1u

void marker_init(void) {
    static const uint32_t pins[] = {ABI_MARKER_PIN_TRIGGER, ABI_MARKER_PIN_SEGMENT0,
                                    ABI_MARKER_PIN_SEGMENT1, ABI_MARKER_PIN_LAYER,
                                    ABI_MARKER_PIN_WINDOW};
    REGISTER(RCC, AHB1ENR) |= RCC_AHB1ENR_GPIOEEN_MSK;
    (void)REGISTER(RCC, AHB1ENR);
    uint32_t mode = REGISTER_OF(GPIOE, GPIO, MODER);
    uint32_t speed = REGISTER_OF(GPIOE, GPIO, OSPEEDR);
    for (uint32_t i = 0; i < sizeof pins / sizeof pins[0]; i++) {
        mode = (mode & ~(3u << 2u * pins[i])) | MODE_OUTPUT << 2u * pins[i];
        speed |= 3u << 2u * pins[i];
    }
    REGISTER_OF(GPIOE, GPIO, OSPEEDR) = speed;
    REGISTER_OF(GPIOE, GPIO, MODER) = mode;
}
