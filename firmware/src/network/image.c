#include "network/image.h"

#include "core/cache.h"
#include "kernels/layer_check.h"
#include "link/crc32.h"

#define IMAGE ((const uint8_t *)(uintptr_t)ABI_IMAGE_ADDRESS)

static bool ready;

static abi_status_t refuse(abi_error_reply_t *error, abi_status_t status, uint32_t found,
                           uint32_t allowed) {
    error->status = (uint16_t)status;
    error->detail0 = found;
    error->detail1 = allowed;
    return status;
}

/* A table of records within the image, on a word boundary. */
static bool table_fits(uint32_t offset, uint32_t count, uint32_t record_bytes) {
    const uint32_t total = image_header()->total_bytes;
    return offset % 4u == 0 && offset >= sizeof(abi_image_header_t) && offset <= total &&
           count * record_bytes <= total - offset;
}

/* Code lies within the image, from a cache line on; or there is none. */
static bool code_fits(const abi_image_header_t *header) {
    if (header->code_bytes == 0) {
        return header->code_offset == 0;
    }
    return header->code_offset % ABI_CODE_ALIGNMENT == 0 && header->code_offset >= sizeof *header &&
           header->code_offset <= header->total_bytes &&
           header->code_bytes <= header->total_bytes - header->code_offset;
}

static abi_status_t check_header(abi_error_reply_t *error) {
    const abi_image_header_t *header = image_header();
    if (header->magic != ABI_IMAGE_MAGIC) {
        return refuse(error, abi_status_bad_image, header->magic, ABI_IMAGE_MAGIC);
    }
    if (header->version != ABI_VERSION) {
        return refuse(error, abi_status_bad_image, header->version, ABI_VERSION);
    }
    if (header->header_bytes != sizeof *header) {
        return refuse(error, abi_status_bad_image, header->header_bytes, sizeof *header);
    }
    if (header->total_bytes < sizeof *header || header->total_bytes > ABI_IMAGE_BYTES_MAX) {
        return refuse(error, abi_status_bad_image, header->total_bytes, ABI_IMAGE_BYTES_MAX);
    }
    const uint32_t crc = crc32(IMAGE + sizeof *header, header->total_bytes - sizeof *header);
    if (crc != header->crc32) {
        return refuse(error, abi_status_bad_checksum, crc, header->crc32);
    }
    if (!code_fits(header)) {
        return refuse(error, abi_status_bad_image, header->code_offset, header->total_bytes);
    }
    if (header->code_bytes != 0) {
        const uint32_t code = crc32(IMAGE + header->code_offset, header->code_bytes);
        if (code != header->code_crc32) {
            return refuse(error, abi_status_bad_checksum, code, header->code_crc32);
        }
    }
    if (header->layer_count == 0 || header->layer_count > ABI_LAYERS_MAX) {
        return refuse(error, abi_status_bad_image, header->layer_count, ABI_LAYERS_MAX);
    }
    if (header->tensor_count == 0 || header->tensor_count > ABI_TENSORS_MAX) {
        return refuse(error, abi_status_bad_image, header->tensor_count, ABI_TENSORS_MAX);
    }
    if (!table_fits(header->tensors_offset, header->tensor_count, sizeof(abi_tensor_t))) {
        return refuse(error, abi_status_bad_image, header->tensors_offset, header->total_bytes);
    }
    if (!table_fits(header->layers_offset, header->layer_count, sizeof(abi_layer_t))) {
        return refuse(error, abi_status_bad_image, header->layers_offset, header->total_bytes);
    }
    if (header->input_tensor >= header->tensor_count) {
        return refuse(error, abi_status_bad_image, header->input_tensor, header->tensor_count);
    }
    if (header->output_count > ABI_OUTPUTS_MAX) {
        return refuse(error, abi_status_bad_image, header->output_count, ABI_OUTPUTS_MAX);
    }
    for (uint32_t i = 0; i < header->output_count; i++) {
        if (header->output_tensors[i] >= header->tensor_count) {
            return refuse(error, abi_status_bad_image, header->output_tensors[i],
                          header->tensor_count);
        }
    }
    return abi_status_ok;
}

static uint32_t element_bytes(const abi_tensor_t *tensor) {
    return tensor->element == abi_element_int8 || tensor->element == abi_element_uint8 ? 1u : 4u;
}

/* A tensor lies within the tensor region as a whole, or has no memory. */
static abi_status_t check_tensor(const abi_tensor_t *tensor, abi_error_reply_t *error) {
    const uint64_t elements = (uint64_t)tensor->height * tensor->width * tensor->channels;
    if (tensor->element > abi_element_uint8) {
        return refuse(error, abi_status_bad_image, tensor->element, abi_element_uint8);
    }
    if (elements * element_bytes(tensor) > tensor->bytes) {
        return refuse(error, abi_status_bad_image, (uint32_t)elements, tensor->bytes);
    }
    if (tensor->address == 0) {
        return abi_status_ok;
    }
    if (tensor->address < ABI_TENSOR_ADDRESS || tensor->address % 4u != 0 ||
        tensor->bytes > ABI_TENSOR_BYTES ||
        tensor->address - ABI_TENSOR_ADDRESS > ABI_TENSOR_BYTES - tensor->bytes) {
        return refuse(error, abi_status_bad_image, tensor->address,
                      ABI_TENSOR_ADDRESS + ABI_TENSOR_BYTES);
    }
    return abi_status_ok;
}

abi_status_t image_use(abi_error_reply_t *error) {
    ready = false;
    abi_status_t status = check_header(error);
    for (uint32_t i = 0; status == abi_status_ok && i < image_header()->tensor_count; i++) {
        status = check_tensor(&image_tensors()[i], error);
    }
    for (uint32_t i = 0; status == abi_status_ok && i < image_header()->layer_count; i++) {
        status = layer_check(&image_layers()[i], image_header(), image_tensors(), error);
        if (status != abi_status_ok) {
            error->layer = (uint16_t)i;
        }
    }
    ready = status == abi_status_ok;
    if (ready) {
        cache_discard_instructions(); /* the lines of code that another image had there */
    }
    return status;
}

void image_forget(void) {
    ready = false;
}

bool image_ready(void) {
    return ready;
}

/* The header holds a checksum of the rest. */
uint32_t image_id(void) {
    return ready ? crc32(IMAGE, sizeof(abi_image_header_t)) : 0;
}

const uint8_t *image_start(void) {
    return IMAGE;
}

const abi_image_header_t *image_header(void) {
    return (const abi_image_header_t *)(const void *)IMAGE;
}

const abi_tensor_t *image_tensors(void) {
    return (const abi_tensor_t *)(const void *)(IMAGE + image_header()->tensors_offset);
}

const abi_layer_t *image_layers(void) {
    return (const abi_layer_t *)(const void *)(IMAGE + image_header()->layers_offset);
}
