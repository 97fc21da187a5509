"""``dvfs boards``: what ``--board`` may name."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

import dvfs_kernel as dvfs

__all__ = ["boards"]


@click.command()
def boards() -> None:
    """List the boards that are there."""
    table = Table("board", "port", "what", box=None)
    for found in dvfs.list_boards().boards:
        table.add_row(found.board, found.port, found.what)
    Console(highlight=False).print(table)
