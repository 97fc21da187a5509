/* A request's payload on its way to a handler, and the reply on its way back. */
#ifndef REQUEST_H
#define REQUEST_H

#include "abi.h"

typedef struct {
    const uint8_t *payload; /* word-aligned */
    uint32_t bytes;
    uint8_t *reply; /* ABI_FRAME_PAYLOAD_MAX bytes, word-aligned */
    uint32_t reply_bytes;
    abi_error_reply_t *error; /* for details; the status is the handler's result */
} request_t;

static inline abi_status_t request_refuse(const request_t *request, abi_status_t status,
                                          uint32_t asked, uint32_t allowed) {
    request->error->detail0 = asked;
    request->error->detail1 = allowed;
    return status;
}

#endif
