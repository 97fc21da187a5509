"""Networks by their names: ``dvfs networks`` lists what is built in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from dvfs_kernel.errors import DvfsError, FileFormatError

if TYPE_CHECKING:
    from dvfs_kernel.networks.network import Network

__all__ = ["load_network", "networks"]


@click.command()
def networks() -> None:
    """List the built-in networks."""
    from dvfs_kernel.networks import zoo  # noqa: PLC0415  building networks costs time

    table = Table("network", "input", "layers", "MACs", "parameters", box=None)
    for name in zoo.NAMES:
        network = zoo.load(name)
        shape = " × ".join(map(str, network.tensors[network.input].shape))
        table.add_row(
            name,
            shape,
            str(len(network.layers)),
            f"{sum(network.macs):,}",
            f"{network.parameter_count:,}",
        )
    Console().print(table)


def load_network(name: str) -> Network:
    """Load a built-in network by its name, or a file.

    Raises
    ------
    FileFormatError
        There is no such network or file, or the file is none.
    UnsupportedOperatorError, NetworkError
        The file's network is not one for this firmware.
    """
    # Networks cost half a second to load: not before the arguments are right.
    from dvfs_kernel.networks import zoo  # noqa: PLC0415
    from dvfs_kernel.networks.tflite_reader import read  # noqa: PLC0415

    if name in zoo.NAMES:
        return zoo.load(name)
    path = Path(name)
    if path.is_file():
        try:
            return read(path)
        except DvfsError as error:
            raise type(error)(f"{name}: {error}") from error
    if path.suffix.lower() == ".tflite" or len(path.parts) > 1:
        raise FileFormatError(f"{name}: there is no such file")
    raise FileFormatError(
        f"{name!r} is no network: the name of a built-in one ({', '.join(zoo.NAMES)}) "
        "or the path of a .tflite file is allowed"
    )
