"""Boards by name."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.api import quantity
from dvfs_kernel.boards.base import Board
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dvfs_kernel.boards.board_profile import BoardProfile

    #: What stands for a board that is not open yet.
    BoardName = str | BoardSpec
    #: What stands for a board profile: itself, or the path of its file.
    ProfileLike = BoardProfile | str | os.PathLike[str] | None
    #: Answers whether a physical board that runs another firmware may be programmed.
    Ask = Callable[[str], bool] | None

__all__ = ["board_spec", "load_profile", "open_board", "opened"]


def open_board(
    board: BoardName = "virtual",
    *,
    hse: str | float | None = None,
    pll_lock: str | float = "typ",
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
        Lock latency of an emulated board's PLL: ``"min"``, ``"typ"``, ``"max"``, or seconds.
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
    pll_lock: str | float = "typ",
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
        hse_hz=spec.hse_hz if hse is None else int(quantity.FREQUENCY.parse(hse)),
        pll_lock=spec.pll_lock if pll_lock == "typ" else quantity.pll_lock(pll_lock),
        profile=spec.profile if profile is None else load_profile(profile),
    )


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
    pll_lock: str | float = "typ",
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
    if hse is not None or pll_lock != "typ" or profile is not None:
        raise ArgumentError(
            f"{{board}} is open already, {board.name}: {{hse}}, {{pll_lock}} and {{profile}} are "
            "for one that is not"
        )
    yield board
