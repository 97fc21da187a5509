"""The encoder against a decoder: every form, all registers, every number, both lengths."""

import capstone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.errors import CodeError
from dvfs_kernel.image.code.thumb import Form, encode

ADDRESS = 0x0200_0000
DECODER = capstone.Cs(
    capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
)
NAMES = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "sb", "sl", "fp", "ip", "sp", "lr",
         "pc"]  # fmt: skip
REGISTERS = st.integers(0, 12) | st.just(14)
BASES = REGISTERS | st.just(13)
# Numbers at the ends of what the short and the long encodings take.
OFFSETS = st.sampled_from([0, 1, 4, 31, 32, 124, 125, 128, 1020, 1024, 4095]) | st.integers(0, 4095)
SHIFTS = st.integers(0, 31)
RIGHT_SHIFTS = st.integers(1, 31)


def number(value):
    """As the decoder prints it: small ones in decimal, negative ones never."""
    if value < 0:
        return f"#-{-value:#x}"
    return f"#{value:#x}" if value > 9 else f"#{value}"


def decoded(form, target=0, sources=(), value=0):
    """Encode and decode; return the mnemonic, without its width, the operands and the length."""
    code = encode(form, target, sources, value)
    (item,) = DECODER.disasm(code, ADDRESS)
    assert item.size == len(code)
    return item.mnemonic.removesuffix(".w"), item.op_str, item.size


def names(*registers):
    return ", ".join(NAMES[register] for register in registers)


def place(base, offset):
    return f"[{NAMES[base]}]" if offset == 0 else f"[{NAMES[base]}, {number(offset)}]"


@pytest.mark.parametrize("form", [Form.LDR, Form.LDRB])
@given(target=REGISTERS, base=BASES, offset=OFFSETS)
def test_loads(form, target, base, offset):
    mnemonic, operands, size = decoded(form, target, (base,), offset)
    assert (mnemonic, operands) == (form.name.lower(), f"{names(target)}, {place(base, offset)}")
    assert size == (2 if is_narrow(form is Form.LDR, target, base, offset) else 4)


@pytest.mark.parametrize("form", [Form.STR, Form.STRB])
@given(value=REGISTERS, base=BASES, offset=OFFSETS)
def test_stores(form, value, base, offset):
    mnemonic, operands, size = decoded(form, 0, (value, base), offset)
    assert (mnemonic, operands) == (form.name.lower(), f"{names(value)}, {place(base, offset)}")
    assert size == (2 if is_narrow(form is Form.STR, value, base, offset) else 4)


def is_narrow(is_word, value, base, offset):
    if is_word and base == 13:
        return value < 8 and offset % 4 == 0 and offset <= 1020
    if max(value, base) >= 8:
        return False
    return offset % 4 == 0 and offset <= 124 if is_word else offset <= 31


@given(
    target=REGISTERS, distance=st.integers(-4095, 4095) | st.integers(0, 256).map(lambda n: 4 * n)
)
def test_literals(target, distance):
    mnemonic, operands, size = decoded(Form.LDR_LITERAL, target, (), distance)
    assert (mnemonic, operands) == ("ldr", f"{names(target)}, [pc, {number(distance)}]")
    assert size == (2 if target < 8 and distance % 4 == 0 and 0 <= distance <= 1020 else 4)


@given(target=BASES, first=BASES, second=REGISTERS)
def test_addition(target, first, second):
    mnemonic, operands, size = decoded(Form.ADD, target, (first, second))
    assert mnemonic == "add"
    if target == first:
        assert (operands, size) == (names(target, second), 2)
    else:
        assert (operands, size) == (names(target, first, second), 4)


@given(target=REGISTERS, source=BASES, value=st.integers(-4095, 4095))
def test_addition_of_a_number(target, source, value):
    told = decoded(Form.ADD_IMMEDIATE, target, (source,), value)
    name = "addw" if value >= 0 else "subw"
    assert told == (name, f"{names(target, source)}, {number(abs(value))}", 4)


