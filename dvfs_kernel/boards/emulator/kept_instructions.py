"""Decoded instructions, kept by their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator.instruction import LoadedWord

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.instruction import Instruction

__all__ = ["KeptInstructions"]


class KeptInstructions:
    """Instructions that mean the same wherever they stand.

    Capstone takes some fifty microseconds an instruction, and code of layers has hundreds of
    thousands of them. Threads may share this: they replace what is kept by its equal.

    Parameters
    ----------
    most
        How many are kept; one more, and it begins anew.
    """

    def __init__(self, most: int = 1 << 17) -> None:
        self._most = most
        self._items: dict[bytes, Instruction] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._items)

    def keep(self, code: bytes, item: Instruction) -> None:
        """Keep an instruction that the bytes alone tell, but for its address."""
        if len(self._items) >= self._most:
            self._items.clear()
        self._items[code] = _moved(item, item.address)

    def at(self, code: bytes, address: int) -> Instruction | None:
        """Return the instruction of these bytes as it is at an address; None if it is not kept."""
        item = self._items.get(code)
        return None if item is None else _moved(item, address)


def _moved(item: Instruction, address: int) -> Instruction:
    """Copy an instruction to an address; `copy.copy` takes ten times as long."""
    moved = object.__new__(type(item))
    moved.__dict__.update(item.__dict__)
    moved.address = address
    if item.place is not None and item.place.base == 0:  # counted from the instruction itself
        offset = item.place.offset - (item.address + 4 & ~3) + (address + 4 & ~3)
        moved.place = LoadedWord(0, offset)
    return moved
