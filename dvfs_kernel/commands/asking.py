"""Asking the person at the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ask_at_terminal"]


def ask_at_terminal() -> Callable[[str], bool] | None:
    """Return what asks before a board's firmware is overwritten; None where nobody sits there."""
    return _ask if sys.stdin.isatty() else None


def _ask(question: str) -> bool:
    return click.confirm(question, err=True)
