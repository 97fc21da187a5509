"""The monotonic clock, callable from compiled code, so that a search can honour a deadline."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numba import types

from dvfs_kernel.layered_graph.compiled import compiled

__all__ = ["monotonic_s"]

# A symbol of the C library, resolved when the code is loaded: unlike an address taken through
# ctypes it does not stop Numba from keeping the compiled code on disk.
_clock_gettime: Any = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.intp))
_CLOCK_ID = int(time.CLOCK_MONOTONIC)


@compiled
def monotonic_s() -> float:
    """Return the time of `time.monotonic`, in seconds."""
    timespec = np.empty(2, np.int64)
    _clock_gettime(_CLOCK_ID, timespec.ctypes.data)
    seconds: float = timespec[0] + timespec[1] * 1e-9
    return seconds
