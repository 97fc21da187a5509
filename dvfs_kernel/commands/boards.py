"""``dvfs boards``: what ``--board`` may name."""

from __future__ import annotations

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.text_table import TextTable, left

__all__ = ["boards"]


@click.command()
def boards() -> None:
    """List the boards that are there."""
    table = TextTable("board", "port", left("what", folds=True))
    for found in dvfs.list_boards().boards:
        table.add_row(found.board, found.port, found.what)
    table.print()
