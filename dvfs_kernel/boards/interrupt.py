"""Ctrl-C while compiled code calls back into Python."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["DeferredInterrupt", "deferred_interrupt"]


class DeferredInterrupt:
    """Whether Ctrl-C was pressed.

    Attributes
    ----------
    pending
        True from the first Ctrl-C on.
    """

    def __init__(self) -> None:
        self.pending = False

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        del number, frame
        self.pending = True


@contextmanager
def deferred_interrupt() -> Iterator[DeferredInterrupt]:
    """Hold Ctrl-C back until the block ends.

    An exception in a callback from compiled code gets lost, and KeyboardInterrupt can appear in
    any of them. The block has to look at ``pending`` now and then, and to end early where it is
    set; KeyboardInterrupt is raised behind it. Where Ctrl-C means something else, or in another
    thread than the main one, nothing is held back.
    """
    interrupt = DeferredInterrupt()
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return
    signal.signal(signal.SIGINT, interrupt.note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupt.pending:
        raise KeyboardInterrupt
