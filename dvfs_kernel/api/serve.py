"""``dvfs.serve``: the virtual board as a serial port, for software that talks to a real one."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.api.arguments.image_bytes import image_bytes
from dvfs_kernel.api.board import open_board
from dvfs_kernel.errors import ArgumentError, BoardError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from dvfs_kernel.api.arguments.quantity import PllLockLike
    from dvfs_kernel.api.network import NetworkLike
    from dvfs_kernel.boards.nucleo.pty_server import PtyServer

__all__ = ["ServedBoard", "serve", "served_board"]

# Between two looks of whoever waits: a signal need not wake the thread that it is meant for.
_LOOK_S = 0.5


class ServedBoard:
    """The virtual board behind a pseudo-terminal, served by a thread of its own.

    Parameters
    ----------
    server
        What passes the bytes; it is not running yet.
    """

    def __init__(self, server: PtyServer) -> None:
        self._server = server
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="dvfs-serve", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Board at {self.path}{', gone' if self._ended.is_set() else ''}>"

    def __fspath__(self) -> str:
        return self.path

    @property
    def path(self) -> str:
        """The terminal that programs open as the serial port of a board."""
        return self._server.path

    @property
    def name(self) -> str:
        """What the verbs of this package take as their ``board``."""
        return f"nucleo:{self.path}"

    def wait(self) -> None:
        """Return when the board is gone: by `stop`, or because its firmware ended.

        Raises
        ------
        FirmwareFaultError
            The firmware ended in a fault.
        """
        while not self._ended.wait(_LOOK_S):
            pass
        error, self._error = self._error, None
        if error is not None:
            raise error

    def stop(self) -> None:
        """Take the board away; may be called from a signal handler or another thread."""
        self._server.stop()

    def close(self) -> None:
        """Take the board away and wait until it is gone; raises as `wait`."""
        self.stop()
        self._thread.join()
        self.wait()

    def _serve(self) -> None:
        try:
            self._server.serve()
        except BaseException as error:  # noqa: BLE001  raised again in the thread that waits
            self._error = error
        finally:
            self._ended.set()


@contextmanager
def served_board(
    network: NetworkLike | None = None,
    *,
    hse: str | float | None = None,
    pll_lock: PllLockLike | None = None,
    firmware: str | os.PathLike[str] | None = None,
    link: str | os.PathLike[str] | None = None,
) -> Iterator[ServedBoard]:
    """Put the virtual board behind a pseudo-terminal for as long as a block runs.

    Any program can open the terminal as the serial port of a Nucleo; verbs of this package take
    `ServedBoard.name` as their ``board``.

    Parameters
    ----------
    network
        Put into flash memory beforehand, which is quicker than to send it over the line.
    hse
        HSE of the board; by default that of a board as it is sold.
    pll_lock
        As of `dvfs.open_board`.
    firmware
        An ELF file of your own.
    link
        Make a link to the terminal there; it goes with the board.

    Yields
    ------
    ServedBoard
        Its path, and what ends it.

    Raises
    ------
    ArgumentError
        A network is for the package's own firmware; another one was given.
    BoardError
        There is something at the place of the link that is no link.
    FirmwareFaultError
        The firmware ended in a fault.
    """
    if network is not None and firmware is not None:
        raise ArgumentError("{network} is for the package's own firmware; {firmware} is another")
    image = image_bytes(network)
    # The engine costs half a second to load: not before the arguments are right.
    from dvfs_kernel.boards.nucleo.board import STOCK_HSE_HZ
    from dvfs_kernel.boards.nucleo.pty_server import PtyServer
    from dvfs_kernel.image.firmware import firmware_path

    with open_board(
        "virtual", hse=STOCK_HSE_HZ if hse is None else hse, pll_lock=pll_lock
    ) as board:
        board.flash(firmware_path() if firmware is None else Path(firmware), image)
        board.reset()
        with (
            PtyServer(board) as server,
            _linked(None if link is None else Path(link), server.path),
        ):
            served = ServedBoard(server)
            try:
                yield served
            finally:
                served.close()


def serve(
    network: NetworkLike | None = None,
    *,
    hse: str | float | None = None,
    pll_lock: PllLockLike | None = None,
    firmware: str | os.PathLike[str] | None = None,
    link: str | os.PathLike[str] | None = None,
) -> None:
    """Put the virtual board behind a pseudo-terminal until it is interrupted, and print its path.

    Arguments and errors as of `served_board`, which serves beside what else a program does.

    Raises
    ------
    KeyboardInterrupt
        By Ctrl-C, when the board is gone.
    """
    with served_board(network, hse=hse, pll_lock=pll_lock, firmware=firmware, link=link) as served:
        print(f"the virtual board is at {served.path}; an interrupt takes it away")
        served.wait()


@contextmanager
def _linked(link: Path | None, path: str) -> Iterator[None]:
    if link is None:
        yield
        return
    if link.is_symlink():
        link.unlink()  # of an earlier board
    try:
        link.symlink_to(path)
    except FileExistsError as error:
        raise BoardError.naming(
            f"{link} exists and is no link: name another place with {{link}}"
        ) from error
    try:
        yield
    finally:
        link.unlink(missing_ok=True)
