/* What the checks of a layer record share: what is checked, and how a refusal tells what was found
 * and what is allowed. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

#include "abi.h"

typedef struct {
    const abi_layer_t *layer;
    const abi_image_header_t *header;
    const abi_tensor_t *tensors;
    const abi_tensor_t *input;
    const abi_tensor_t *output;
    abi_error_reply_t *error;
} check_t;

static inline bool refuse(const check_t *check, abi_status_t status, uint32_t found,
                          uint32_t allowed) {
    check->error->status = (uint16_t)status;
    check->error->detail0 = found;
    check->error->detail1 = allowed;
    return false;
}

static inline bool equal(const check_t *check, uint32_t found, uint32_t wanted) {
    return found == wanted || refuse(check, abi_status_bad_image, found, wanted);
}

static inline bool at_most(const check_t *check, uint32_t found, uint32_t limit) {
    return found <= limit || refuse(check, abi_status_bad_image, found, limit);
}

static inline bool at_least(const check_t *check, uint32_t found, uint32_t limit) {
    return found >= limit || refuse(check, abi_status_bad_image, found, limit);
}

/* Of signed numbers; details have them in two's complement. */
static inline bool within(const check_t *check, int32_t found, int32_t low, int32_t high) {
    if (found < low) {
        return refuse(check, abi_status_bad_image, (uint32_t)found, (uint32_t)low);
    }
    return found <= high || refuse(check, abi_status_bad_image, (uint32_t)found, (uint32_t)high);
}

/* A blob of the image, whose place has been checked. */
static inline const void *checked_blob(const check_t *check, uint32_t offset) {
    return (const uint8_t *)check->header + offset;
}

#endif
