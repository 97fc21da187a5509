"""``dvfs lab``: the notebooks in a browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

import dvfs_kernel as dvfs

__all__ = ["lab"]


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dvfs-notebooks"),
    show_default=True,
    help="Where your copies of the notebooks are; those that are there stay as they are.",
)
@click.option(
    "--voila", is_flag=True, help="Serve a read-only app: panels and words, no code, no copies."
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the server.")
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(
    folder: Path,
    voila: bool,
    port: int | None,
    no_browser: bool,
    jupyter_options: tuple[str, ...],
) -> None:
    """Open the notebooks in JupyterLab.

    What follows two dashes goes to JupyterLab or Voilà: dvfs lab -- --allow-root
    """
    dvfs.require_notebooks("voila" if voila else "jupyterlab", "ipywidgets", "anywidget")
    if voila:
        words = ["voila", str(dvfs.find_notebooks()[0].parent)]
    else:
        for path in dvfs.copy_notebooks(folder):
            click.echo(f"copied {path}")
        words = ["jupyterlab", str((folder / dvfs.find_notebooks()[0].name).resolve())]
    if port is not None:
        words.append(f"--port={port}")
    if no_browser:
        words.append("--no-browser")
    words += jupyter_options
    sys.stdout.flush()
    # The server takes this process's place, and so its Ctrl-C.
    os.execv(sys.executable, [sys.executable, "-m", *words])  # noqa: S606  no shell is wanted
