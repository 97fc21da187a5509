"""Ctrl-C, and the request to end, while compiled code calls back into Python."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["DeferredInterrupt", "deferred_interrupt"]

_NUMBERS: Final = (signal.SIGINT, signal.SIGTERM)


class DeferredInterrupt:
    """Whether Ctrl-C was pressed, or the process was asked to end.

    Attributes
    ----------
    number
        The first signal of these; None as long as there was none.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    @property
    def pending(self) -> bool:
        """True from the first signal on."""
        return self.number is not None

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        del frame
        self.number = self.number or number


@contextmanager
def deferred_interrupt() -> Iterator[DeferredInterrupt]:
    """Hold Ctrl-C and the request to end back until the block ends.

    What a signal raises appears wherever Python is, and between compiled code and what guards a
    callback it would get lost. The block has to look at ``pending`` now and then, and to end early
    where it is set; what the signal does is done behind it. Where Ctrl-C means something else,
    where the request to end is left to the system, or in another thread than the main one, nothing
    is held back.
    """
    interrupt = DeferredInterrupt()
    held: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in _NUMBERS:
            handler = signal.getsignal(number)
            if callable(handler) and (
                number != signal.SIGINT or handler is signal.default_int_handler
            ):
                held[number] = handler
    for held_back in held:
        signal.signal(held_back, interrupt.note)
    try:
        yield interrupt
    finally:
        for held_back, handler in held.items():
            signal.signal(held_back, handler)
    if interrupt.number is not None:
        held[interrupt.number](interrupt.number, None)
