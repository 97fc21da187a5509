#include "core/core.h"

_Noreturn void core_reset(void) {
    core_reset_here();
}
