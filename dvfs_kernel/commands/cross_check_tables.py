"""Tables of `dvfs cross-check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from dvfs_kernel.commands.console import open_console

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["print_cross_check"]


def print_cross_check(result: dvfs.CrossCheckResult) -> None:
    """Print what agrees, time and energy by segment, and speed."""
    console = open_console()
    for sheet in result.sheets:
        table = Table(title=sheet.title, title_justify="left", box=None, pad_edge=False)
        for number, heading in enumerate(sheet.headings):
            table.add_column(heading, justify="left" if number < sheet.words else "right")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)
        console.print()
