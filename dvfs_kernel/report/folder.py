"""The folder of a report: document, page and figures, each file whole or absent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from altair.utils.schemapi import debug_mode

from dvfs_kernel.report import charts, page
from dvfs_kernel.report.continue_notebook import NOTEBOOK, continue_notebook
from dvfs_kernel.report.document import check, to_json
from dvfs_kernel.report.figure import FIGURES
from dvfs_kernel.report.figures import figures, is_figure
from dvfs_kernel.report.page_tables import page_tables
from dvfs_kernel.report.paper import compare
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dvfs_kernel.report.document import Document
    from dvfs_kernel.report.figure import Drawing

__all__ = ["FIGURES", "JSON", "PAGE", "write"]

JSON = "report.json"
PAGE = "report.html"

_SUFFIXES = (".svg", ".png", ".csv")


def write(
    folder: Path,
    document: Document,
    *,
    with_json: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> Path:
    """Write document, page, ``figures/``, ``tables/`` and a notebook; return the page's path.

    The table of the paper's numbers is computed anew and put into the document that is written.
    Everything is made before the first file is written, and the page is written last. Figures and
    tables of an earlier report that this one does not have are removed.

    Parameters
    ----------
    folder
        Made where it is missing.
    with_json
        Whether to write ``report.json``.
    progress
        Told of figures drawn.

    Raises
    ------
    FileFormatError
        The document is incomplete or contradicts itself.
    OSError
        The folder cannot be made or written to.
    """
    document = {**check(document), "paper": compare(document)}
    # Charts are checked against Vega-Lite's schema in the tests, not at every report.
    with debug_mode(arg=False):
        drawn = figures(document)
    drawings: dict[str, Drawing] = {}
    files = {JSON: to_json(document).encode()} if with_json else {}
    # One figure is made a picture while the next one is drawn.
    with ThreadPoolExecutor(1) as painter:
        pictures = {}
        for number, figure in enumerate(drawn):
            if progress is not None:
                progress("figures", number, len(drawn))
            drawings[figure.name] = figure.draw()
            made = figure.files(drawings[figure.name])
            files |= made
            svg = made[f"{FIGURES}/{figure.name}.svg"].decode()
            pictures[figure.name] = painter.submit(charts.to_png, svg)
        files |= {f"{FIGURES}/{name}.png": picture.result() for name, picture in pictures.items()}
    text = page.build(document, drawn, drawings)
    tables = {f"{page.TABLES}/{name}.csv": data for name, data in page_tables(text).items()}
    files |= {name: data.encode() for name, data in tables.items()}
    files[NOTEBOOK] = continue_notebook(document).encode()
    files[PAGE] = text.encode()
    if progress is not None:
        progress("figures", len(drawn), len(drawn))
    for name in (FIGURES, page.TABLES):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomically(folder / name, data)
    _drop_figures(folder / FIGURES, {name.rpartition("/")[2] for name in files})
    _drop_tables(folder / page.TABLES, set(files))
    return folder / PAGE


def _drop_figures(folder: Path, written: set[str]) -> None:
    """Remove figures of an earlier report that this one does not have; other files stay."""
    for path in folder.iterdir():
        ours = path.suffix in _SUFFIXES and is_figure(path.stem)
        if ours and path.name not in written:
            path.unlink()


def _drop_tables(folder: Path, written: set[str]) -> None:
    """Remove tables of an earlier report that this one does not have."""
    for path in folder.glob("*.csv"):
        if f"{page.TABLES}/{path.name}" not in written:
            path.unlink()