@given(target=REGISTERS, source=BASES)
def test_move(target, source):
    assert decoded(Form.MOV, target, (source,)) == ("mov", names(target, source), 2)


@pytest.mark.parametrize("form", [Form.MOVW, Form.MOVT])
@given(target=REGISTERS, value=st.integers(0, 0xFFFF))
def test_halves(form, target, value):
    told = decoded(form, target, (target,), value)
    assert told == (form.name.lower(), f"{names(target)}, {number(value)}", 4)


@given(target=REGISTERS, source=REGISTERS, bits=st.sampled_from([0, 8, 16, 24]))
def test_extension(target, source, bits):
    rotated = f", ror #{bits}" if bits else ""
    told = decoded(Form.SXTB16, target, (source,), bits)
    assert told == ("sxtb16", names(target, source) + rotated, 4)


@given(target=REGISTERS, first=REGISTERS, second=REGISTERS)
def test_packing(target, first, second):
    three = names(target, first, second)
    assert decoded(Form.PKHBT, target, (first, second)) == ("pkhbt", three + ", lsl #0x10", 4)
    assert decoded(Form.PKHTB, target, (first, second)) == ("pkhtb", three + ", asr #0x10", 4)


@given(target=REGISTERS, first=REGISTERS, second=REGISTERS, bits=SHIFTS)
def test_shifted_operands(target, first, second, bits):
    three = names(target, first, second)
    shift = f", lsl #{bits}" if bits else ""
    assert decoded(Form.ORR_SHIFTED, target, (first, second), bits) == ("orr", three + shift, 4)
    assert decoded(Form.ADD_SIGN, target, (first, second)) == ("add", three + ", asr #31", 4)
    if bits:
        told = decoded(Form.ADD_SHIFTED, target, (first, second), bits)
        assert told == ("add", f"{three}, asr #{bits}", 4)
    mnemonic, operands, size = decoded(Form.SUB, target, (first, second))
    assert (mnemonic.removesuffix(".w"), operands, size) == ("sub", three, 4)  # sets no flags
    assert decoded(Form.BIC_SIGN, target, (first, second)) == ("bic", three + ", asr #31", 4)


@given(target=REGISTERS, source=REGISTERS, bits=RIGHT_SHIFTS)
def test_shifts(target, source, bits):
    for form in (Form.LSL, Form.LSR, Form.ASR):
        told = decoded(form, target, (source,), bits)
        assert told == (form.name.lower(), f"{names(target, source)}, {number(bits)}", 4)


@given(target=REGISTERS, source=REGISTERS, other=REGISTERS, value=st.integers(0, 255))
def test_other_arithmetic(target, source, other, value):
    two = names(target, source)
    assert decoded(Form.RSB, target, (source,), value) == ("rsb", f"{two}, {number(value)}", 4)
    told = decoded(Form.ASR_REGISTER, target, (source, other))
    assert told == ("asr", names(target, source, other), 4)


@given(target=REGISTERS, source=REGISTERS, bits=SHIFTS)
def test_saturation(target, source, bits):
    shift = f", asr {number(bits)}" if bits else ""
    told = decoded(Form.SSAT, target, (source,), bits)
    assert told == ("ssat", f"{names(target)}, #8, {names(source)}{shift}", 4)


@pytest.mark.parametrize(
    "form", [Form.SMLAD, Form.SMLABB, Form.SMLATB, Form.SMLABT, Form.SMLATT, Form.SMMLAR]
)
@given(registers=st.tuples(REGISTERS, REGISTERS, REGISTERS, REGISTERS))
def test_accumulation(form, registers):
    target, *sources = registers
    assert decoded(form, target, sources) == (form.name.lower(), names(*registers), 4)


