"""``dvfs report``: the page and the figures of a report, made again from its document."""

from __future__ import annotations

from pathlib import Path

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command

__all__ = ["report"]


@click.command(cls=Command)
@click.argument("document", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for report.html and figures/; by default that of DOCUMENT.",
)
def report(document: Path, output: Path | None) -> None:
    """Make report.html and figures/ anew from DOCUMENT, a report.json."""
    click.echo(dvfs.write_report(document, output))
