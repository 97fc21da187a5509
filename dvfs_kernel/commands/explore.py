"""``dvfs explore``: what every layer costs at every granularity and clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.many_values import ManyValues
from dvfs_kernel.commands.parameters import NETWORK, OutputFile
from dvfs_kernel.commands.study_options import bench_options, space_options
from dvfs_kernel.commands.study_tables import print_exploration

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["explore"]


@click.command(cls=ManyValues)
@click.argument("network", type=NETWORK)
@space_options
@bench_options
@click.option(
    "-o",
    "--output",
    type=OutputFile(".csv"),
    help="Write every option, one row a layer, granularity, clock and LFO.",
)
def explore(*, network: str, output: Path | None, **arguments: Any) -> None:
    """Explore NETWORK: time and energy of every layer at every granularity and clock.

    One run for each granularity gives counters from which every clock follows; samples are run at
    their real clocks, and the command fails where they disagree.
    """
    result = dvfs.explore(network, **arguments, ask=ask_at_terminal())
    if output is not None:
        result.save(output)
    print_exploration(result)
    result.verify()
