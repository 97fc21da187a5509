"""Boards by name."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.boards.base import Board
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.errors import ArgumentError, ScheduleError
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dvfs_kernel.api.arguments.quantity import PllLockLike
    from dvfs_kernel.boards.board_profile import BoardProfile
    from dvfs_kernel.inference.schedule import Schedule

    #: What stands for a board that is not open yet.
    BoardName = str | BoardSpec
    #: What stands for a board profile: itself, or the path of its file.
    ProfileLike = BoardProfile | str | os.PathLike[str] | None
    #: Answers whether a physical board that runs another firmware may be programmed.
    Ask = Callable[[str], bool] | None

__all__ = ["board_for", "board_spec", "load_profile", "open_board", "opened"]


def open_board(
    board: BoardName = "virtual",
    *,
    hse: str | float | None = None,
    pll_lock: PllLockLike | None = None,
    profile: ProfileLike = None,
    ask: Ask = None,
) -> Board:
    """Open a board.

    Parameters
    ----------
    board
        ``"virtual"``, ``"renode"``, ``"renode:cycles"``, ``"nucleo"`` or ``"nucleo:PORT"``.
    hse
        Frequency of the HSE, in hertz or as text such as ``"8MHz"``; by default the board's own.
    pll_lock
        Lock latency of an emulated board's PLL: ``"min"``, ``"mid"``, ``"typ"``, ``"max"``, or a
        time in seconds or as text such as ``"150us"``; by default the board's own.
    profile
        Board profile of a virtual board, or the path of its file.
    ask
        Answers whether a physical board that runs another firmware may be programmed; by default
        it may not.

    Returns
    -------
    Board
        A context manager that closes itself.

    Raises
    ------
    BoardError
        There is no such board, or it does not start.
    QuantityError
        A frequency or a time cannot be read.
    """
    return board_spec(board, hse=hse, pll_lock=pll_lock, profile=profile).open(ask=ask)


def board_spec(
    board: BoardName,
    *,
    hse: str | float | None = None,
    pll_lock: PllLockLike | None = None,
    profile: ProfileLike = None,
) -> BoardSpec:
    """Return a board that is not open yet; arguments as of `open_board`."""
    if isinstance(board, Board):
        raise ArgumentError(
            f"{{board}} is a board that is open already, {board.name}; workers open boards of "
            "their own: a name such as 'virtual' is allowed"
        )
    spec = BoardSpec.parse(board) if isinstance(board, str) else board
    return replace(
        spec,
        hse_hz=spec.hse_hz if hse is None else quantity.FREQUENCY.parse(hse),
        pll_lock=spec.pll_lock if pll_lock is None else quantity.pll_lock(pll_lock),
        profile=spec.profile if profile is None else load_profile(profile),
    )


def board_for(schedule: Schedule, board: BoardName | Board) -> BoardSpec | Board:
    """Return a board with the HSE that a schedule counts on.

    Raises
    ------
    ScheduleError
        The board is open already, with another one.
    """
    if not isinstance(board, Board):
        return replace(board_spec(board), hse_hz=schedule.hse_hz)
    if schedule.hse_hz not in (0, board.hse_hz):
        raise ScheduleError(
            f"the schedule counts on an HSE of {megahertz(schedule.hse_hz)}; the board "
            f"{board.name} is open with one of {megahertz(board.hse_hz)}"
        )
    return board


def load_profile(profile: ProfileLike) -> BoardProfile | None:
    """Return a board profile, read from its file where a path is given.

    Raises
    ------
    FileFormatError
        The file is missing or damaged.
    """
    if not isinstance(profile, str | os.PathLike):
        return profile
    # The engine's parameters cost time to load.
    from dvfs_kernel.boards.board_profile import BoardProfile

    return BoardProfile.load(Path(profile))


@contextmanager
def opened(
    board: BoardName | Board,
    *,
    hse: str | float | None = None,
    pll_lock: PllLockLike | None = None,
    profile: ProfileLike = None,
    ask: Ask = None,
) -> Iterator[Board]:
    """Yield a board: one that is open stays open behind the block, one that is named does not.

    Raises
    ------
    ArgumentError
        A board that is open is told how to be opened.
    """
    if not isinstance(board, Board):
        with open_board(board, hse=hse, pll_lock=pll_lock, profile=profile, ask=ask) as own:
            yield own
        return
    if hse is not None or pll_lock is not None or profile is not None:
        raise ArgumentError(
            f"{{board}} is open already, {board.name}: {{hse}}, {{pll_lock}} and {{profile}} are "
            "for one that is not"
        )
    yield board
