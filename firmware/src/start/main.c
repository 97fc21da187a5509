#include "start/main.h"

#include "clocks/clock.h"
#include "clocks/lptim.h"
#include "clocks/stop.h"
#include "commands/commands.h"
#include "core/dwt.h"
#include "link/crc32.h"
#include "link/usart.h"
#include "report/fault.h"
#include "report/identity.h"
#include "run/inference.h"
#include "run/marker.h"
#include "sensor/i2c.h"

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
