"""What a conversation needs of a board: a serial line, a clock, and names for messages."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Transport"]


class Transport(Protocol):
    """A serial line to the firmware; every `dvfs_kernel.boards.base.Board` is one."""

    name: str
    reply_timeout_s: float

    @property
    def now_s(self) -> float:
        """The board's own time since some fixed moment."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes to the firmware."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """Return bytes that the firmware sent, as soon as there are any; empty: none in time."""
        ...

    def whereabouts(self) -> str:
        """Tell where the firmware is, for messages; empty where a board cannot know."""
        ...

    def function_at(self, address: int) -> str | None:
        """Name the firmware's function at an address."""
        ...