@given(registers=st.tuples(REGISTERS, REGISTERS, REGISTERS))
def test_multiplication(registers):
    target, *sources = registers
    assert decoded(Form.SMMULR, target, sources) == ("smmulr", names(*registers), 4)


@given(first=REGISTERS, second=REGISTERS)
def test_comparison(first, second):
    assert decoded(Form.CMP, 0, (first, second)) == ("cmp", names(first, second), 2)


@pytest.mark.parametrize(("form", "bits", "short"), [(Form.BNE, 20, 8), (Form.B, 24, 11)])
@given(data=st.data())
def test_branches(form, bits, short, data):
    limit = 1 << bits - 1
    half = data.draw(st.integers(-limit, limit - 1) | st.integers(-(1 << short), 1 << short))
    mnemonic, operands, size = decoded(form, 0, (), 2 * half)
    assert mnemonic == form.name.lower()
    assert int(operands.removeprefix("#"), 0) == ADDRESS + 4 + 2 * half
    assert size == (2 if -(1 << short - 1) <= half < 1 << short - 1 else 4)


@given(bits=st.sets(st.integers(0, 12), min_size=1), special=st.booleans())
def test_lists_of_registers(bits, special):
    for form, extra in ((Form.PUSH, 14), (Form.POP, 15)):
        listed = sorted(bits | ({extra} if special else set()))
        value = sum(1 << register for register in listed)
        if len(listed) < 2:
            with pytest.raises(CodeError, match="list of registers"):
                encode(form, number=value)
            continue
        assert decoded(form, value=value) == (form.name.lower(), f"{{{names(*listed)}}}", 4)


@given(source=REGISTERS)
def test_exchange(source):
    assert decoded(Form.BX, 0, (source,)) == ("bx", names(source), 2)


@pytest.mark.parametrize(
    ("form", "sources", "value"),
    [
        (Form.LDR, (1,), 4096), (Form.LDR, (1,), -4), (Form.LDRB, (1,), 4096),
        (Form.STR, (1, 2), 4096), (Form.STR, (1, 2), -1), (Form.STRB, (1, 2), -1),
        (Form.LDR_LITERAL, (), 4096), (Form.LDR_LITERAL, (), -4096),
        (Form.ADD_IMMEDIATE, (1,), 4096), (Form.ADD_IMMEDIATE, (1,), -4096),
        (Form.MOVW, (), 0x10000), (Form.MOVW, (), -1), (Form.MOVT, (1,), 0x10000),
        (Form.SXTB16, (1,), 4), (Form.SXTB16, (1,), 32), (Form.ORR_SHIFTED, (1, 2), 32),
        (Form.LSL, (1,), 32), (Form.LSR, (1,), 0), (Form.ASR, (1,), 0), (Form.ASR, (1,), -1),
        (Form.RSB, (1,), 256), (Form.RSB, (1,), -1), (Form.SSAT, (1,), 32), (Form.SSAT, (1,), -1),
        (Form.BNE, (), 1 << 20), (Form.BNE, (), -(1 << 20) - 2), (Form.BNE, (), 3),
        (Form.B, (), 1 << 24), (Form.B, (), -(1 << 24) - 2), (Form.B, (), -1),
        (Form.PUSH, (), 0), (Form.PUSH, (), 0x2003), (Form.PUSH, (), 0x8003),
        (Form.POP, (), 0x4003), (Form.POP, (), 0x10003),
    ],
)  # fmt: skip
def test_what_an_instruction_does_not_take_is_refused(form, sources, value):
    with pytest.raises(CodeError, match=f"is -?{value:#x}|is {value}[; ]|is {value} bits"):
        encode(form, 1, sources, value)


@pytest.mark.parametrize(("target", "sources"), [(16, (1,)), (1, (17,)), (-1, (1,))])
def test_virtual_registers_have_no_encoding(target, sources):
    with pytest.raises(CodeError, match="there are 0 to 15"):
        encode(Form.LDR, target, sources, 0)
