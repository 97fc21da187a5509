#include "images.h"

#include <string.h>

#include "board.h"
#include "draw.h"
#include "fields.h"
#include "layers.h"
#include "link/crc32.h"

#define LAYERS 4u

static abi_image_header_t *header(void) {
    return (void *)board_image();
}

/* A table of the header's, as far as it lies within the region. */
void *image_table(uint32_t offset, uint32_t bytes) {
    return offset % 4u == 0 && offset <= ABI_IMAGE_BYTES_MAX - bytes ? board_image() + offset
                                                                     : NULL;
}

static abi_layer_t *layer_at(uint32_t index) {
    return image_table(header()->layers_offset + index * (uint32_t)sizeof(abi_layer_t),
                       sizeof(abi_layer_t));
}

static abi_tensor_t *tensor_at(uint32_t index) {
    return image_table(header()->tensors_offset + index * (uint32_t)sizeof(abi_tensor_t),
                       sizeof(abi_tensor_t));
}

void image_draw(void) {
    board_clear_image();
    const uint32_t layers = draw_one_in(4) ? draw_between(2, LAYERS) : 1u;
    const uint32_t tensors_offset = sizeof(abi_image_header_t);
    const uint32_t layers_offset = tensors_offset + 3u * layers * (uint32_t)sizeof(abi_tensor_t);
    *header() = (abi_image_header_t){
        .magic = ABI_IMAGE_MAGIC,
        .version = ABI_VERSION,
        .header_bytes = sizeof(abi_image_header_t),
        .layer_count = (uint16_t)layers,
        .tensor_count = (uint16_t)(3u * layers),
        .tensors_offset = tensors_offset,
        .layers_offset = layers_offset,
        .output_count = ABI_OUTPUTS_MAX,
        .output_tensors = {2, 2, 2, 2},
    };
    image_end = layers_offset + layers * (uint32_t)sizeof(abi_layer_t);
    for (uint32_t i = 0; i < layers; i++) {
        layer_draw(layer_at(i), tensor_at(3u * i), 3u * i);
    }
    if (draw_one_in(2000)) {
        image_end = ABI_IMAGE_BYTES_MAX;
    }
    header()->total_bytes = image_end;
}

void image_place(const uint8_t *image, uint32_t bytes) {
    board_clear_image();
    memcpy(board_image(), image, bytes);
}

static void record_damage(void *record, const field_t *fields, uint32_t count) {
    if (record != NULL) {
        draw_member(record, fields, count);
    }
}

void image_damage(void) {
    const uint32_t layer = draw_below(header()->layer_count);
    for (uint32_t times = draw_between(1, 3); times > 0; times--) {
        abi_layer_t *record = layer_at(layer);
        switch (draw_below(8)) {
        case 0:
            record_damage(header(), image_header_fields, FIELD_COUNT(image_header_fields));
            break;
        case 1:
        case 2:
            record_damage(tensor_at(draw_below(header()->tensor_count)), tensor_fields,
                          FIELD_COUNT(tensor_fields));
            break;
        case 3:
            if (record != NULL && record->piece_count != 0) {
                record_damage(image_table(record->pieces_offset, sizeof(abi_piece_t)), piece_fields,
                              FIELD_COUNT(piece_fields));
            }
            break;
        default:
            record_damage(record, layer_fields, FIELD_COUNT(layer_fields));
            break;
        }
    }
}

void image_finish(void) {
    abi_image_header_t *const h = header();
    if (!draw_one_in(16)) { /* else as it is now: only then the checks of the header see it */
        h->magic = ABI_IMAGE_MAGIC;
        h->version = ABI_VERSION;
        h->header_bytes = sizeof *h;
    }
    image_seal();
}

void image_seal(void) {
    abi_image_header_t *const h = header();
    uint32_t bytes = h->total_bytes;
    if (bytes < sizeof *h || bytes > ABI_IMAGE_BYTES_MAX) {
        bytes = sizeof *h;
    }
    if (h->code_bytes != 0 && h->code_bytes <= bytes && h->code_offset <= bytes - h->code_bytes) {
        h->code_crc32 = crc32(board_image() + h->code_offset, h->code_bytes);
    }
    h->crc32 = crc32(board_image() + sizeof *h, bytes - (uint32_t)sizeof *h);
    board_bound_image(bytes);
}
