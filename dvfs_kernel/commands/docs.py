"""``dvfs docs``: the documentation as a site, with the executed notebooks."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.site_build import build_site, check_place, find_pages, require_sphinx

__all__ = ["docs"]


@click.command()
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/site"),
    show_default=True,
    help="Folder of the site; one that is there is replaced.",
)
@click.option(
    "--notebooks/--no-notebooks",
    default=True,
    show_default=True,
    help="Run the notebooks and put their pages into the site.",
)
@click.option("--network", help="Another network for the notebooks: a name, or a .tflite file.")
@click.option("--check", is_flag=True, help="Fail on warnings, such as links to nowhere.")
@click.option("--no-open", is_flag=True, help="Print the address and open no browser.")
def docs(*, folder: Path, notebooks: bool, network: str | None, check: bool, no_open: bool) -> None:
    """Make this documentation into a site that needs no network, and open it."""
    require_sphinx()
    find_pages()
    check_place(folder)
    if network is not None and not notebooks:
        raise click.UsageError("--network is for the notebooks: it cannot go with --no-notebooks")
    with tempfile.TemporaryDirectory() as place, dvfs.shown_progress() as progress:
        executed = None
        if notebooks:
            executed = dvfs.write_gallery(place, network, progress, home="../gallery.html").parent
        page, warnings = build_site(folder, executed, progress, strict=check)
    if warnings:
        click.echo(warnings, err=True)
    click.echo(page)
    if not no_open:
        webbrowser.open(page.resolve().as_uri())
