"""``report.html``: one file with everything inside, for screens light and dark, and for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dvfs_kernel.report import tables
from dvfs_kernel.report.figures import figures
from dvfs_kernel.report.numbers import percent, quantity, scaled
from dvfs_kernel.report.page_tables import page_tables
from dvfs_kernel.report.style import environment, style_sheet
from dvfs_kernel.report.verdict import cards, findings, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dvfs_kernel.report.document import Document
    from dvfs_kernel.report.figure import Drawing, Figure

__all__ = ["TABLES", "build"]

#: Folder of the tables as CSV, beside the page.
TABLES: Final = "tables"

# Where the template leaves room for their list.
_FILES: Final = "$FILES"


def build(
    document: Document,
    drawn: Sequence[Figure] | None = None,
    drawings: Mapping[str, Drawing] | None = None,
    *,
    with_files: bool = True,
) -> str:
    """Return the page of a checked document; the same document gives the same bytes.

    Parameters
    ----------
    drawn, drawings
        The document's figures and their drawings by name, where they are made already.
    with_files
        Whether the files of its folder lie beside the page, for links to them.
    """
    drawn = figures(document) if drawn is None else drawn
    if drawings is None:
        drawings = {figure.name: figure.draw() for figure in drawn}
    templates = environment()
    templates.filters.update(si=quantity, percent=percent, scaled=scaled)
    page = templates.get_template("report.html").render(
        document=document,
        with_files=with_files,
        style=style_sheet(),
        cards=cards(document),
        findings=findings(document),
        verdict=verdict(document),
        figures=[figure.on_page(drawings[figure.name], with_files=with_files) for figure in drawn],
        runs=[(bound, tables.run_rows(bound)) for bound in document["bounds"]],
        layers=[(bound, tables.layer_rows(document, bound)) for bound in document["bounds"]],
        proofs=tables.proof_rows(document),
        checks=tables.check_rows(document),
        clocks=tables.clock_rows(document),
        paper=tables.paper_rows(document),
    )
    return page.replace(_FILES, _table_links(page))


def _table_links(page: str) -> str:
    """Return the list of the files that hold the page's tables."""
    links = "".join(
        f'<li><a href="{TABLES}/{name}.csv" download>{name}.csv</a></li>\n'
        for name in page_tables(page)
    )
    return f'<ul class="files">\n{links}</ul>'
