"""``dvfs run``: explore, optimise, deploy, verify, report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.command import typed_command
from dvfs_kernel.commands.many_values import ManyValues
from dvfs_kernel.commands.parameters import NETWORK
from dvfs_kernel.commands.study_options import (
    bench_options,
    bound_options,
    duty_options,
    space_options,
)
from dvfs_kernel.commands.study_tables import print_study

__all__ = ["run"]


@click.command(cls=ManyValues)
@click.argument("network", type=NETWORK)
@bound_options
@space_options
@bench_options
@duty_options
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the report; default dvfs-NETWORK in this folder.",
)
def run(*, network: str, folder: Path | None, **arguments: Any) -> None:
    """Find, prove and run the schedules of NETWORK with the least energy within each bound.

    Explores every layer, optimises for each bound, runs the optimum and what one would have shipped
    instead in windows of equal length, and writes a folder: report.html, report.json,
    exploration.csv, a plan for each bound (for dvfs deploy) and the figures.
    """
    result = dvfs.study(
        network,
        **arguments,
        output=folder or Path(f"dvfs-{Path(network).stem}"),
        command=typed_command(),
        ask=ask_at_terminal(),
    )
    print_study(result)
    click.echo(result.page)
    result.verify()
