"""What is sent to the firmware, as far as a conversation has to know of it: bytes."""

from __future__ import annotations

from typing import Protocol

__all__ = ["ClockRequest", "ScheduleRequest"]


class ClockRequest(Protocol):
    """A clock setting as the firmware reads it."""

    def to_bytes(self) -> bytes:
        """Return an ``abi.CLOCK``."""
        ...


class ScheduleRequest(Protocol):
    """A schedule as the firmware reads it."""

    def header_bytes(self) -> bytes:
        """Return an ``abi.SCHEDULE_HEADER``."""
        ...

    def clock_bytes(self) -> bytes:
        """Return one ``abi.CLOCK`` for each clock."""
        ...

    def layer_bytes(self) -> bytes:
        """Return one ``abi.LAYER_PLAN`` for each layer."""
        ...
