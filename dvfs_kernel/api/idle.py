"""Idle modes by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.link import abi

__all__ = ["idle_mode"]


def idle_mode(name: str, allowed: Sequence[str] = ("sleep", "gated", "stop")) -> abi.IdleMode:
    """Return an idle mode.

    Raises
    ------
    ArgumentError
        There is none of that name.
    """
    from dvfs_kernel.link import abi

    if str(name).lower() not in allowed:
        raise ArgumentError(f"{{idle}} is {name!r}; {', '.join(allowed)} is allowed")
    return abi.IdleMode[name.upper()]
