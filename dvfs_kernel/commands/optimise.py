"""``dvfs optimise``: the schedule of least energy for each bound on latency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.many_values import ManyValues
from dvfs_kernel.commands.parameters import NETWORK
from dvfs_kernel.commands.study_options import bench_options, bound_options, space_options
from dvfs_kernel.commands.study_tables import print_optima

__all__ = ["optimise"]


@click.command(cls=ManyValues)
@click.argument("network", type=NETWORK)
@bound_options
@space_options
@bench_options
@click.option(
    "--idle",
    type=click.Choice(["gated", "stop"]),
    default="stop",
    show_default=True,
    help="How the rest of the window is spent.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a plan for each bound into this folder, for dvfs deploy.",
)
def optimise(*, network: str, folder: Path | None, **arguments: Any) -> None:
    """Find the schedule of NETWORK with the least energy within each bound, and prove it.

    Nothing but the exploration is run; dvfs deploy runs a plan, dvfs run does everything.
    """
    result = dvfs.optimise(network, **arguments, ask=ask_at_terminal())
    written = [] if folder is None else result.save(folder)
    print_optima(result)
    for path in written:
        click.echo(path)
