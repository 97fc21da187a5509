"""``dvfs cross-check``: the embedded engine and Renode, held against each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.cross_check_tables import print_cross_check
from dvfs_kernel.commands.parameters import FREQUENCY, OutputFile, with_pll_lock

__all__ = ["cross_check"]


@click.command("cross-check", cls=Command)
@click.argument("network", default="vww")
@click.option("--hse", type=FREQUENCY, help="HSE of the boards, such as 8MHz; default 50 MHz.")
@with_pll_lock
@click.option(
    "--level",
    type=click.Choice(["cycles", "fast"]),
    multiple=True,
    default=("cycles", "fast"),
    show_default=True,
    help="Of fidelity on Renode; can be given twice.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--markdown",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Put the tables into this page, too, between its two comments for them.",
)
@click.option(
    "--table",
    type=OutputFile(".txt"),
    help="Write what the embedded engine takes for one clock, for Renode's $cycles.",
)
def cross_check(*, network: str, as_json: bool, **arguments: Any) -> None:
    """Run NETWORK on the embedded engine and on Renode, and compare.

    Three schedules: one clock, hops within layers, PLL relocks between layers. Fails where outputs,
    instructions or accesses to the clock tree differ, or where time or energy of a layer's segment
    is off by more than 1 % at the level cycles.
    """
    result = dvfs.cross_check(network, **arguments)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
    else:
        print_cross_check(result)
    result.verify()
