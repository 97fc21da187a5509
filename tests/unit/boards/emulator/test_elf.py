"""Executables: what they say, and how broken ones are refused."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dvfs_kernel.boards.emulator.core_registers import Integers
from dvfs_kernel.boards.emulator.elf import Executable, SymbolTable
from dvfs_kernel.boards.emulator.faults import CoreFaultError, FaultReport, FaultStatus
from dvfs_kernel.errors import FileFormatError


def elf(machine=40, *, address=0x08000000, data=b"\x01\x02\x03\x04"):
    header = struct.pack(
        "<4sBBBB8xHHIIIIIHHHHHH",
        b"\x7fELF", 1, 1, 1, 0, 2, machine, 1, address | 1, 52, 0, 0, 52, 32, 1, 40, 0, 0,
    )  # fmt: skip
    program = struct.pack("<IIIIIIII", 1, 84, address, address, len(data), len(data), 5, 4)
    return header + program + data


def test_segments_are_read():
    assert Executable.read(elf()).segments == ((0x08000000, b"\x01\x02\x03\x04"),)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an ELF file"),
        (b"hello", "not an ELF file"),
        (elf(machine=62), "32-bit little-endian Arm"),
        (elf()[:-2], "cut short"),
        (elf(data=b""), "no loadable segment"),
    ],
)
def test_what_is_not_an_executable_for_the_chip_is_refused(data, message):
    with pytest.raises(FileFormatError, match=message):
        Executable.read(data)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"nothing\.elf"):
        Executable.read(tmp_path / "nothing.elf")


@given(some.integers(0, 87), some.integers(0, 255))
def test_a_damaged_file_is_read_or_refused_but_never_crashes(position, value):
    data = bytearray(elf())
    data[position] = value
    with contextlib.suppress(FileFormatError):
        Executable.read(bytes(data))


def test_functions_by_address():
    symbols = SymbolTable([(0x100, 8, "second"), (0x80, 0, "first")])
    assert symbols.function_at(0x7F) is None
    assert symbols.function_at(0x80) == "first"
    assert symbols.function_at(0x84) is None
    assert symbols.function_at(0x106) == "second+0x6"
    assert symbols.function_at(0x108) is None


def test_report_reads_like_a_sentence():
    registers = Integers(*[0] * 13, sp=0x20001000, lr=0x08000123, pc=0x08000200, xpsr=3)
    report = FaultReport.capture(
        "read of 4 bytes at 0x60000000, where nothing is",
        registers,
        time_ps=2_500_000,
        cycles=40,
        status=FaultStatus(cfsr=0x8200, hfsr=0x40000000, bfar=0x60000000),
        symbols=SymbolTable([(0x8000200, 4, "handler")]),
    )
    text = str(CoreFaultError(report))
    assert text.startswith("read of 4 bytes at 0x60000000, where nothing is")
    assert "(PRECISERR)" in text
    assert "the address was 0x60000000" in text
    assert "at pc 0x08000200 (handler), called from lr 0x08000122, in HardFault" in text
    assert "2.500 us, cycle 40" in text
