"""Where tables are printed."""

from __future__ import annotations

from rich.console import Console

__all__ = ["open_console"]

# A table is cut to the terminal; in a file or a pipe it has room for every column.
_WIDTH_WITHOUT_TERMINAL = 140


def open_console() -> Console:
    """Return a console for tables, with room for every column where there is no terminal."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL
    return console
