"""Compiles the evaluator's loops, and keeps the result on disk as long as it is true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from numba import njit

from dvfs_kernel.storage.numba_cache import source_digest, with_digest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled"]

Function = TypeVar("Function", bound="Callable[..., Any]")

SOURCES = ("batch_loops.py", "compiled.py")

_DIGEST = source_digest(Path(__file__).parent, SOURCES)


def compiled(function: Function) -> Function:
    """Compile a function on its first call, without the interpreter lock while it runs."""
    # Divisions by zero do not occur; looking for them would keep loops from being vectorised.
    make = njit(cache=True, nogil=True, error_model="numpy")
    dispatcher: Any = make(with_digest(function, _DIGEST))
    result: Function = dispatcher
    return result
