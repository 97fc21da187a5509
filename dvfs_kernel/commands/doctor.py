"""``dvfs doctor``: what is installed, and what the rest would add."""

from __future__ import annotations

import json

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.text_table import TextTable, left

__all__ = ["doctor"]


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def doctor(*, as_json: bool) -> None:
    """Tell what is installed here, and what each part that is missing would add.

    For a look after installing, and for pasting into a report of a fault.
    """
    result = dvfs.doctor()
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
        return
    table = TextTable("", left("", folds=True), left("", folds=True))
    for component in result.components:
        table.add_row(component.name, component.found or "not there", component.adds)
    table.print()
