"""The system control space: NVIC, SCB, cache maintenance, MPU and FPU registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator import caches
from dvfs_kernel.boards.emulator import nvic as nv
from dvfs_kernel.boards.emulator import state as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.boards.emulator.core import Core
    from dvfs_kernel.boards.emulator.nvic import Nvic
    from dvfs_kernel.boards.emulator.systick import SysTick

__all__ = ["SystemControl"]

# Offsets from 0xE000E000 (ARMv7-M architecture reference manual B3.2; DDI 0489F 3.1).
_ACTLR = 0x008
_ISER, _ICER, _ISPR, _ICPR, _IABR, _IPR = 0x100, 0x180, 0x200, 0x280, 0x300, 0x400
_CPUID, _ICSR, _VTOR, _AIRCR, _SCR, _CCR = 0xD00, 0xD04, 0xD08, 0xD0C, 0xD10, 0xD14
_SHPR, _SHCSR, _CFSR, _HFSR, _DFSR = 0xD18, 0xD24, 0xD28, 0xD2C, 0xD30
_MMFAR, _BFAR, _AFSR = 0xD34, 0xD38, 0xD3C
_ID_FIRST, _ID_LAST = 0xD40, 0xD74
_CLIDR, _CTR, _CCSIDR, _CSSELR, _CPACR = 0xD78, 0xD7C, 0xD80, 0xD84, 0xD88
_MPU_TYPE, _MPU_CTRL, _MPU_RNR, _MPU_RBAR, _MPU_RASR = 0xD90, 0xD94, 0xD98, 0xD9C, 0xDA0
_MPU_LAST_ALIAS = 0xDB8
_DHCSR, _DEMCR = 0xDF0, 0xDFC
_STIR = 0xF00
_FPCCR, _FPCAR, _FPDSCR, _MVFR0, _MVFR1, _MVFR2 = 0xF34, 0xF38, 0xF3C, 0xF40, 0xF44, 0xF48
_ICIALLU, _ICIMVAU, _DCIMVAC, _DCISW = 0xF50, 0xF58, 0xF5C, 0xF60
_DCCMVAU, _DCCMVAC, _DCCSW, _DCCIMVAC, _DCCISW = 0xF64, 0xF68, 0xF6C, 0xF70, 0xF74

_CPUID_VALUE = 0x411FC270  # Cortex-M7 r1p0 (AN4667 Table 6)
_CCR_IC, _CCR_DC, _CCR_BP = 1 << 17, 1 << 16, 1 << 18
_CCR_STKALIGN = 1 << 9
_CCR_USERSETMPEND = 1 << 1
_CCR_WRITABLE = _CCR_IC | _CCR_DC | 0x11A
_AIRCR_KEY = 0x05FA
_CLIDR_VALUE = 0x09000003  # one level of separate caches (DDI 0489F 4.3)
_CTR_VALUE = 0x8303C003  # 32-byte lines (DDI 0489F 4.3)
# CCSIDR of 16 KB caches: write-through, write-back, read- and write-allocate; ways, sets, line.
_CCSIDR_DATA = 0xF00FE019  # 4 ways, 128 sets
_CCSIDR_INSTRUCTION = 0xF01FE009  # 2 ways, 256 sets
_IDENTITY = (  # ID_PFR0 .. ID_ISAR4 of Cortex-M7 (DDI 0489F 3.1)
    0x00000030, 0x00000200, 0x00100000, 0x00000000, 0x00100030, 0x00000000, 0x01000000,
    0x00000000, 0x01101110, 0x02112000, 0x20232231, 0x01111131, 0x01310132, 0x00000000,
)  # fmt: skip
_MVFR = (0x10110221, 0x12000011, 0x00000040)  # double precision (DDI 0489F 3.1)

# Bits that hold what is written (ARMv7-M ARM B3.2; DDI 0489F 3.3), where that is not all of them.
_IMPLEMENTED = {
    _CSSELR: 0xF,
    _MPU_CTRL: 0x7,
    _FPCAR: 0xFFFFFFF8,
    _FPDSCR: 0x07C00000,
    _FPCCR: 0xC0000000,
    _DEMCR: 0x010F07F1,
}
_RBAR_ADDRESS = 0xFFFFFFE0
_RASR_IMPLEMENTED = 0x173FFF3F
_RESERVED = {0, 7, 8, 9, 10, 13}  # exceptions without a priority

_SHCSR_ENABLES = {nv.MEM_MANAGE: 16, nv.BUS_FAULT: 17, nv.USAGE_FAULT: 18}
_SHCSR_ACTIVE = {
    nv.MEM_MANAGE: 0, nv.BUS_FAULT: 1, nv.USAGE_FAULT: 3, nv.SVCALL: 7,
    nv.DEBUG_MONITOR: 8, nv.PEND_SV: 10, nv.SYSTICK: 11,
}  # fmt: skip
_SHCSR_PENDING = {nv.USAGE_FAULT: 12, nv.MEM_MANAGE: 13, nv.BUS_FAULT: 14, nv.SVCALL: 15}


class SystemControl:
    """Registers at 0xE000E000.

    Parameters
    ----------
    core, nvic, systick
        What the registers act on.
    request_reset
        Called with a cause when software asks for a system reset.
    caches_changed
        Called with the two enables when software switches a cache.
    trace_changed
        Called when software has switched the trace unit on or off.
    boot_address
        Where the vectors are after a reset.
    """

    HFSR_VECTTBL = 1 << 1
    HFSR_FORCED = 1 << 30
    HFSR_DEBUGEVT = 1 << 31
    UFSR_UNDEFINSTR = 1 << 16
    UFSR_INVSTATE = 1 << 17
    UFSR_INVPC = 1 << 18
    UFSR_NOCP = 1 << 19
    UFSR_UNALIGNED = 1 << 24
    BFSR_IBUSERR = 1 << 8
    BFSR_PRECISERR = 1 << 9
    BFSR_UNSTKERR = 1 << 11
    BFSR_STKERR = 1 << 12
    BFSR_BFARVALID = 1 << 15
    MMFSR_IACCVIOL = 1 << 0

    def __init__(
        self,
        core: Core,
        nvic: Nvic,
        systick: SysTick,
        request_reset: Callable[[str], None],
        caches_changed: Callable[[bool, bool], None],
        trace_changed: Callable[[], None],
        boot_address: int,
    ) -> None:
        self._core = core
        self._nvic = nvic
        self._systick = systick
        self._request_reset = request_reset
        self._caches_changed = caches_changed
        self._trace_changed = trace_changed
        self.boot_address = boot_address
        self.reset()

    def reset(self) -> None:
        """Put every register to its reset value."""
        self.vector_table = self.boot_address
        self.sleep_control = 0
        self.configuration = _CCR_STKALIGN | _CCR_BP
        self.configurable_fault_status = 0
        self.hard_fault_status = 0
        self.fault_address = {_MMFAR: 0, _BFAR: 0}
        self._plain = {
            _ACTLR: 0,
            _CSSELR: 0,
            _MPU_CTRL: 0,
            _DEMCR: 0,
            _FPCAR: 0,
            _FPDSCR: 0,
            _FPCCR: 0xC0000000,
            _DFSR: 0,
            _AFSR: 0,
        }
        self._coprocessors = 0
        self._mpu_region = 0
        self._mpu = [[0, 0] for _ in range(8)]
        state = self._core.words
        state[st.FPU_DISABLED] = 1
        state[st.IN_FAULT_HANDLER] = 0
        state[st.USER_TRIGGER] = 0
        self._apply_caches()

    # ---- what the rest of the core asks ------------------------------------------------------

    @property
    def usage_fault_status(self) -> int:
        """CFSR, for setting bits of its upper half."""
        return self.configurable_fault_status

    @usage_fault_status.setter
    def usage_fault_status(self, value: int) -> None:
        self.configurable_fault_status = value

    @property
    def sleep_on_exit(self) -> bool:
        """SCR.SLEEPONEXIT."""
        return bool(self.sleep_control & 2)

    @property
    def deep_sleep(self) -> bool:
        """SCR.SLEEPDEEP."""
        return bool(self.sleep_control & 4)

    @property
    def trace_enabled(self) -> bool:
        """DEMCR.TRCENA: whether the DWT counts."""
        return bool(self._plain[_DEMCR] & 1 << 24)

    @property
    def bus_fault_address(self) -> int:
        """BFAR."""
        return self.fault_address[_BFAR]

    def bus_fault(self, bits: int, address: int | None = None) -> None:
        """Record a bus fault, with its address where it is precise."""
        self.configurable_fault_status |= bits
        if address is not None:
            self.configurable_fault_status |= self.BFSR_BFARVALID
            self.fault_address[_BFAR] = address

    def stacking_failed(self, _address: int) -> None:
        """Record that an exception frame could not be written."""
        self.configurable_fault_status |= self.BFSR_STKERR
        self.hard_fault_status |= self.HFSR_FORCED

    def unstacking_failed(self, _address: int) -> None:
        """Record that an exception frame could not be read."""
        self.configurable_fault_status |= self.BFSR_UNSTKERR

    def entered(self, number: int) -> None:
        """Follow an exception entry."""
        if nv.HARD_FAULT <= number <= nv.USAGE_FAULT:
            self._core.words[st.IN_FAULT_HANDLER] = 1

    def left(self, number: int) -> None:
        """Follow an exception return."""
        if nv.HARD_FAULT <= number <= nv.USAGE_FAULT:
            self._core.words[st.IN_FAULT_HANDLER] = 0

    # ---- registers ---------------------------------------------------------------------------

    def read(self, offset: int, size: int) -> int:
        """Read a register; bytes and half-words where the architecture allows them."""
        word = self._read_word(offset & ~3)
        return word >> (8 * (offset & 3)) & ((1 << (8 * size)) - 1)

    def steady(self, offset: int) -> tuple[int | None, int] | None:
        """Tell how the register just read goes on; see `dvfs_kernel.boards.emulator.bus`."""
        if 0x010 <= offset <= 0x01C:
            return self._systick.steady(offset & ~3)
        return None, 0  # what changes otherwise changes by an event or an exception

    def write(self, offset: int, size: int, value: int) -> None:
        """Write a register; bytes and half-words where the architecture allows them."""
        if _IPR <= offset < _IPR + 240 or _SHPR <= offset < _SHPR + 12:
            first = 4 + offset - _SHPR if offset >= _SHPR else nv.FIRST_IRQ + offset - _IPR
            for i in range(size):
                self._set_priority(first + i, value >> (8 * i) & 0xFF)
            self._core.attention()
            return
        if size != 4:
            shift = 8 * (offset & 3)
            mask = ((1 << (8 * size)) - 1) << shift
            if offset & ~3 == _CFSR:
                self.configurable_fault_status &= ~(value << shift & mask)
                return
            value = self._read_word(offset & ~3) & ~mask | value << shift & mask
        self._write_word(offset & ~3, value)

    def _set_priority(self, number: int, value: int) -> None:
        if number in _RESERVED:
            return
        if number < len(self._nvic.priority) and self._nvic.priority[number] >= 0:
            self._nvic.priority[number] = value & nv.PRIORITY_BITS_MASK

    def _bits(self, members: Callable[[int], bool], base: int) -> int:
        first = nv.FIRST_IRQ + base * 8
        last = nv.FIRST_IRQ + nv.IRQ_COUNT
        return sum(1 << i for i in range(32) if first + i < last and members(first + i))

    def _read_word(self, offset: int) -> int:  # noqa: PLR0911 - a register file
        nvic = self._nvic
        if 0x010 <= offset <= 0x01C:
            return self._systick.read(offset)
        if _ISER <= offset < _ISER + 0x80 or _ICER <= offset < _ICER + 0x80:
            return self._bits(lambda n: nvic.enabled[n], (offset & 0x7F))
        if _ISPR <= offset < _ISPR + 0x80 or _ICPR <= offset < _ICPR + 0x80:
            return self._bits(lambda n: n in nvic.pending, (offset & 0x7F))
        if _IABR <= offset < _IABR + 0x80:
            return self._bits(lambda n: n in nvic.active, offset & 0x7F)
        if _IPR <= offset < _IPR + 240 or _SHPR <= offset < _SHPR + 12:
            first = 4 + offset - _SHPR if offset >= _SHPR else nv.FIRST_IRQ + offset - _IPR
            values = [
                nvic.priority[n] if n < len(nvic.priority) else 0 for n in range(first, first + 4)
            ]
            return sum(max(v, 0) << (8 * i) for i, v in enumerate(values))
        if offset in self._plain:
            return self._plain[offset]
        if offset in self.fault_address:
            return self.fault_address[offset]
        if _ID_FIRST <= offset <= _ID_LAST:
            return _IDENTITY[(offset - _ID_FIRST) // 4]
        if _MVFR0 <= offset <= _MVFR2:
            return _MVFR[(offset - _MVFR0) // 4]
        if _MPU_RNR <= offset <= _MPU_LAST_ALIAS:
            return self._read_mpu(offset)
        return {
            0x004: (nv.IRQ_COUNT + 31) // 32 - 1,  # ICTR
            _CPUID: _CPUID_VALUE,
            _ICSR: self._interrupt_state(),
            _VTOR: self.vector_table,
            _AIRCR: 0xFA050000 | nvic.priority_group << 8,
            _SCR: self.sleep_control,
            _CCR: self.configuration,
            _SHCSR: self._handler_state(),
            _CFSR: self.configurable_fault_status,
            _HFSR: self.hard_fault_status,
            _CLIDR: _CLIDR_VALUE,
            _CTR: _CTR_VALUE,
            _CCSIDR: _CCSIDR_INSTRUCTION if self._plain[_CSSELR] & 1 else _CCSIDR_DATA,
            _CPACR: self._coprocessors,
            _MPU_TYPE: 8 << 8,
        }.get(offset, 0)

    def _write_word(self, offset: int, value: int) -> None:
        nvic = self._nvic
        core = self._core
        if 0x010 <= offset <= 0x01C:
            self._systick.write(offset, value)
        elif _ISER <= offset < _IABR:
            self._write_irq_bits(offset, value)
            if offset < _ICER or _ISPR <= offset < _ICPR:
                core.attention()
        elif offset == _ICSR:
            self._write_interrupt_state(value)
            core.attention()
        elif offset == _VTOR:
            self.vector_table = value & 0xFFFFFF80
        elif offset == _AIRCR:
            if value >> 16 == _AIRCR_KEY:
                nvic.priority_group = value >> 8 & 7
                if value & 1 << 2:
                    self._request_reset("software")
        elif offset == _SCR:
            self.sleep_control = value & 0x16
        elif offset == _CCR:
            self.configuration = value & _CCR_WRITABLE | _CCR_STKALIGN | _CCR_BP
            core.words[st.USER_TRIGGER] = value & _CCR_USERSETMPEND
            self._apply_caches()
        elif offset == _SHCSR:
            self._write_handler_state(value)
            core.attention()
        elif offset == _CFSR:
            self.configurable_fault_status &= ~value
        elif offset == _HFSR:
            self.hard_fault_status &= ~value
        elif offset in self.fault_address:
            self.fault_address[offset] = value
        elif offset == _CPACR:
            self._coprocessors = value & 0x00F00000
            # Privileged access is what counts here: 01 or 11 in both fields.
            enabled = value >> 20 & 1 and value >> 22 & 1
            core.words[st.FPU_DISABLED] = 0 if enabled else 1
        elif offset == _STIR:
            if value & 0x1FF < nv.IRQ_COUNT:
                nvic.pending.add(nv.FIRST_IRQ + (value & 0x1FF))
            core.attention()
        elif _MPU_RNR <= offset <= _MPU_LAST_ALIAS:
            self._write_mpu(offset, value)
        elif _ICIALLU <= offset <= _DCCISW:
            self._maintain_caches(offset, value)
        elif offset == _DFSR:
            self._plain[offset] &= ~value
        elif offset in self._plain:
            self._plain[offset] = value & _IMPLEMENTED.get(offset, 0xFFFFFFFF)
            if offset == _DEMCR:
                self._trace_changed()

    # ---- NVIC --------------------------------------------------------------------------------

    def _write_irq_bits(self, offset: int, value: int) -> None:
        nvic = self._nvic
        first = nv.FIRST_IRQ + (offset & 0x7F) * 8
        for i in range(32):
            number = first + i
            if not value >> i & 1 or number >= nv.FIRST_IRQ + nv.IRQ_COUNT:
                continue
            if offset < _ICER:
                nvic.enabled[number] = True
            elif offset < _ISPR:
                nvic.enabled[number] = False
            elif offset < _ICPR:
                nvic.pending.add(number)
            else:
                nvic.clear_pending(number)

    def _interrupt_state(self) -> int:
        nvic = self._nvic
        first = nvic.first()
        value = self._core.registers.ipsr | (first or 0) << 12
        if any(number >= nv.FIRST_IRQ for number in nvic.pending):
            value |= 1 << 22
        if len(nvic.active) <= 1:
            value |= 1 << 11
        for number, bit in ((nv.NMI, 31), (nv.PEND_SV, 28), (nv.SYSTICK, 26)):
            if number in nvic.pending:
                value |= 1 << bit
        return value

    def _write_interrupt_state(self, value: int) -> None:
        pending = self._nvic.pending
        for number, set_bit, clear_bit in (
            (nv.NMI, 31, None),
            (nv.PEND_SV, 28, 27),
            (nv.SYSTICK, 26, 25),
        ):
            if clear_bit is not None and value >> clear_bit & 1:
                pending.discard(number)
            if value >> set_bit & 1:
                pending.add(number)

    def _handler_state(self) -> int:
        nvic = self._nvic
        value = sum(1 << bit for number, bit in _SHCSR_ENABLES.items() if nvic.enabled[number])
        value |= sum(1 << bit for number, bit in _SHCSR_ACTIVE.items() if number in nvic.active)
        return value | sum(1 << b for n, b in _SHCSR_PENDING.items() if n in nvic.pending)

    def _write_handler_state(self, value: int) -> None:
        for number, bit in _SHCSR_ENABLES.items():
            self._nvic.enabled[number] = bool(value >> bit & 1)
        for number, bit in _SHCSR_PENDING.items():
            if value >> bit & 1:
                self._nvic.pending.add(number)
            else:
                self._nvic.pending.discard(number)

    # ---- MPU: kept for read-back; the default memory map is what the model uses --------------

    def _read_mpu(self, offset: int) -> int:
        if offset == _MPU_RNR:
            return self._mpu_region
        column = (offset - _MPU_RBAR) // 4 & 1
        return self._mpu[self._mpu_region][column] | (0 if column else self._mpu_region)

    def _write_mpu(self, offset: int, value: int) -> None:
        if offset == _MPU_RNR:
            self._mpu_region = value & 7
            return
        column = (offset - _MPU_RBAR) // 4 & 1
        if column == 0 and value & 1 << 4:
            self._mpu_region = value & 7
        mask = _RASR_IMPLEMENTED if column else _RBAR_ADDRESS
        self._mpu[self._mpu_region][column] = value & mask

    # ---- caches ------------------------------------------------------------------------------

    def _apply_caches(self) -> None:
        state = self._core.words
        instruction = bool(self.configuration & _CCR_IC)
        data = bool(self.configuration & _CCR_DC)
        state[st.ICACHE_ON] = int(instruction)
        state[st.DCACHE_ON] = int(data)
        self._caches_changed(instruction, data)

    def _maintain_caches(self, offset: int, value: int) -> None:
        state = self._core.state
        if offset in {_ICIALLU, _ICIMVAU}:
            caches.invalidate_instructions(state)
            return
        clean = offset not in {_DCIMVAC, _DCISW}
        invalidate = offset in {_DCIMVAC, _DCISW, _DCCIMVAC, _DCCISW}
        if offset in {_DCISW, _DCCSW, _DCCISW}:
            cycles = caches.clean_data_set_way(
                state, value >> 5 & 0x1FF, value >> 30, clean=clean, invalidate=invalidate
            )
        else:
            cycles = caches.clean_data_line(state, value, clean=clean, invalidate=invalidate)
        state[st.CYCLES] += cycles
        state[st.DCACHE_SRAM_STALL] += cycles
