"""The folder of a report: document, page and figures, each file whole or absent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from altair.utils.schemapi import debug_mode

from dvfs_kernel.report import charts, page
from dvfs_kernel.report.document import check, to_json
from dvfs_kernel.report.figures import figures, is_figure
from dvfs_kernel.report.paper import compare
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dvfs_kernel.report.document import Document

__all__ = ["FIGURES", "JSON", "PAGE", "write"]

JSON = "report.json"
PAGE = "report.html"
FIGURES = "figures"

_SUFFIXES = (".svg", ".png")


def write(
    folder: Path,
    document: Document,
    *,
    with_json: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> Path:
    """Write ``report.json``, ``report.html`` and ``figures/``; return the path of the page.

    The table of the paper's numbers is computed anew and put into the document that is written.
    Everything is made before the first file is written, and the page is written last. Figures of an
    earlier report that this one does not have are removed.

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
    drawings: dict[str, str] = {}
    files = {JSON: to_json(document).encode()} if with_json else {}
    # One figure is made a picture while the next one is drawn.
    with ThreadPoolExecutor(1) as painter:
        pictures = {}
        for number, figure in enumerate(drawn):
            if progress is not None:
                progress("figures", number, len(drawn))
            drawings[figure.name] = charts.to_svg(figure.chart, figure.name)
            svg = charts.on_background(drawings[figure.name], "white")
            files[f"{FIGURES}/{figure.name}.svg"] = (svg + "\n").encode()
            pictures[figure.name] = painter.submit(charts.to_png, svg)
        files |= {f"{FIGURES}/{name}.png": made.result() for name, made in pictures.items()}
    files[PAGE] = page.build(document, drawn, drawings).encode()
    if progress is not None:
        progress("figures", len(drawn), len(drawn))
    (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomically(folder / name, data)
    _drop_others(folder / FIGURES, {name.rpartition("/")[2] for name in files})
    return folder / PAGE


def _drop_others(folder: Path, written: set[str]) -> None:
    """Remove figures of an earlier report that this one does not have; other files stay."""
    for path in folder.iterdir():
        ours = path.suffix in _SUFFIXES and is_figure(path.stem)
        if ours and path.name not in written:
            path.unlink()
