#include "commands/data_commands.h"

#include "core/memory.h"
#include "kernels/sizes.h"
#include "network/flash.h"
#include "network/image.h"
#include "network/schedule.h"

/* Bytes that image_begin has made room for. */
static uint32_t image_room;

abi_status_t data_image_begin(request_t *request) {
    const abi_image_begin_t *begin = (const void *)request->payload;
    if (begin->total_bytes == 0 || begin->total_bytes > ABI_IMAGE_BYTES_MAX) {
        return request_refuse(request, abi_status_bad_argument, begin->total_bytes,
                              ABI_IMAGE_BYTES_MAX);
    }
    image_forget();
    schedule_forget();
    image_room = 0;
    const abi_status_t status = flash_erase(begin->total_bytes);
    if (status == abi_status_ok) {
        image_room = begin->total_bytes;
    }
    return status;
}

abi_status_t data_image_data(request_t *request) {
    const abi_data_header_t *header = (const void *)request->payload;
    const uint32_t bytes = request->bytes - sizeof *header;
    if (image_room == 0) {
        return abi_status_bad_state;
    }
    if (header->offset % 4u != 0 || header->offset > image_room ||
        bytes > image_room - header->offset) {
        return request_refuse(request, abi_status_bad_argument, header->offset, image_room);
    }
    const uint32_t whole = bytes & ~3u;
    const uint8_t *data = request->payload + sizeof *header;
    abi_status_t status = flash_program(header->offset, data, whole / 4u);
    if (status == abi_status_ok && whole != bytes) {
        uint8_t last[4] = {0xFF, 0xFF, 0xFF, 0xFF}; /* as erased */
        memcpy(last, data + whole, bytes - whole);
        status = flash_program(header->offset + whole, last, 1);
    }
    return status;
}

abi_status_t data_image_end(request_t *request) {
    image_room = 0;
    schedule_forget();
    const abi_status_t status = image_use(request->error);
    if (status == abi_status_ok) {
        schedule_default();
    }
    return status;
}

abi_status_t data_input_write(request_t *request) {
    const abi_data_header_t *header = (const void *)request->payload;
    const uint32_t bytes = request->bytes - sizeof *header;
    if (!image_ready()) {
        return abi_status_bad_state;
    }
    const abi_tensor_t *tensor = &image_tensors()[image_header()->input_tensor];
    if (tensor->address == 0 || header->offset > tensor->bytes ||
        bytes > tensor->bytes - header->offset) {
        return request_refuse(request, abi_status_bad_argument, size_sum(header->offset, bytes),
                              tensor->bytes);
    }
    memcpy((void *)(uintptr_t)(tensor->address + header->offset), request->payload + sizeof *header,
           bytes);
    return abi_status_ok;
}

abi_status_t data_output_read(request_t *request) {
    const abi_output_read_t *read = (const void *)request->payload;
    if (!image_ready()) {
        return abi_status_bad_state;
    }
    if (read->tensor >= image_header()->tensor_count) {
        return request_refuse(request, abi_status_bad_argument, read->tensor,
                              image_header()->tensor_count - 1u);
    }
    const abi_tensor_t *tensor = &image_tensors()[read->tensor];
    if (read->length > ABI_FRAME_PAYLOAD_MAX) {
        return request_refuse(request, abi_status_bad_argument, read->length,
                              ABI_FRAME_PAYLOAD_MAX);
    }
    if (tensor->address == 0 || read->offset > tensor->bytes ||
        read->length > tensor->bytes - read->offset) {
        return request_refuse(request, abi_status_bad_argument,
                              size_sum(read->offset, read->length), tensor->bytes);
    }
    memcpy(request->reply, (const void *)(uintptr_t)(tensor->address + read->offset), read->length);
    request->reply_bytes = read->length;
    return abi_status_ok;
}
