"""``dvfs calibrate``: a board's profile from what was measured on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.console import say
from dvfs_kernel.commands.parameters import PATH, OutputFile
from dvfs_kernel.commands.text_table import TextTable, left, right

__all__ = ["calibrate"]


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--network", help="The network that was measured, where it is a file of yours.")
@click.option(
    "--input",
    type=PATH,
    help="What dvfs measure was given; by default a sample picture.",
)
@click.option("-o", "--output", type=OutputFile(".toml"), default="board.toml", show_default=True)
@click.option("--name", default="", help="What the board is called in the profile.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME",
    help="Fit this one, such as current.work_c_per_v; may stand several times. Default: all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def calibrate(*, files: tuple[Path, ...], output: Path, as_json: bool, **arguments: Any) -> None:
    """Fit the virtual board's parameters to FILES, which dvfs measure --raw wrote.

    Writes a board profile for --profile. Parameters that the measurements do not identify keep
    their values and are named; measurements from which nothing follows are refused, and nothing is
    written. At least three schedules have to be among them, the baseline being one.
    """
    result = dvfs.calibrate(files, **arguments, output=output)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=1))
    else:
        _print(result)
        click.echo(output)


def _print(result: dvfs.CalibrationResult) -> None:
    table = TextTable("parameter", right("was"), right("is"), right("95 % ±"), left("", folds=True))
    for name, value in result.present.items():
        estimate = result.fitted.get(name)
        cells = ("", "", f"kept: {result.kept.get(name, '')}")
        if estimate is not None:
            cells = (f"{estimate.mean:.4g}", f"{estimate.half_width:.2g}", "")
        table.add_row(name, f"{value:.4g}", *cells)
    table.print()
    time_before, time_after = result.time_error
    current_before, current_after = result.current_error
    left_out_before, left_out_after = result.left_out_error
    say(
        f"\ndurations are {time_after:.2%} off instead of {time_before:.2%}, currents "
        f"{current_after:.2%} instead of {current_before:.2%}; schedules that were left out are "
        f"predicted {left_out_after:.2%} off instead of {left_out_before:.2%}"
    )
