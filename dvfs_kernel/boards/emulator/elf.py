"""ELF files: what to put where, and which function an address belongs to."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.storage.content import parsing, read_content

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Executable", "SymbolTable"]

_THUMB_BIT = 1
_MOST_SYMBOLS = 1 << 18  # firmware with all of its libraries has a tenth of that


@dataclass
class SymbolTable:
    """Functions by address, and any symbol by name."""

    functions: list[tuple[int, int, str]] = field(default_factory=list)  # begin, size, name
    addresses: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.functions.sort()
        self._begins = [begin for begin, _, _ in self.functions]

    def function_at(self, address: int) -> str | None:
        """Return ``name+0x12`` for an address inside a function, else ``None``."""
        index = bisect_right(self._begins, address) - 1
        if index < 0:
            return None
        begin, size, name = self.functions[index]
        offset = address - begin
        if offset >= max(size, 2):
            return None
        return f"{name}+0x{offset:x}" if offset else name


@dataclass(frozen=True)
class Executable:
    """An ELF file for the chip.

    Attributes
    ----------
    segments : tuple of (int, bytes)
        Physical address and bytes of each loadable segment.
    symbols : SymbolTable
    """

    segments: tuple[tuple[int, bytes], ...]
    symbols: SymbolTable

    def places(self) -> tuple[tuple[int, int], ...]:
        """Return the first and the last address of each segment."""
        return tuple((address, address + len(data) - 1) for address, data in self.segments)

    @classmethod
    def read(cls, source: str | Path | bytes) -> Executable:
        """Read a file or its bytes.

        Raises
        ------
        FileFormatError
            It is not a 32-bit little-endian Arm executable, or damaged.
        """
        name = "the ELF file" if isinstance(source, bytes) else str(source)
        data = source if isinstance(source, bytes) else read_content(source)
        with parsing(f"{name} is not an ELF file, or damaged"):
            elf = ELFFile(BytesIO(data))
            _check_target(elf, name)
            found = [one for one in elf.iter_segments("PT_LOAD") if one["p_filesz"]]
            if sum(segment["p_filesz"] for segment in found) > len(data):
                raise ValueError(
                    f"its segments are larger than the {len(data):,} bytes of the file"
                )
            segments = tuple(
                (int(segment["p_paddr"]), _contents(segment, name)) for segment in found
            )
            symbols = _symbols(elf)
        if not segments:
            raise FileFormatError(f"{name} has no loadable segment")
        return cls(segments, symbols)


def _check_target(elf: Any, name: str) -> None:
    if elf.elfclass != 32 or not elf.little_endian or elf["e_machine"] != "EM_ARM":
        raise FileFormatError(
            f"{name} is for {elf['e_machine']}, {elf.elfclass} bit; a 32-bit little-endian Arm"
            " executable is needed"
        )


def _contents(segment: Any, name: str) -> bytes:
    data: bytes = segment.data()
    if len(data) != segment["p_filesz"]:
        raise FileFormatError(
            f"{name} is cut short: a segment has {len(data)} of {segment['p_filesz']} bytes"
        )
    return data


def _symbols(elf: Any) -> SymbolTable:
    functions = []
    addresses = {}
    left = _MOST_SYMBOLS
    for section in elf.iter_sections():
        if not isinstance(section, SymbolTableSection):
            continue
        left -= section.num_symbols()
        if left < 0:
            raise ValueError(f"it has more than {_MOST_SYMBOLS:,} symbols")
        for symbol in section.iter_symbols():
            kind = symbol["st_info"]["type"]
            value = int(symbol["st_value"])
            if kind == "STT_FUNC":
                begin = value & ~_THUMB_BIT
                functions.append((begin, int(symbol["st_size"]), symbol.name))
                addresses[symbol.name] = begin
            elif kind in {"STT_OBJECT", "STT_NOTYPE"} and symbol.name:
                addresses.setdefault(symbol.name, value)
    return SymbolTable(functions, addresses)
