/* Commands that move a network's data: image, input, output. */
#ifndef DATA_COMMANDS_H
#define DATA_COMMANDS_H

#include "link/request.h"

abi_status_t data_image_begin(request_t *request);
abi_status_t data_image_data(request_t *request);
abi_status_t data_image_end(request_t *request);
abi_status_t data_input_write(request_t *request);
abi_status_t data_output_read(request_t *request);

#endif
