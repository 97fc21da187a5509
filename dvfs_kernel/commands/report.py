"""``dvfs report``: the page and the figures of a report, made again from its document."""

from __future__ import annotations

from pathlib import Path

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.study_options import duty_options

__all__ = ["report"]


@click.command(cls=Command)
@click.argument("document", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for report.html and figures/; by default that of DOCUMENT.",
)
@duty_options
def report(
    document: Path, output: Path | None, period: float | None, battery: float | None
) -> None:
    """Make report.html and figures/ anew from DOCUMENT, a report.json.

    With --period or --battery, tell what one inference a period draws from a battery: by what the
    document knows, without a new run.
    """
    click.echo(dvfs.write_report(document, output, period=period, battery=battery))
