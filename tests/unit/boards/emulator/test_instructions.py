"""Decoding: what is kept by its bytes is what Capstone says at every address."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.boards.emulator import instructions
from dvfs_kernel.boards.emulator.elf import Executable
from dvfs_kernel.boards.emulator.instruction import Instruction, Unit
from dvfs_kernel.boards.emulator.instructions import decode
from dvfs_kernel.boards.emulator.kept_instructions import KeptInstructions
from dvfs_kernel.boards.emulator.pipeline import Pipeline
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.image.firmware import firmware_path

HALVES = st.integers(0, 0xFFFF)
# IT, literals, ADR, branches, accesses that count from PC: what depends on more than its bytes.
PECULIAR = st.sampled_from(
    [b"\x08\xbf", b"\x0c\xbf", b"\x1b\xbf", b"\x01\xbf", b"\x00\xbf", b"\x04\x48", b"\x05\xa1",
     b"\xdf\xf8\x10\x80", b"\x5f\xf8\x08\x20", b"\x9f\xed\x02\x0a", b"\xdf\xe9\x02\x01",
     b"\xfe\xd1", b"\x00\xf0\x02\xf8", b"\x10\xb1", b"\x70\x47", b"\x7b\x44", b"\xff\xff",
     b"\x40\xee", b"\x30\xbc", b"\x00\xbd", b"\xdf\xe8\x00\xf0", b"\x18\x44", b"\x80\x18"]
)  # fmt: skip
CODE = st.lists(HALVES.map(lambda half: half.to_bytes(2, "little")) | PECULIAR, min_size=1)


def plain(code, address):
    """Decode the whole with Capstone, nothing kept."""
    position = 0
    while position < len(code):
        for raw in instructions._decoder.engine.disasm(code[position:], address + position):
            yield instructions._instruction(raw)
            position += raw.size
        if position < len(code):
            first = int.from_bytes(code[position : position + 2], "little")
            size = 4 if first >> 11 in {0b11101, 0b11110, 0b11111} else 2
            yield Instruction(address + position, size, "?", "", Unit.ALU, alone=True)
            position += size


@given(code=CODE.map(b"".join), addresses=st.tuples(HALVES, HALVES))
@settings(max_examples=150)
def test_kept_instructions_equal_those_decoded_anew(code, addresses):
    for half in addresses:  # the second time most are kept
        assert list(decode(code, 2 * half)) == list(plain(code, 2 * half))


def test_blocks_of_the_firmware_cost_the_same(monkeypatch):
    """Blocks cut out of real code: what was kept gives the same account."""
    code = max((content for _, content in Executable.read(firmware_path()).segments), key=len)
    pipeline = Pipeline(TimingParameters())
    random = np.random.default_rng(0)
    begins = 2 * random.integers(0, len(code) // 2 - 64, 100)
    blocks = [(code[begin : begin + 64], int(begin)) for begin in begins]
    kept = [pipeline.analyse(code, address) for code, address in blocks * 2]
    monkeypatch.setattr("dvfs_kernel.boards.emulator.pipeline.decode", plain)
    assert kept == [pipeline.analyse(code, address) for code, address in blocks] * 2


def test_what_is_kept_is_bounded(monkeypatch):
    kept = KeptInstructions(4)
    monkeypatch.setattr(instructions, "_kept", kept)
    for number in range(20):
        list(decode(bytes([number, 0x20]), 0))  # MOVS r0, #number
        assert len(kept) <= 4


def test_who_changes_an_instruction_changes_no_other(monkeypatch):
    monkeypatch.setattr(instructions, "_kept", KeptInstructions())
    literal = b"\xdf\xf8\x10\x80"
    for _ in range(3):
        (item,) = decode(literal, 8)
        assert item.place == (0, 8 + 4 + 16)
        item.place = None


@pytest.mark.parametrize("code", [b"\x00", b"\xdf", b"\xdf\xf8", b"\x08\xbf"])
def test_code_that_ends_too_soon(code):
    assert list(decode(code, 0)) == list(plain(code, 0))
