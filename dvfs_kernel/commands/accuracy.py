"""``dvfs accuracy``: how often a classifier is right on labelled images."""

from __future__ import annotations

import json
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.accuracy_tables import print_accuracy
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.parameters import NETWORK, PATH

__all__ = ["accuracy"]


@click.command(cls=Command)
@click.argument("network", type=NETWORK)
@click.option(
    "--data",
    type=PATH,
    help="CIFAR archive, folder of idx files, of pictures or of .npz files, an .npz file, or "
    "fashion-mnist-sample.",
)
@click.option("--part", type=click.Choice(["test", "train"]), default="test", show_default=True)
@click.option(
    "--limit", type=click.IntRange(1), metavar="IMAGES", help="So many images, drawn at random."
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Of the intervals.",
)
@click.option(
    "--margin",
    type=click.FloatRange(0, min_open=True),
    metavar="POINTS",
    help="Fail where Top-1 is not known to ± so many points.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False),
    help="Folder of kept results; by default the user's cache.",
)
@click.option("--no-cache", is_flag=True, help="Keep nothing, and look up nothing.")
@click.option(
    "--executor",
    default="local",
    show_default=True,
    metavar="WHERE",
    help="local, local:N processes, here (this one), or dask://host:port.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def accuracy(*, network: str, as_json: bool, **arguments: Any) -> None:
    """Tell how often the classifier NETWORK is right on labelled images: Top-1, Top-5, confusion.

    No board runs: outputs are the board's, byte for byte, and thousands of images take seconds.
    """
    result = dvfs.accuracy(network, **arguments)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
    else:
        print_accuracy(result)
