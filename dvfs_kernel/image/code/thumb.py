"""Thumb-2 as far as layers' code needs it: each form of instruction, and its bytes.

Encodings are those of the ARMv7-M Architecture Reference Manual (Arm DDI 0403E.e), chapter A7.7;
the name of each form says which. Registers are numbers 0 … 15 (13 is SP, 14 LR, 15 PC).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from dvfs_kernel.errors import CodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LR", "PC", "SP", "Form", "encode"]

SP, LR, PC = 13, 14, 15

_LOW = 8  # registers that the 16-bit encodings reach
_ASR = 2  # of the shift types
_LISTED_MIN = 2


class Form(enum.Enum):
    """A form of instruction: its operands are a target, sources in this order, and a number."""

    LDR = enum.auto()  # target = word at [source + number]
    LDR_LITERAL = enum.auto()  # target = word at Align(PC, 4) + number
    LDRB = enum.auto()  # target = byte at [source + number]
    STR = enum.auto()  # word at [source 1 + number] = source 0
    STRB = enum.auto()  # byte at [source 1 + number] = source 0
    ADD = enum.auto()  # target = source 0 + source 1
    ADD_IMMEDIATE = enum.auto()  # target = source + number, −4095 … 4095
    ADD_SIGN = enum.auto()  # target = source 0 + (source 1 >> 31)
    ADD_SHIFTED = enum.auto()  # target = source 0 + (source 1 >> number)
    SUB = enum.auto()  # target = source 0 − source 1
    MOV = enum.auto()  # target = source
    MOVW = enum.auto()  # target = number, 0 … 65535
    MOVT = enum.auto()  # upper half of target = number; the source is the target before
    SXTB16 = enum.auto()  # target = bytes 0 and 2 of the source rotated right by number bits
    PKHBT = enum.auto()  # target = lower half of source 0, lower half of source 1 above it
    PKHTB = enum.auto()  # target = upper half of source 1, upper half of source 0 above it
    ORR_SHIFTED = enum.auto()  # target = source 0 | source 1 << number
    LSR = enum.auto()  # target = source >> number, unsigned
    LSL = enum.auto()  # target = source << number
    ASR = enum.auto()  # target = source >> number
    ASR_REGISTER = enum.auto()  # target = source 0 >> source 1
    RSB = enum.auto()  # target = number − source, number 0 … 255
    BIC_SIGN = enum.auto()  # target = source 0 & ~(source 1 >> 31)
    SSAT = enum.auto()  # target = source >> number, saturated to 8 bits
    SMLAD = enum.auto()  # target = source 2 + both lanes' products; of two sources the products
    SMLABB = enum.auto()  # target = source 2 + bottom × bottom
    SMLATB = enum.auto()  # target = source 2 + top × bottom
    SMLABT = enum.auto()  # target = source 2 + bottom × top
    SMLATT = enum.auto()  # target = source 2 + top × top
    SMMLAR = enum.auto()  # target = source 2 + source 0 × source 1 / 2^32, rounded
    SMMULR = enum.auto()  # target = source 0 × source 1 / 2^32, rounded
    CMP = enum.auto()  # flags of source 0 − source 1
    BNE = enum.auto()  # to PC + number where the flags say "not equal"
    B = enum.auto()  # to PC + number
    PUSH = enum.auto()  # the registers of the number's bits
    POP = enum.auto()  # likewise
    BX = enum.auto()  # to the address in the source


def _halves(first: int, second: int) -> bytes:
    return first.to_bytes(2, "little") + second.to_bytes(2, "little")


def _narrow(half: int) -> bytes:
    return half.to_bytes(2, "little")


def _check(low: int, value: int, high: int, what: str) -> int:
    if not low <= value <= high:
        raise CodeError(f"{what} is {value}; the instruction takes {low} to {high}")
    return value


def _load(target: int, sources: Sequence[int], number: int) -> bytes:
    base = sources[0]
    if base == SP and target < _LOW and number % 4 == 0 and 0 <= number <= 1020:
        return _narrow(0x9800 | target << 8 | number >> 2)
    if max(target, base) < _LOW and number % 4 == 0 and 0 <= number <= 124:
        return _narrow(0x6800 | number << 4 | base << 3 | target)
    _check(0, number, 4095, "an offset")
    return _halves(0xF8D0 | base, target << 12 | number)


def _load_byte(target: int, sources: Sequence[int], number: int) -> bytes:
    base = sources[0]
    if max(target, base) < _LOW and 0 <= number <= 31:
        return _narrow(0x7800 | number << 6 | base << 3 | target)
    _check(0, number, 4095, "an offset")
    return _halves(0xF890 | base, target << 12 | number)


def _extend(target: int, sources: Sequence[int], number: int) -> bytes:
    if number not in (0, 8, 16, 24):
        raise CodeError(f"a rotation is {number} bits; the instruction takes 0, 8, 16 or 24")
    return _halves(0xFA2F, 0xF080 | target << 8 | number // 8 << 4 | sources[0])


def _pack(is_top: bool) -> Callable[[int, Sequence[int], int], bytes]:
    """Two halves; the shift by 16 brings the other half of source 1 to its place."""

    def encode_pack(target: int, sources: Sequence[int], _number: int) -> bytes:
        # PKHBT Rd, Rn, Rm, LSL #16; PKHTB Rd, Rn, Rm, ASR #16
        second = 4 << 12 | target << 8 | (2 if is_top else 0) << 4 | sources[1]
        return _halves(0xEAC0 | sources[0], second)

    return encode_pack


def _load_literal(target: int, _sources: Sequence[int], number: int) -> bytes:
    if target < _LOW and number % 4 == 0 and 0 <= number <= 1020:
        return _narrow(0x4800 | target << 8 | number >> 2)
    _check(-4095, number, 4095, "a literal's distance")
    return _halves(0xF8DF if number >= 0 else 0xF85F, target << 12 | abs(number))


def _store(_target: int, sources: Sequence[int], number: int) -> bytes:
    value, base = sources
    if base == SP and value < _LOW and number % 4 == 0 and 0 <= number <= 1020:
        return _narrow(0x9000 | value << 8 | number >> 2)
    if max(value, base) < _LOW and number % 4 == 0 and 0 <= number <= 124:
        return _narrow(0x6000 | number << 4 | base << 3 | value)
    _check(0, number, 4095, "an offset")
    return _halves(0xF8C0 | base, value << 12 | number)


def _store_byte(_target: int, sources: Sequence[int], number: int) -> bytes:
    value, base = sources
    if max(value, base) < _LOW and 0 <= number <= 31:
        return _narrow(0x7000 | number << 6 | base << 3 | value)
    _check(0, number, 4095, "an offset")
    return _halves(0xF880 | base, value << 12 | number)


def _plain12(opcode: int, target: int, source: int, number: int) -> bytes:
    return _halves(
        opcode | (number >> 11 & 1) << 10 | source,
        (number >> 8 & 7) << 12 | target << 8 | number & 0xFF,
    )


def _add_immediate(target: int, sources: Sequence[int], number: int) -> bytes:
    _check(-4095, number, 4095, "an addend")
    return _plain12(0xF200 if number >= 0 else 0xF2A0, target, sources[0], abs(number))


def _move_half(opcode: int) -> Callable[[int, Sequence[int], int], bytes]:
    def encode_half(target: int, _sources: Sequence[int], number: int) -> bytes:
        _check(0, number, 0xFFFF, "half a word")
        first = opcode | (number >> 11 & 1) << 10 | number >> 12
        return _halves(first, (number >> 8 & 7) << 12 | target << 8 | number & 0xFF)

    return encode_half


def _shifted(opcode: int, kind: int) -> Callable[[int, Sequence[int], int], bytes]:
    """Register forms whose last source is shifted by the number; one source: a move."""

    def encode_shifted(target: int, sources: Sequence[int], number: int) -> bytes:
        # To the right the encoding of 0 means 32.
        _check(1 if kind else 0, number, 31, "a shift")
        first = sources[0] if len(sources) == 2 else 0xF
        second = (number >> 2) << 12 | target << 8 | (number & 3) << 6 | kind << 4 | sources[-1]
        return _halves(opcode | first, second)

    return encode_shifted


def _add(target: int, sources: Sequence[int], _number: int) -> bytes:
    if target == sources[0] and target != PC:
        return _narrow(0x4400 | (target >> 3) << 7 | sources[1] << 3 | target & 7)
    return _halves(0xEB00 | sources[0], target << 8 | sources[1])


def _subtract(target: int, sources: Sequence[int], _number: int) -> bytes:
    # The 16-bit encoding would set the flags.
    return _halves(0xEBA0 | sources[0], target << 8 | sources[1])


def _move(target: int, sources: Sequence[int], _number: int) -> bytes:
    return _narrow(0x4600 | (target >> 3) << 7 | sources[0] << 3 | target & 7)


def _sign(opcode: int) -> Callable[[int, Sequence[int], int], bytes]:
    shifted = _shifted(opcode, _ASR)

    def encode_sign(target: int, sources: Sequence[int], _number: int) -> bytes:
        return shifted(target, sources, 31)

    return encode_sign


def _reverse_subtract(target: int, sources: Sequence[int], number: int) -> bytes:
    _check(0, number, 0xFF, "what is subtracted from")
    return _halves(0xF1C0 | sources[0], target << 8 | number)


def _asr_register(target: int, sources: Sequence[int], _number: int) -> bytes:
    return _halves(0xFA40 | sources[0], 0xF000 | target << 8 | sources[1])


def _saturate(target: int, sources: Sequence[int], number: int) -> bytes:
    _check(0, number, 31, "a shift")
    # A shift of 0 with the bit for ASR would mean another instruction.
    first = 0xF300 | (1 << 5 if number else 0) | sources[0]
    return _halves(first, (number >> 2) << 12 | target << 8 | (number & 3) << 6 | 7)


def _multiply(opcode: int, low: int) -> Callable[[int, Sequence[int], int], bytes]:
    """Products of source 0 and source 1, added to source 2 where there is one."""

    def encode_multiply(target: int, sources: Sequence[int], _number: int) -> bytes:
        addend = sources[2] if len(sources) == 3 else 0xF
        return _halves(opcode | sources[0], addend << 12 | target << 8 | low << 4 | sources[1])

    return encode_multiply


def _compare(_target: int, sources: Sequence[int], _number: int) -> bytes:
    first, second = sources
    if max(sources) < _LOW:
        return _narrow(0x4280 | second << 3 | first)
    return _narrow(0x4500 | (first >> 3) << 7 | second << 3 | first & 7)


def _check_distance(bits: int, number: int) -> None:
    _check(-(1 << bits), number, (1 << bits) - 2, "a branch's distance")
    if number % 2:
        raise CodeError(f"a branch's distance is {number}; instructions lie at even addresses")


def _branch_not_equal(_target: int, _sources: Sequence[int], number: int) -> bytes:
    _check_distance(20, number)
    if -256 <= number <= 254:
        return _narrow(0xD100 | number >> 1 & 0xFF)
    sign = number >> 20 & 1
    first = 0xF000 | sign << 10 | 1 << 6 | number >> 12 & 0x3F
    return _halves(
        first, 0x8000 | (number >> 18 & 1) << 13 | (number >> 19 & 1) << 11 | number >> 1 & 0x7FF
    )


def _branch(_target: int, _sources: Sequence[int], number: int) -> bytes:
    _check_distance(24, number)
    if -2048 <= number <= 2046:
        return _narrow(0xE000 | number >> 1 & 0x7FF)
    sign = number >> 24 & 1
    j1 = (number >> 23 & 1) ^ sign ^ 1
    j2 = (number >> 22 & 1) ^ sign ^ 1
    return _halves(
        0xF000 | sign << 10 | number >> 12 & 0x3FF,
        0x9000 | j1 << 13 | j2 << 11 | number >> 1 & 0x7FF,
    )


def _check_list(number: int, special: int) -> None:
    """Two or more of r0 … r12 and a special one; a single one has an encoding of its own."""
    if number & ~(0x1FFF | special) or number.bit_count() < _LISTED_MIN:
        raise CodeError(
            f"a list of registers is {number:#x}; the instruction takes two or more "
            f"of the bits {0x1FFF | special:#x}"
        )


def _push(_target: int, _sources: Sequence[int], number: int) -> bytes:
    _check_list(number, 1 << LR)
    return _halves(0xE92D, number)


def _pop(_target: int, _sources: Sequence[int], number: int) -> bytes:
    _check_list(number, 1 << PC)
    return _halves(0xE8BD, number)


def _branch_exchange(_target: int, sources: Sequence[int], _number: int) -> bytes:
    return _narrow(0x4700 | sources[0] << 3)


_ENCODERS: dict[Form, Callable[[int, Sequence[int], int], bytes]] = {
    Form.LDR: _load,
    Form.LDR_LITERAL: _load_literal,
    Form.LDRB: _load_byte,
    Form.STR: _store,
    Form.STRB: _store_byte,
    Form.ADD: _add,
    Form.ADD_IMMEDIATE: _add_immediate,
    Form.ADD_SIGN: _sign(0xEB00),
    Form.ADD_SHIFTED: _shifted(0xEB00, _ASR),
    Form.SUB: _subtract,
    Form.MOV: _move,
    Form.MOVW: _move_half(0xF240),
    Form.MOVT: _move_half(0xF2C0),
    Form.SXTB16: _extend,
    Form.PKHBT: _pack(is_top=False),
    Form.PKHTB: _pack(is_top=True),
    Form.ORR_SHIFTED: _shifted(0xEA40, 0),
    Form.LSR: _shifted(0xEA40, 1),
    Form.LSL: _shifted(0xEA40, 0),
    Form.ASR: _shifted(0xEA40, _ASR),
    Form.ASR_REGISTER: _asr_register,
    Form.RSB: _reverse_subtract,
    Form.BIC_SIGN: _sign(0xEA20),
    Form.SSAT: _saturate,
    Form.SMLAD: _multiply(0xFB20, 0),
    Form.SMLABB: _multiply(0xFB10, 0),
    Form.SMLATB: _multiply(0xFB10, 2),
    Form.SMLABT: _multiply(0xFB10, 1),
    Form.SMLATT: _multiply(0xFB10, 3),
    Form.SMMLAR: _multiply(0xFB50, 1),
    Form.SMMULR: _multiply(0xFB50, 1),
    Form.CMP: _compare,
    Form.BNE: _branch_not_equal,
    Form.B: _branch,
    Form.PUSH: _push,
    Form.POP: _pop,
    Form.BX: _branch_exchange,
}


def encode(form: Form, target: int = 0, sources: Sequence[int] = (), number: int = 0) -> bytes:
    """Encode an instruction in its shortest form.

    Parameters
    ----------
    form
        What it does.
    target
        Register that it writes; ignored where it writes none.
    sources
        Registers that it reads, in the order that the form gives.
    number
        Immediate operand; distances count from PC, which is the instruction's address + 4 (for
        literals rounded down to a word).

    Returns
    -------
    2 or 4 bytes.

    Raises
    ------
    CodeError
        The number does not fit the instruction, or a register is still a virtual one.
    """
    if not all(0 <= register <= PC for register in (target, *sources)):
        raise CodeError(f"{form.name} has registers {target}, {[*sources]}; there are 0 to {PC}")
    return _ENCODERS[form](target, sources, number)
