/* Layers of a drawn image. */
#ifndef LAYERS_H
#define LAYERS_H

#include <stdint.h>

#include "abi.h"

/* Where the image ends so far: each blob is placed there. */
extern uint32_t image_end;

/* A layer and its input, second input and output, which are tensors `first` and those after it. */
void layer_draw(abi_layer_t *layer, abi_tensor_t *tensors, uint32_t first);

/* What the image has at an offset; NULL where that is outside of the region. */
void *image_table(uint32_t offset, uint32_t bytes);

#endif
