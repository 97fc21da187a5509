"""The program behind ``python -m dvfs_kernel.approximation.training``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from dvfs_kernel.approximation.data.loading import load_parts
from dvfs_kernel.approximation.training.course import make, pytorch
from dvfs_kernel.approximation.training.recipe import NAMES, recipe
from dvfs_kernel.errors import DvfsError
from dvfs_kernel.networks.zoo import trained
from dvfs_kernel.networks.zoo.trained.weights_file import write


@click.command()
@click.argument("name", type=click.Choice(NAMES))
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    help="The data set that the network is trained and tested on.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the trained network; in the package's own place where none is given.",
)
def main(name: str, data: Path, output: Path | None) -> None:
    """Train a built-in classifier, quantise it to int8 and write its file.

    What is interrupted goes on after its last whole epoch when it is called again.
    """
    path = trained.FOLDER / f"{name}.npz" if output is None else output
    began = time.monotonic()

    def say(line: str) -> None:
        click.echo(f"{time.monotonic() - began:7.1f} s  {line}")

    try:
        pytorch()  # what is missing is told before data are read
        wanted = recipe(name)
        training, test = load_parts(data, shape=wanted.shape)
        checkpoint = path.with_name(f".{path.name}.checkpoint")
        made = make(
            wanted,
            training,
            test,
            checkpoint=checkpoint,
            say=say,
        )
        write(path, made)
        checkpoint.unlink(missing_ok=True)
    except (DvfsError, OSError) as error:
        raise click.ClickException(str(error)) from error
    say(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(prog_name="python -m dvfs_kernel.approximation.training")
