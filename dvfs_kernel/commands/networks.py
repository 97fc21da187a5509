"""Networks by their names: ``dvfs networks`` lists what is built in."""

from __future__ import annotations

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.console import say
from dvfs_kernel.commands.text_table import TextTable, right

__all__ = ["networks"]


@click.command()
def networks() -> None:
    """List the built-in networks."""
    names = ("layers", "MACs", "parameters", "accuracy")
    table = TextTable("network", "input", *map(right, names))
    records = {name: dvfs.builtin_record(name) for name in dvfs.builtin_networks()}
    for name, record in records.items():
        network = dvfs.load(name)
        shape = " × ".join(map(str, network.tensors[network.input].shape))
        table.add_row(
            name,
            shape,
            str(len(network.layers)),
            f"{sum(network.macs):,}",
            f"{network.parameter_count:,}",
            "–" if record is None else _accuracy(record),
        )
    table.print()
    say("\naccuracy in int8, with half its 95 % interval:")
    for name, record in records.items():
        if record is not None:
            say(f"  {name}: {record.correct:,} of {record.images:,} images of {record.data}")
    say("  –: the weights are random, and the outputs mean nothing")


def _accuracy(record: dvfs.TrainingRecord) -> str:
    """Return the share of test images that a network tells right, as people read it."""
    margin = dvfs.wilson_interval(record.correct, record.images).margin
    return f"{100 * record.accuracy:.1f} ± {100 * margin:.1f} %"
