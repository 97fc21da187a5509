"""Exceptions and fault status registers of a Cortex-M7 in words.

Numbers of exceptions: ARMv7-M Architecture Reference Manual (DDI 0403E), table B1-4. Bits: the same
manual, B3.2.15 (CFSR) and B3.2.16 (HFSR).
"""

from __future__ import annotations

__all__ = ["exception_name", "fault_causes"]

_EXCEPTIONS = {
    0: "thread mode",
    1: "Reset",
    2: "NMI",
    3: "HardFault",
    4: "MemManage",
    5: "BusFault",
    6: "UsageFault",
    11: "SVCall",
    12: "DebugMonitor",
    14: "PendSV",
    15: "SysTick",
}
_FIRST_INTERRUPT = 16

_CFSR_BITS = {
    0: "instruction fetch from a region that is execute-never (IACCVIOL)",
    1: "data access that the memory protection forbids (DACCVIOL)",
    3: "exception frame cannot be read: memory protection (MUNSTKERR)",
    4: "exception frame cannot be written: memory protection (MSTKERR)",
    5: "floating-point registers cannot be saved: memory protection (MLSPERR)",
    8: "instruction fetch from an address where nothing is (IBUSERR)",
    9: "access to an address where nothing is (PRECISERR)",
    10: "access to a reserved address, reported late (IMPRECISERR)",
    11: "exception frame cannot be read (UNSTKERR)",
    12: "exception frame cannot be written: stack overflow? (STKERR)",
    13: "floating-point registers cannot be saved (LSPERR)",
    16: "undefined instruction (UNDEFINSTR)",
    17: "jump to an address without the Thumb bit (INVSTATE)",
    18: "invalid exception return (INVPC)",
    19: "floating-point instruction while CPACR keeps the FPU off (NOCP)",
    24: "unaligned access (UNALIGNED)",
    25: "division by zero (DIVBYZERO)",
}
_HFSR_BITS = {
    1: "vector table cannot be read (VECTTBL)",
    30: "a fault whose own handler could not run (FORCED)",
    31: "breakpoint instruction without a debugger (DEBUGEVT)",
}
_MMARVALID = 1 << 7
_BFARVALID = 1 << 15


def exception_name(number: int) -> str:
    """Return what the architecture calls an exception number."""
    return _EXCEPTIONS.get(number, f"interrupt {number - _FIRST_INTERRUPT}")


def fault_causes(cfsr: int, hfsr: int, bfar: int, mmfar: int | None = None) -> list[str]:
    """Return what the registers say, a sentence a bit.

    Parameters
    ----------
    cfsr, hfsr
        Configurable and HardFault status.
    bfar, mmfar
        The fault addresses, told where the status says that they are valid.
    """
    found = [text for bit, text in _CFSR_BITS.items() if cfsr >> bit & 1]
    found += [text for bit, text in _HFSR_BITS.items() if hfsr >> bit & 1]
    if cfsr & _BFARVALID:
        found.append(f"the address was 0x{bfar:08X}")
    elif cfsr & _MMARVALID and mmfar is not None:
        found.append(f"the address was 0x{mmfar:08X}")
    return found
