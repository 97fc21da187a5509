"""Boards that stay ready for the next run, and who closes them."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from dvfs_kernel.errors import ExecutorError
from dvfs_kernel.inference.deployed_network import Deployment

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.workload import Workload

__all__ = ["ReadyBoards", "boards_of_thread", "use_boards"]

#: Workloads that take turns find their boards again; a virtual board takes some 17 MB.
MOST_READY = 4


class ReadyBoards:
    """Opens a board for a workload, keeps it for the next run, and closes what it opened.

    Flashing a network and sending it its input takes longer than running it.

    Parameters
    ----------
    most
        So many boards are open at once; for another one, that which was not used for longest is
        closed. One, where there is one board.
    """

    def __init__(self, most: int = MOST_READY) -> None:
        self._most = most
        self._ready: dict[str, Deployment] = {}  # used last comes last

    def deployment(self, workload: Workload) -> Deployment:
        """Return a workload's network on a board.

        Raises
        ------
        DvfsError
            The board cannot be opened or flashed; it is closed again.
        ExecutorError
            It is another kind of board in this process, such as another version of Renode.
        """
        found = self._ready.pop(workload.digest, None)
        if found is None:
            _check_kind(workload)
            while len(self._ready) >= self._most:
                self._ready.pop(next(iter(self._ready))).board.close()
            with ExitStack() as stack:
                board = stack.enter_context(workload.board.open())
                found = Deployment(
                    workload.network,
                    board,
                    firmware=workload.firmware,
                    image=workload.image,
                    by_debugger=True,
                )
                stack.pop_all()
        self._ready[workload.digest] = found
        return found

    def drop(self, workload: Workload) -> None:
        """Close the board of a workload: it may hang in the middle of something."""
        self._ready.pop(workload.digest).board.close()

    def close(self) -> None:
        """Close all of them."""
        while self._ready:
            self._ready.popitem()[1].board.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check_kind(workload: Workload) -> None:
    key = workload.board.key()
    if key != workload.board_key:
        raise ExecutorError(
            f"the board {workload.board} is another one here than where the run is kept: {key}, "
            f"there {workload.board_key}"
        )


# A board is used by one thread: a worker of a cluster may have several.
_own = threading.local()


def use_boards(boards: ReadyBoards) -> None:
    """Have this thread's runs made on somebody's boards, who closes them."""
    _own.boards = boards


def boards_of_thread() -> ReadyBoards:
    """Return the boards of this thread; where nobody gave it any, they end with the process."""
    if not hasattr(_own, "boards"):
        use_boards(ReadyBoards())
    boards: ReadyBoards = _own.boards
    return boards
