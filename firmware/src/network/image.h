/* The data image in flash: tensors, layers and weights of a network. */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>

#include "abi.h"

/* Takes the image in flash, if every table and blob of it lies where it may. */
abi_status_t image_use(abi_error_reply_t *error);

/* Forgets the image: flash is about to change. */
void image_forget(void);

bool image_ready(void);

/* Tells one image from another; 0 where none is ready. */
uint32_t image_id(void);

/* Of a ready image only. */
const uint8_t *image_start(void);
const abi_image_header_t *image_header(void);
const abi_tensor_t *image_tensors(void);
const abi_layer_t *image_layers(void);

#endif
