"""The chip's memories as host memory, seen by the core and by the host at no copy."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from dvfs_kernel.errors import BoardError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Memory", "MemoryMap"]


@dataclass(eq=False)
class Memory:
    """One memory, visible at one or more addresses.

    Parameters
    ----------
    name
        As in the platform description.
    bases
        Where the core sees it.
    size
        Bytes.
    read_only
        Stores by the core do not change it (flash, system memory).
    fill
        Value of every byte before anything is written: 0xFF for erased flash.
    """

    name: str
    bases: tuple[int, ...]
    size: int
    read_only: bool = False
    fill: int = 0
    cells: NDArray[np.uint8] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Anonymous pages: aligned to the host's page, as the engine demands.
        self._pages = mmap.mmap(-1, self.size)
        self.cells = np.frombuffer(self._pages, np.uint8)
        if self.fill:
            self.cells[:] = self.fill

    def read(self, offset: int, size: int) -> int:
        """Return a number, as a device on the bus does."""
        return int.from_bytes(self.cells[offset : offset + size].tobytes(), "little")

    def write(self, offset: int, size: int, value: int) -> None:
        """Store a number, as a device on the bus does."""
        data = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        self.cells[offset : offset + size] = np.frombuffer(data, np.uint8)

    @property
    def host_address(self) -> int:
        """Address of the first byte in this process."""
        return int(self.cells.ctypes.data)


class MemoryMap:
    """Finds memories by the core's address; reads and writes them from the host's side."""

    def __init__(self, memories: tuple[Memory, ...]) -> None:
        self.memories = memories
        self._ranges = [
            (base, base + memory.size, memory) for memory in memories for base in memory.bases
        ]

    def find(self, address: int, length: int = 1) -> tuple[Memory, int] | None:
        """Return the memory that holds all the bytes and their offset, or ``None``."""
        for begin, end, memory in self._ranges:
            if begin <= address and address + length <= end:
                return memory, address - begin
        return None

    def parts(self, address: int, length: int) -> list[tuple[Memory, int, int]]:
        """Split a range where one memory ends and the next begins (SRAM1 and SRAM2).

        Returns
        -------
        list of tuple
            In the order of the addresses: memory, offset in it, bytes.

        Raises
        ------
        BoardError
            Some byte of the range is in no memory.
        """
        found = []
        at, end = address, address + length
        while at < end:
            memory, offset = self.find(at) or self._missing(address, length, at)
            size = min(end - at, memory.size - offset)
            found.append((memory, offset, size))
            at += size
        return found

    def _missing(self, address: int, length: int, at: int) -> NoReturn:
        known = ", ".join(f"0x{begin:08X}-0x{end - 1:08X}" for begin, end, _ in self._ranges)
        raise BoardError(
            f"0x{address:08X}..0x{address + length - 1:08X} is not all memory: nothing is at"
            f" 0x{at:08X}; there are {known}"
        )

    def read(self, address: int, length: int) -> bytes:
        """Return bytes, of one memory or of several that adjoin.

        Raises
        ------
        BoardError
            Some byte of the range is in no memory.
        """
        return b"".join(
            memory.cells[offset : offset + size].tobytes()
            for memory, offset, size in self.parts(address, length)
        )

    def write(self, address: int, data: bytes) -> None:
        """Write bytes, to memories that are read-only for the core too; errors as ``read``.

        Nothing is written where a part of the range is in no memory.
        """
        done = 0
        for memory, offset, size in self.parts(address, len(data)):
            piece = np.frombuffer(data, np.uint8, size, done)
            memory.cells[offset : offset + size] = piece
            done += size

    def read_word(self, address: int) -> int:
        """Return the 32-bit word at an address; errors as ``read``."""
        return int.from_bytes(self.read(address, 4), "little")
