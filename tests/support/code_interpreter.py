"""What operations of a layer's code do: in plain Python, and their bytes on an emulated core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import unicorn
from unicorn import arm_const

from dvfs_kernel.image.code.thumb import SP, Form

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dvfs_kernel.image.code.operation import Operation

__all__ = ["LOADED", "STORED", "interpret", "run_code"]

#: Addresses of 4 KB that are read, and of 8 KB that are written.
LOADED, STORED = 0x2000_0000, 0x2000_2000
_CODE, _CODE_BYTES = 0x0800_0000, 0x0010_0000
_STACK_TOP, _RETURN = 0x2000_8000, 0x080F_FFF0
_MASK = 0xFFFF_FFFF
_SUMS = {Form.SMLABB: (0, 0), Form.SMLATB: (1, 0), Form.SMLABT: (0, 1), Form.SMLATT: (1, 1)}


def _signed(value: int, bits: int = 32) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def _lane(value: int, top: int) -> int:
    return _signed(value >> 16 * top, 16)


def _result(form: Form, values: Sequence[int], number: int, memory: bytearray) -> int:
    """Return what an operation puts into its target."""
    first = values[0] if values else 0
    second = values[1] if len(values) > 1 else 0
    if form is Form.LDR:
        place = first + number - LOADED
        return int.from_bytes(memory[place : place + 4], "little")
    if form is Form.LDRB:
        return memory[first + number - LOADED]
    if form in _SUMS:
        one, two = _SUMS[form]
        return values[2] + _lane(first, one) * _lane(second, two)
    products = {
        Form.SMLAD: lambda: values[2] + sum(_lane(first, i) * _lane(second, i) for i in (0, 1)),
        Form.SMMLAR: lambda: (values[2] << 32) + _signed(first) * _signed(second) + (1 << 31) >> 32,
        Form.SMMULR: lambda: _signed(first) * _signed(second) + (1 << 31) >> 32,
        Form.ADD: lambda: first + second,
        Form.ADD_IMMEDIATE: lambda: first + number,
        Form.ADD_SIGN: lambda: first + (_signed(second) >> 31),
        Form.MOV: lambda: first,
        Form.MOVW: lambda: number,
        Form.MOVT: lambda: first & 0xFFFF | number << 16,
        Form.LDR_LITERAL: lambda: number,
        Form.SXTB16: lambda: _extended(first, number),
        Form.PKHBT: lambda: first & 0xFFFF | second << 16,
        Form.PKHTB: lambda: first & 0xFFFF0000 | second >> 16,
        Form.ORR_SHIFTED: lambda: first | second << number,
        Form.LSR: lambda: first >> number,
        Form.LSL: lambda: first << number,
        Form.ASR: lambda: _signed(first) >> number,
        Form.ASR_REGISTER: lambda: _signed(first) >> min(second & 0xFF, 31),
        Form.RSB: lambda: number - first,
        Form.BIC_SIGN: lambda: first & ~(_signed(second) >> 31),
        Form.SSAT: lambda: max(-128, min(127, _signed(first) >> number)),
    }
    return products[form]()


def _extended(value: int, bits: int) -> int:
    rotated = value >> bits | value << 32 - bits
    low, high = _signed(rotated, 8) & 0xFFFF, _signed(rotated >> 16, 8) & 0xFFFF
    return high << 16 | low


def interpret(
    operations: Iterable[Operation], registers: Mapping[int, int], memory: bytes
) -> tuple[dict[int, int], dict[int, int]]:
    """Run straight-line operations, whose registers may be virtual.

    Returns
    -------
    The registers afterwards, and the bytes that were stored, by address.
    """
    held = dict(registers)
    stored: dict[int, int] = {}
    for operation in operations:
        values = [held[register] for register in operation.sources]
        if operation.form in {Form.STR, Form.STRB}:
            size = 4 if operation.form is Form.STR else 1
            for i in range(size):
                stored[values[1] + operation.number + i] = values[0] >> 8 * i & 0xFF
        elif operation.target >= 0:
            value = _result(operation.form, values, operation.number, bytearray(memory))
            held[operation.target] = value & _MASK
    return held, stored


def run_code(
    code: bytes, registers: Mapping[int, int], memory: bytes
) -> tuple[dict[int, int], dict[int, int]]:
    """Run a function on an emulated Cortex-M7; as `interpret`, for bytes that follow BX LR."""
    engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB, arm_const.UC_CPU_ARM_CORTEX_M7)
    engine.mem_map(_CODE, _CODE_BYTES)
    engine.mem_map(LOADED, 0x8000)
    engine.mem_write(_CODE, code)
    engine.mem_write(LOADED, memory)
    stored: dict[int, int] = {}

    def on_write(
        _engine: object, _kind: int, address: int, size: int, value: int, _data: object
    ) -> None:
        if address < _STACK_TOP - 256:
            for i in range(size):
                stored[address + i] = value >> 8 * i & 0xFF

    engine.hook_add(unicorn.UC_HOOK_MEM_WRITE, on_write)
    engine.reg_write(arm_const.UC_ARM_REG_LR, _RETURN | 1)
    engine.reg_write(arm_const.UC_ARM_REG_SP, _STACK_TOP)
    names = [*range(arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R0 + 13)]
    for register, value in registers.items():
        if register < SP:
            engine.reg_write(names[register], value)
    engine.emu_start(_CODE | 1, _RETURN)
    if engine.reg_read(arm_const.UC_ARM_REG_SP) != _STACK_TOP:
        raise AssertionError("the stack is not where it was")
    return {i: engine.reg_read(names[i]) for i in range(13)}, stored
