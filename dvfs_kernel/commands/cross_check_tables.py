"""Tables of `dvfs cross-check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dvfs_kernel.commands.text_table import TextTable, left, right

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["print_cross_check"]


def print_cross_check(result: dvfs.CrossCheckResult) -> None:
    """Print what agrees, time and energy by segment, and speed."""
    for sheet in result.sheets:
        table = TextTable(
            *(left(name, folds=True) for name in sheet.headings[: sheet.words]),
            *map(right, sheet.headings[sheet.words :]),
            titles=sheet.words,
            heading=sheet.title,
        )
        for row in sheet.rows:
            table.add_row(*row)
        table.print()
        click.echo()
