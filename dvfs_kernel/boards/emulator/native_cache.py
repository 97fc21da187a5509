"""The key under which the native hooks are cached: a digest of all their sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvfs_kernel.storage.numba_cache import source_digest, with_digest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["keyed"]

_SOURCES = (
    "state_layout.py",
    "trace.py",
    "state.py",
    "nvic.py",
    "caches.py",
    "unicorn_binding.py",
    "native_calls.py",
    "device_hooks.py",
    "hooks.py",
)


def _digest() -> bytes:
    return source_digest(Path(__file__).parent, _SOURCES)


_DIGEST = _digest()


def keyed(function: Callable[..., Any]) -> Any:
    """Return the same function with the digest in its closure."""
    return with_digest(function, _DIGEST)
