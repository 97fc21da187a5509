"""Compiles the evaluator's loops, and keeps the result on disk as long as it is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from numba import njit

from dvfs_kernel.storage.numba_cache import keyed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled"]

Function = TypeVar("Function", bound="Callable[..., Any]")


def compiled(function: Function) -> Function:
    """Compile a function on its first call, without the interpreter lock while it runs."""
    # Divisions by zero do not occur; looking for them would keep loops from being vectorised.
    make = njit(cache=True, nogil=True, error_model="numpy")
    dispatcher: Any = make(keyed(function))
    result: Function = dispatcher
    return result
