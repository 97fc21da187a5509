"""Makes Numba's cache notice that a function's constants or callees have changed.

Numba stores compiled code beside the source and compiles again when that one file changes. A
function may take constants and functions from neighbouring files, which Numba does not look at. But
it does look at the variables that a function closes over: so each gets one that holds a digest of
all the sources.
"""

from __future__ import annotations

import hashlib
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["source_digest", "with_digest"]


def source_digest(folder: Path, names: Iterable[str]) -> bytes:
    """Return the SHA-256 of files of one folder, in the order of their names."""
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in names)).digest()


def with_digest(function: Callable[..., Any], digest: bytes) -> Any:
    """Return the same function with a digest in its closure."""
    code = function.__code__
    closed = code.replace(co_freevars=(*code.co_freevars, "_sources"))
    cells = (*(function.__closure__ or ()), CellType(digest))
    copy = FunctionType(closed, function.__globals__, function.__name__, None, cells)
    copy.__doc__, copy.__module__ = function.__doc__, function.__module__
    copy.__annotations__, copy.__qualname__ = function.__annotations__, function.__qualname__
    return copy
