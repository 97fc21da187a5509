#include "clock.h"
#include "commands.h"
#include "crc32.h"
#include "dwt.h"
#include "fault.h"
#include "i2c.h"
#include "identity.h"
#include "inference.h"
#include "lptim.h"
#include "marker.h"
#include "stop.h"
#include "usart.h"

int main(void);

int main(void) {
    crc32_init();
    fault_init();
    identity_init();
    dwt_start();
    clock_init();
    stop_end();
    lptim_init();
    marker_init();
    i2c_init();
    usart_init();
    inference_calibrate();
    commands_serve();
}
