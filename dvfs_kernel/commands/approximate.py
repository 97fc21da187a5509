"""``dvfs approximate``: unpacking, skipping and DVFS together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.approximation_tables import print_approximation
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.command import typed_command
from dvfs_kernel.commands.many_values import ManyValues
from dvfs_kernel.commands.parameters import NETWORK, PATH, TIME
from dvfs_kernel.commands.study_options import (
    bound_options,
    joint_bench_options,
    space_options,
)

__all__ = ["approximate"]


@click.command(cls=ManyValues)
@click.argument("network", type=NETWORK)
@click.option(
    "--data",
    type=PATH,
    help="Labelled images with training and test part: CIFAR archive, folder of idx files, of "
    "pictures or of .npz files, an .npz file, or fashion-mnist-sample.",
)
@click.option(
    "--loss",
    multiple=True,
    type=click.FloatRange(0),
    metavar="POINTS …",
    help="Percentage points of Top-1 that may be lost; default 0 0.5 1.",
)
@click.option("--exact", is_flag=True, help="Unpack, and skip nothing: needs no data.")
@click.option(
    "--slack",
    type=float,
    default=1.0,
    show_default=True,
    metavar="ERRORS",
    help="Standard errors by which a plan may lose more on search images.",
)
@click.option(
    "--search-time",
    type=TIME,
    default="120s",
    show_default=True,
    help="After which the search for products to skip begins nothing new.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Divides training images."
)
@bound_options
@space_options
@joint_bench_options
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the report; default dvfs-NETWORK-approximate in this folder.",
)
def approximate(*, network: str, folder: Path | None, **arguments: Any) -> None:
    """Unpack NETWORK's layers into code, skip products that hardly matter, choose its clocks.

    Which products hardly matter is found on training images, what skipping them costs is told of
    test images. For each bound and each loss the schedule of least energy is chosen within a budget
    of flash, run on the board and held against the exact interpreter, byte for byte; each technique
    alone beside it. Writes a folder: report.html, report.json, figures and skip plans.
    """
    result = dvfs.approximate(
        network,
        **arguments,
        output=folder or Path(f"dvfs-{Path(network).stem}-approximate"),
        command=typed_command(),
        ask=ask_at_terminal(),
    )
    print_approximation(result)
    click.echo(result.page)
    result.verify()
