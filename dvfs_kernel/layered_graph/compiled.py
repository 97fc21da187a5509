"""Compiles this package's hot loops, and keeps the result on disk as long as it is true.

Numba stores compiled code beside the source and compiles again when that one file changes, but a
function here contains others from neighbouring files. It also looks at the variables a function
closes over: so each gets one that holds a digest of all the sources with compiled code.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled"]

Function = TypeVar("Function", bound="Callable[..., Any]")

SOURCES = (
    "compact.py",
    "compiled.py",
    "completions.py",
    "core.py",
    "envelope.py",
    "hull.py",
    "labels.py",
    "merging.py",
    "potentials.py",
    "switching.py",
    "trimming.py",
    "wall_clock.py",
)


def _digest() -> bytes:
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in SOURCES)).digest()


_DIGEST = _digest()


def compiled(function: Function) -> Function:
    """Compile a function on its first call, without the interpreter lock while it runs."""
    plain: Any = function
    code = plain.__code__
    closed = code.replace(co_freevars=(*code.co_freevars, "_sources"))
    cells = (*(plain.__closure__ or ()), CellType(_DIGEST))
    keyed = FunctionType(closed, plain.__globals__, plain.__name__, None, cells)
    keyed.__doc__, keyed.__module__ = plain.__doc__, plain.__module__
    keyed.__annotations__, keyed.__qualname__ = plain.__annotations__, plain.__qualname__
    dispatcher: Any = njit(cache=True, nogil=True)(keyed)
    result: Function = dispatcher
    return result
