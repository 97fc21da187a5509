"""``dvfs clocks``: which clocks a board can have, what they draw, and what changing them costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.clock_tables import print_clocks
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.parameters import BOARD, CLOCKS, FREQUENCY, OutputFile, with_pll_lock

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["clocks"]


@click.command(cls=Command)
@click.option("--hse", type=FREQUENCY, help="HSE of the board, an external clock; default 50MHz.")
@click.option(
    "--clocks",
    type=CLOCKS,
    default="default",
    show_default=True,
    metavar="LIST",
    help=f"{', '.join(dvfs.CLOCK_LISTS)}, or settings such as hse,pll:25/216/2.",
)
@click.option("--sysclk", type=FREQUENCY, help="Only settings that give this SYSCLK.")
@click.option("--iso", is_flag=True, help="Every setting of the same SYSCLKs, the cheapest chosen.")
@click.option("--matrix", is_flag=True, help="Measure what changing between the clocks costs.")
@click.option("--board", type=BOARD, default="virtual", show_default=True, help="For --matrix.")
@with_pll_lock
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--csv", "csv_path", type=OutputFile(".csv"), help="Also write the settings, one a row."
)
def clocks(*, as_json: bool, csv_path: Path | None, **arguments: Any) -> None:
    """List clock settings of a board, those that the data sheet forbids, and their currents."""
    result = dvfs.list_clocks(**arguments, ask=ask_at_terminal())
    if csv_path is not None:
        result.save(csv_path)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
    else:
        print_clocks(result)
