"""``dvfs validate``: published figures of the chip, or a board, against the virtual board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.inference_options import with_shunt
from dvfs_kernel.commands.parameters import BOARD, PROFILE
from dvfs_kernel.commands.validation_tables import print_comparison, print_validation

__all__ = ["validate"]

_SOURCES = click.Path(file_okay=False, path_type=Path)


@click.command(cls=Command)
@click.option("--coremark", type=_SOURCES, help="Folder of EEMBC's CoreMark, to build and run.")
@click.option("--dhrystone", type=_SOURCES, help="Folder of Dhrystone 2.1 in C, likewise.")
@click.option("--profile", type=PROFILE, help="A board profile (TOML) instead of the defaults.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option("--board", type=BOARD, help="Compare with this board instead, such as nucleo.")
@click.option("--network", default="vww", show_default=True, help="What it runs, with --board.")
@click.option(
    "--energy/--no-energy",
    default=True,
    show_default=True,
    help="Measure by its INA219, with --board.",
)
@with_shunt("Of its INA219, with --board.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the page, with --board; default dvfs-validation in this folder.",
)
def validate(
    *,
    coremark: Path | None,
    dhrystone: Path | None,
    profile: Path | None,
    as_json: bool,
    board: dvfs.BoardSpec | None,
    folder: Path | None,
    **comparing: Any,
) -> None:
    """Compare the virtual board with what is published of the chip.

    Pipeline rules, cycle figures, times, every row of the data sheet's current tables, and a whole
    network: each with its source and its error, then the mean of each group. CoreMark and Dhrystone
    do not come with this package; their folders are named by options, and a compiler builds them.

    With --board the same image and schedules run there and on the virtual board, and a page tells
    where they differ, by layer and segment, in time, cycles and measured energy.
    """
    if board is not None:
        # The face has a verb for each, which takes nothing of the other.
        if coremark or dhrystone or as_json:
            raise click.UsageError(
                "--coremark, --dhrystone and --json are for published figures, not for a --board"
            )
        found = dvfs.compare_boards(board, **comparing, profile=profile, ask=ask_at_terminal())
        if found.sensor_missing:
            click.echo("no INA219 answers: energies are left out", err=True)
        print_comparison(found)
        click.echo(found.save(folder or Path("dvfs-validation")))
        return
    result = dvfs.validate(coremark=coremark, dhrystone=dhrystone, profile=profile)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
    else:
        print_validation(result)
    for name, where_from in result.left_out.items():
        click.echo(f"{name} was left out; its sources: {where_from}", err=True)
