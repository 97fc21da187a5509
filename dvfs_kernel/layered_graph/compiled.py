"""Compiles this package's hot loops, and keeps the result on disk as long as it is true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from numba import njit

from dvfs_kernel.storage.numba_cache import source_digest, with_digest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled", "compiled_into_callers"]

Function = TypeVar("Function", bound="Callable[..., Any]")

SOURCES = (
    "compact.py",
    "compiled.py",
    "completions.py",
    "core.py",
    "envelope.py",
    "extension.py",
    "halves.py",
    "hull.py",
    "label_buffers.py",
    "label_stages.py",
    "labels.py",
    "merging.py",
    "orthants.py",
    "potentials.py",
    "rests.py",
    "switching.py",
    "trimming.py",
    "wall_clock.py",
    "wanted_region.py",
)


_DIGEST = source_digest(Path(__file__).parent, SOURCES)


def compiled(function: Function) -> Function:
    """Compile a function on its first call, without the interpreter lock while it runs."""
    dispatcher: Any = njit(cache=True, nogil=True)(with_digest(function, _DIGEST))
    result: Function = dispatcher
    return result


def compiled_into_callers(function: Function) -> Function:
    """Compile a function as `compiled` does, and into what calls it: for a stage of a long loop.

    Its many arguments are then not handed over for each layer and state.
    """
    dispatcher: Any = njit(cache=True, nogil=True, forceinline=True)(with_digest(function, _DIGEST))
    result: Function = dispatcher
    return result
