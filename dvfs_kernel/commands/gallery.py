"""``dvfs gallery``: the notebooks, executed, as pages for people without Python."""

from __future__ import annotations

from pathlib import Path

import click

from dvfs_kernel.api.progress import shown_progress
from dvfs_kernel.commands.lab import require_notebooks

__all__ = ["gallery"]


@click.command()
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("gallery"),
    show_default=True,
    help="Folder for index.html and a page for each notebook.",
)
@click.option(
    "--network",
    help="Another network for all notebooks: a built-in one, or the path of a .tflite file.",
)
def gallery(folder: Path, network: str | None) -> None:
    """Run every notebook and write it as a page that needs nothing else."""
    require_notebooks("nbclient", "nbconvert", "ipykernel", "ipywidgets")
    # These cost a second to load: not for a wrong argument.
    from dvfs_kernel.api.network import load as load_network  # noqa: PLC0415
    from dvfs_kernel.widgets.gallery import write_gallery  # noqa: PLC0415

    if network is not None:
        load_network(network)
        if Path(network).is_file():
            network = str(Path(network).resolve())  # notebooks run in the folder of the pages
    with shown_progress() as progress:
        page = write_gallery(folder, network, progress)
    click.echo(page)
