"""Networks by their names: ``dvfs networks`` lists what is built in."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

import dvfs_kernel as dvfs

__all__ = ["networks"]


@click.command()
def networks() -> None:
    """List the built-in networks."""
    table = Table("network", "input", "layers", "MACs", "parameters", box=None)
    for name in dvfs.builtin_networks():
        network = dvfs.load(name)
        shape = " × ".join(map(str, network.tensors[network.input].shape))
        table.add_row(
            name,
            shape,
            str(len(network.layers)),
            f"{sum(network.macs):,}",
            f"{network.parameter_count:,}",
        )
    Console().print(table)
