"""Makes Numba's cache notice that a function's constants or callees have changed.

Numba stores compiled code beside the source and compiles again when that one file changes. The
hooks take constants and functions from their neighbours, which it does not look at. But it does
look at the variables that a function closes over: so each native function gets one that holds a
digest of all the sources.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["keyed"]

_SOURCES = ("state.py", "caches.py", "hooks.py")


def _digest() -> bytes:
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in _SOURCES)).digest()


_DIGEST = _digest()


def keyed(function: Callable[..., Any]) -> Any:
    """Return the same function with the digest in its closure."""
    code = function.__code__
    closed = code.replace(co_freevars=(*code.co_freevars, "_sources"))
    cells = (*(function.__closure__ or ()), CellType(_DIGEST))
    copy = FunctionType(closed, function.__globals__, function.__name__, None, cells)
    copy.__doc__ = function.__doc__
    copy.__annotations__ = function.__annotations__
    copy.__module__ = function.__module__
    copy.__qualname__ = function.__qualname__
    return copy
