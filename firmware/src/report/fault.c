#include "report/fault.h"

#include "core/core.h"
#include "core/memory.h"
#include "link/crc32.h"
#include "run/inference.h"

#define REPORT_MARK 0x464C5421u
#define EXC_RETURN_BASIC_FRAME 0x10u
#define BASIC_FRAME_BYTES 32u
#define EXTENDED_FRAME_BYTES 104u
#define FRAME_XPSR 7 /* of r0, r1, r2, r3, r12, lr, pc, xpsr */
#define XPSR_STACK_ALIGNED (1u << 9)
#define XPSR_EXCEPTION_MSK 0x1FFu
#define RAM_FIRST 0x20000000u
#define RAM_END (ABI_TENSOR_ADDRESS + ABI_TENSOR_BYTES)

static struct {
    uint32_t mark;
    abi_fault_report_t report;
    uint32_t crc;
} kept __attribute__((section(".noinit")));

void fault_init(void) {
    REGISTER(SCB, CCR) |= SCB_CCR_DIV_0_TRP_MSK;
    REGISTER(SCB, SHCSR) |=
        SCB_SHCSR_MEMFAULTENA_MSK | SCB_SHCSR_BUSFAULTENA_MSK | SCB_SHCSR_USGFAULTENA_MSK;
    data_barrier();
}

static bool frame_readable(uint32_t frame) {
    return frame % 4u == 0 && frame >= RAM_FIRST && frame <= RAM_END - BASIC_FRAME_BYTES;
}

_Noreturn void fault_capture(uint32_t frame, uint32_t exc_return);

_Noreturn void fault_capture(uint32_t frame, uint32_t exc_return) {
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    abi_fault_report_t report = {
        .kind = exception & XPSR_EXCEPTION_MSK,
        .cfsr = REGISTER(SCB, CFSR),
        .hfsr = REGISTER(SCB, HFSR),
        .mmfar = REGISTER(SCB, MMFAR),
        .bfar = REGISTER(SCB, BFAR),
        .sp = frame,
        .exc_return = exc_return,
        .layer = inference_layer(),
    };
    if (frame_readable(frame)) {
        memcpy(report.registers, (const void *)(uintptr_t)frame, sizeof report.registers);
        report.sp += exc_return & EXC_RETURN_BASIC_FRAME ? BASIC_FRAME_BYTES : EXTENDED_FRAME_BYTES;
        report.sp += report.registers[FRAME_XPSR] & XPSR_STACK_ALIGNED ? 4u : 0u;
    }
    kept.mark = REPORT_MARK;
    kept.report = report;
    kept.crc = crc32((const uint8_t *)&kept.report, sizeof kept.report);
    core_reset();
}

/* The stack may be what is broken: the rest runs on one of its own. */
__attribute__((naked)) void Fault_Handler(void) {
    __asm volatile("tst lr, #4\n\t"
                   "ite eq\n\t"
                   "mrseq r0, msp\n\t"
                   "mrsne r0, psp\n\t"
                   "mov r1, lr\n\t"
                   "movw r2, #:lower16:fault_stack_top\n\t"
                   "movt r2, #:upper16:fault_stack_top\n\t"
                   "mov sp, r2\n\t"
                   "b fault_capture\n\t");
}

bool fault_pending(void) {
    return kept.mark == REPORT_MARK &&
           kept.crc == crc32((const uint8_t *)&kept.report, sizeof kept.report);
}

abi_fault_report_t fault_report(void) {
    return fault_pending() ? kept.report : (abi_fault_report_t){.kind = 0};
}

void fault_forget(void) {
    kept.mark = 0;
}
