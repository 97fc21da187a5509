"""Makes Numba's cache notice that a function's constants or callees have changed.

Numba stores compiled code beside the source and compiles again when that one file changes. A
function may take constants and functions from other files, which Numba does not look at. But it
does look at the variables that a function closes over: so each gets one that holds a digest of all
the sources behind its module. Numba looks at its own version and at the processor itself.

The digest is part of the function's qualified name, too, by which Numba names the files: an index
of an older state may name classes that are gone, and reading it would fail.
"""

from __future__ import annotations

from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

from dvfs_kernel.storage.sources import code_digest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["keyed"]


def keyed(function: Callable[..., Any]) -> Any:
    """Return the same function with a digest of the sources behind it in its closure."""
    code = function.__code__
    closed = code.replace(co_freevars=(*code.co_freevars, "_sources"))
    digest = code_digest(function.__module__)
    cells = (*(function.__closure__ or ()), CellType(digest))
    copy = FunctionType(closed, function.__globals__, function.__name__, None, cells)
    copy.__doc__, copy.__module__ = function.__doc__, function.__module__
    copy.__annotations__ = function.__annotations__
    copy.__qualname__ = f"{function.__qualname__}_{digest.hex()[:12]}"
    return copy
