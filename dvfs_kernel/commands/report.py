"""``dvfs report``: the page and the figures of a report, made again from its document."""

from __future__ import annotations

from pathlib import Path

import click

from dvfs_kernel.api.progress import shown_progress

__all__ = ["report"]


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for report.html and figures/; by default that of DOCUMENT.",
)
def report(document: Path, folder: Path | None) -> None:
    """Make report.html and figures/ anew from DOCUMENT, a report.json."""
    # The libraries that draw cost half a second to load: not for a wrong argument.
    from dvfs_kernel.report import load, write  # noqa: PLC0415

    data = load(document)
    with shown_progress() as progress:
        page = write(folder or document.parent, data, with_json=False, progress=progress)
    click.echo(page)
