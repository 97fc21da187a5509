"""The chip's memories, read and written from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.boards.emulator.memory import Memory, MemoryMap
from dvfs_kernel.errors import BoardError

PAGE = 4096
BEGIN = 0x20000000
SIZES = (PAGE, 2 * PAGE, PAGE)  # like DTCM, SRAM1 and SRAM2: each begins where the last one ends
END = BEGIN + sum(SIZES)


def adjoining():
    bases = [BEGIN + sum(SIZES[:number]) for number in range(len(SIZES))]
    return MemoryMap(
        tuple(Memory(f"m{base:x}", (base,), size) for base, size in zip(bases, SIZES, strict=True))
    )


def test_memory_is_one_at_all_its_addresses():
    memory = MemoryMap((Memory("flash", (0x200000, 0x8000000), PAGE, read_only=True, fill=0xFF),))
    memory.write(0x200004, b"abc")
    assert memory.read(0x8000003, 5) == b"\xffabc\xff"
    assert memory.read(0x8000000, 0) == b""
    assert memory.read_word(0x8000004) == int.from_bytes(b"abc\xff", "little")
    with pytest.raises(BoardError, match=r"0x08000FFE.*0x08001001.*nothing is at 0x08001000"):
        memory.write(0x8000FFE, b"1234")


@given(st.integers(BEGIN, END), st.integers(0, END - BEGIN), st.randoms(use_true_random=False))
def test_memories_that_adjoin_are_read_and_written_as_one(address, length, random):
    memory = adjoining()
    length = min(length, END - address)
    data = random.randbytes(length)
    memory.write(address, data)
    whole = bytes(address - BEGIN) + data + bytes(END - address - length)
    assert memory.read(address, length) == data
    assert memory.read(BEGIN, END - BEGIN) == whole


@pytest.mark.parametrize(
    ("address", "length"), [(BEGIN - 1, 2), (END - 3, 4), (END, 1), (BEGIN, END - BEGIN + 1)]
)
def test_nothing_is_written_where_a_part_is_in_no_memory(address, length):
    memory = adjoining()
    with pytest.raises(BoardError, match="nothing is at"):
        memory.write(address, bytes([1]) * length)
    with pytest.raises(BoardError, match="nothing is at"):
        memory.read(address, length)
    assert not any(memory.read(BEGIN, END - BEGIN))
