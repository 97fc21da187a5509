/* What a layer record of an image has to satisfy before a kernel may trust it. */
#ifndef LAYER_CHECK_H
#define LAYER_CHECK_H

#include "abi.h"

/* Refuses a layer whose tensors, shapes or blobs would make its kernel read or write outside of
 * them: abi_status_bad_image, abi_status_unsupported or abi_status_buffer_too_small, with what was
 * found and what is allowed in `error`. The tensors themselves have been checked. */
abi_status_t layer_check(const abi_layer_t *layer, const abi_image_header_t *header,
                         const abi_tensor_t *tensors, abi_error_reply_t *error);

#endif
