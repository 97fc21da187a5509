"""``dvfs boards``: what ``--board`` may name."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

__all__ = ["boards"]


@click.command()
def boards() -> None:
    """List the boards that are there."""
    from dvfs_kernel.boards.nucleo.serial_ports import st_link_ports  # noqa: PLC0415  slow on some systems

    table = Table("board", "port", "what", box=None)
    table.add_row("virtual", "", "the virtual board, always there")
    for port in st_link_ports():
        table.add_row(f"nucleo:{port.serial_number}", port.device, "an ST-LINK")
    Console(highlight=False).print(table)
