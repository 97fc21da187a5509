"""Opening the board that the command line names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dvfs_kernel.boards.base import Board
    from dvfs_kernel.boards.spec import BoardSpec

__all__ = ["open_board"]


def open_board(spec: BoardSpec) -> Board:
    """Open a board; where a person sits at the terminal, ask before its firmware is overwritten."""
    return spec.open(ask=_ask if sys.stdin.isatty() else None)


def _ask(question: str) -> bool:
    return click.confirm(question, err=True)
