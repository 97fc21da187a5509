/* The supply current over a stretch of time, by the INA219, while the chip is kept at something. */
#ifndef CURRENT_H
#define CURRENT_H

#include "link/request.h"

abi_status_t current_measure(request_t *request);

#endif
