"""A board behind a pseudo-terminal: to programs it is a serial port with a board at its end."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from typing import TYPE_CHECKING, Self

from dvfs_kernel.errors import BoardLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.boards.base import Board

__all__ = ["Line", "PtyServer"]

# How long the board runs between two looks at the line.
_SLICE_S = 0.01
_READ_MOST = 65536
# What nobody reads for this long is lost, as on a wire.
_SEND_TIMEOUT_S = 1.0


class Line:
    """What the bytes go through on their way; this one leaves them as they are.

    Tests put their faults here. Either method may raise `BoardLostError` to pull the plug.
    """

    def to_board(self, data: bytes) -> bytes:
        """Return what arrives of bytes that a program sent."""
        return data

    def to_host(self, data: bytes) -> bytes:
        """Return what arrives of bytes that the firmware sent."""
        return data


class PtyServer:
    """Serves a board that is emulated, at the pace of the wall clock or as fast as it goes.

    The board's time never runs ahead of the computer's. Where the emulation is slower than the
    chip, programs wait longer, and nothing else changes: the firmware sees its own time only.

    Parameters
    ----------
    board
        A board whose time passes in `Board.read`; it stays the caller's.
    line
        What the bytes go through.

    Attributes
    ----------
    path
        The terminal that programs open.
    """

    def __init__(self, board: Board, line: Line | None = None) -> None:
        self._board = board
        self._line = line or Line()
        self._master, self._slave = os.openpty()
        # Held open: the line neither echoes nor ends when a program closes it.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._wake_read, self._wake_write = os.pipe()
        self._closed = False
        # Reentrant: a signal handler may call `stop` while the main thread is in it.
        self._closing = threading.RLock()

    def serve(self, watch: Callable[[], None] | None = None) -> None:
        """Pass bytes until `stop`, or until the line is cut.

        Parameters
        ----------
        watch
            Called between two slices of the board's time.

        Raises
        ------
        FirmwareFaultError
            The firmware ended the board.
        """
        try:
            self._serve(watch)
        except BoardLostError:
            pass  # the line pulled the plug
        finally:
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """Let `serve` return; may be called from another thread. Programs see the board vanish."""
        with self._closing:
            if not self._closed:
                os.write(self._wake_write, b"x")

    def _serve(self, watch: Callable[[], None] | None) -> None:
        begin_s, start_s = self._board.now_s, time.monotonic()
        wait_s = 0.0
        while True:
            ready, _, _ = select.select([self._master, self._wake_read], [], [], wait_s)
            if self._wake_read in ready:
                return
            if ready:
                self._board.write(self._line.to_board(os.read(self._master, _READ_MOST)))
            sent = self._board.read(_SLICE_S)
            if sent:
                self._send(self._line.to_host(sent))
            if watch is not None:
                watch()
            wait_s = (self._board.now_s - begin_s) - (time.monotonic() - start_s)
            if wait_s < 0:  # the board is late; it does not hurry to make up for it
                begin_s, start_s = self._board.now_s, time.monotonic()
                wait_s = 0.0

    def _send(self, data: bytes) -> None:
        until_s = time.monotonic() + _SEND_TIMEOUT_S
        while data:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                left_s = until_s - time.monotonic()
                if left_s <= 0:
                    return
                select.select([], [self._master], [], left_s)

    def close(self) -> None:
        """Take the terminal away; `serve` does so when it ends."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
                os.close(descriptor)
