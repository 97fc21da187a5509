"""``dvfs networks``: what is built in."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

__all__ = ["networks"]


@click.command()
def networks() -> None:
    """List the built-in networks."""
    from dvfs_kernel import zoo  # noqa: PLC0415  building networks costs time

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
