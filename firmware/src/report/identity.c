#include "report/identity.h"

#include "core/mmio.h"
#include "link/crc32.h"
#include "network/image.h"
#include "report/fault.h"
#include "run/inference.h"

extern const uint8_t flash_start[], flash_end[];

static uint16_t reset_cause;
static uint32_t build_id; /* 0: not yet computed */

void identity_init(void) {
    reset_cause = (uint16_t)(REGISTER(RCC, CSR) >> 24);
    REGISTER(RCC, CSR) |= RCC_CSR_RMVF_MSK;
}

abi_hello_reply_t identity(void) {
    if (build_id == 0) {
        build_id = crc32(flash_start, (uint32_t)(flash_end - flash_start));
    }
    return (abi_hello_reply_t){
        .abi_version = ABI_VERSION,
        .reset_cause = reset_cause,
        .device_id = REGISTER(DBGMCU, IDCODE),
        .build_id = build_id,
        .image_bytes_max = ABI_IMAGE_BYTES_MAX,
        .tensor_bytes = ABI_TENSOR_BYTES,
        .scratch_bytes = ABI_SCRATCH_BYTES,
        .frame_payload_max = ABI_FRAME_PAYLOAD_MAX,
        .fault_pending = fault_pending(),
        .image_ready = image_ready(),
        .marker_overhead_cycles = (uint16_t)inference_marker_overhead(),
        .hop_overhead_cycles = (uint16_t)inference_hop_overhead(),
        .image_id = image_id(),
    };
}
