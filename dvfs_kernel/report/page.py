"""``report.html``: one file with everything inside, for screens light and dark, and for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jinja2
from markupsafe import Markup

from dvfs_kernel.report import tables
from dvfs_kernel.report.charts.theme import GRID, INK, MUTED
from dvfs_kernel.report.figure_table import shown_tables
from dvfs_kernel.report.figures import figures
from dvfs_kernel.report.numbers import percent, quantity, scaled
from dvfs_kernel.report.page_tables import page_tables
from dvfs_kernel.report.palette import BLUE
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

# Colours of drawings that the style sheet exchanges in the dark.
_COLOURS: Final = {"INK": INK, "MUTED": MUTED, "GRID": GRID, "BLUE": BLUE}


def build(
    document: Document,
    drawn: Sequence[Figure] | None = None,
    drawings: Mapping[str, Drawing] | None = None,
) -> str:
    """Return the page of a checked document; the same document gives the same bytes.

    Parameters
    ----------
    drawn, drawings
        The document's figures and their drawings by name, where they are made already.
    """
    drawn = figures(document) if drawn is None else drawn
    if drawings is None:
        drawings = {figure.name: figure.draw() for figure in drawn}
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dvfs_kernel.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(si=quantity, percent=percent, scaled=scaled)
    style = environment.loader.get_source(environment, "style.css")[0]  # type: ignore[union-attr]
    for name, colour in _COLOURS.items():
        style = style.replace(f"${name}", colour)
    page = environment.get_template("report.html").render(
        document=document,
        style=Markup(style),  # noqa: S704  our own file
        cards=cards(document),
        findings=findings(document),
        verdict=verdict(document),
        figures=[
            {
                "figure": figure,
                # Drawings come from the renderer, with every text in them escaped.
                "wide": Markup(drawings[figure.name].wide),  # noqa: S704
                "narrow": Markup(drawings[figure.name].narrow),  # noqa: S704
                "tables": shown_tables(figure.tables()),
            }
            for figure in drawn
        ],
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
