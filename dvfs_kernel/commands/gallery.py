"""``dvfs gallery``: the notebooks, executed, as pages for people without Python."""

from __future__ import annotations

from pathlib import Path

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command

__all__ = ["gallery"]


@click.command(cls=Command)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("gallery"),
    show_default=True,
    help="Folder for index.html and a page for each notebook.",
)
@click.option(
    "--network",
    help="Another network for all notebooks: a built-in one, or the path of a .tflite file.",
)
def gallery(output: Path, network: str | None) -> None:
    """Run every notebook and write it as a page that needs nothing else."""
    click.echo(dvfs.write_gallery(output, network=network))
