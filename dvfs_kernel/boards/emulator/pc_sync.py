"""Spare Unicorn a search at every observed data access.

Before it calls a data-access hook, Unicorn looks up the guest's program counter from the host's
return address, which takes longer than everything else it does for the access. Nothing here needs
it: the block hook runs with the program counter in place. Unicorn skips the search while a flag
in its engine structure is set, and sets that flag itself when somebody writes the program
counter. The flag has no public name, so its place is found by watching it change; where that does
not give one clear answer, nothing is done and runs are slower.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.boards.emulator.unicorn_binding import arm, const, library
from dvfs_kernel.errors import BoardError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_skip_flag"]


def find_skip_flag(engine: Any, handle: int) -> int:
    """Return the address of the flag, or 0.

    Parameters
    ----------
    engine
        The Unicorn engine; its program counter is set to 0.
    handle
        Address of its structure.
    """
    if not sys.platform.startswith("linux"):
        return 0
    size = _allocated(handle)
    if size == 0:
        return 0

    def look() -> NDArray[np.uint8]:
        return np.frombuffer(ctypes.string_at(handle, size), np.uint8)

    candidates: set[int] | None = None
    for _ in range(2):
        _start_and_fail(handle)
        cleared = look()
        engine.reg_write(arm.UC_ARM_REG_PC, 1)
        written = look()
        changed = set(np.flatnonzero((cleared == 0) & (written == 1)).tolist())
        candidates = changed if candidates is None else candidates & changed
    # Two flags follow the write: "leave the block", early in the structure, and ours, its last
    # member. Anything else means another layout.
    if candidates is None or len(candidates) != 2:
        return 0
    place = max(candidates)
    if size - place > 64:
        return 0
    _start_and_fail(handle)
    return handle + place


def _start_and_fail(handle: int) -> None:
    """Start at an address where nothing is mapped yet: clears the flags, runs nothing."""
    error = library.uc_emu_start(ctypes.c_void_p(handle), 1, 0, 0, 0)
    if error != const.UC_ERR_FETCH_UNMAPPED:
        raise BoardError(f"an engine without memory started: error {error}")


def _allocated(address: int) -> int:
    """Return how many bytes the heap block at an address has, 0 where that cannot be told."""
    usable = getattr(ctypes.CDLL(None), "malloc_usable_size", None)
    if usable is None:
        return 0
    usable.restype = ctypes.c_size_t
    usable.argtypes = [ctypes.c_void_p]
    return int(usable(address))
