"""``dvfs lab``: the notebooks in a browser."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from dvfs_kernel.errors import MissingExtraError

__all__ = ["lab", "require_notebooks"]


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
    require_notebooks("voila" if voila else "jupyterlab", "ipywidgets", "anywidget")
    # The room of the widgets is one that a plain installation cannot enter.
    from dvfs_kernel.widgets.notebook_files import (  # noqa: PLC0415
        copy_notebooks,
        find_notebooks,
    )

    if voila:
        words = ["voila", str(find_notebooks()[0].parent)]
    else:
        for path in copy_notebooks(folder):
            click.echo(f"copied {path}")
        words = ["jupyterlab", str((folder / find_notebooks()[0].name).resolve())]
    if port is not None:
        words.append(f"--port={port}")
    if no_browser:
        words.append("--no-browser")
    words += jupyter_options
    sys.stdout.flush()
    # The server takes this process's place, and so its Ctrl-C.
    os.execv(sys.executable, [sys.executable, "-m", *words])  # noqa: S606  no shell is wanted


def require_notebooks(*modules: str) -> None:
    """Refuse to go on where the extra ``notebooks`` is not installed.

    Raises
    ------
    MissingExtraError
        Names what is missing.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"{', '.join(missing)} is not installed; the notebooks need "
            "pip install 'dvfs-kernel[notebooks]'"
        )
