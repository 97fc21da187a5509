"""``dvfs report``: a report made again from its document, or two of them side by side."""

from __future__ import annotations

from pathlib import Path

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.difference_tables import print_comparison
from dvfs_kernel.commands.study_options import duty_options

__all__ = ["report"]


@click.command(cls=Command)
@click.argument("document", type=click.Path(path_type=Path), required=False)
@click.option(
    "--compare",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="BEFORE AFTER",
    help="Two folders of dvfs run, or their report.json: what changed, by layer, and why.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for what is written; by default that of DOCUMENT, and none with --compare.",
)
@duty_options
def report(
    document: Path | None,
    compare: tuple[Path, Path] | None,
    output: Path | None,
    period: float | None,
    battery: float | None,
) -> None:
    """Make the page, figures and tables anew from DOCUMENT, a report.json.

    With --compare, put two reports side by side; with -o, write that as difference.html, too. With
    --period or --battery, tell what one inference a period draws from a battery: by what the
    document knows, without a new run.
    """
    if compare is not None:
        if document is not None:
            raise click.UsageError(f"--compare takes two reports and no third: {document}")
        found = dvfs.compare_reports(*compare, output=output)
        print_comparison(found)
        if found.page is not None:
            click.echo(found.page)
        return
    if document is None:
        raise click.UsageError("a DOCUMENT is needed, a report.json, or --compare BEFORE AFTER")
    click.echo(dvfs.write_report(document, output, period=period, battery=battery))
