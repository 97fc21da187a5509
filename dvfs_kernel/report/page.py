"""``report.html``: one file with everything inside, for screens light and dark, and for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jinja2
from markupsafe import Markup

from dvfs_kernel.report import charts, tables
from dvfs_kernel.report.charts.theme import GRID, INK, MUTED
from dvfs_kernel.report.figures import figures
from dvfs_kernel.report.numbers import percent, quantity, scaled
from dvfs_kernel.report.palette import BLUE
from dvfs_kernel.report.verdict import cards, findings, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dvfs_kernel.report.document import Document
    from dvfs_kernel.report.figures import Figure

__all__ = ["build"]

# Colours of drawings that the style sheet exchanges in the dark.
_COLOURS: Final = {"INK": INK, "MUTED": MUTED, "GRID": GRID, "BLUE": BLUE}


def build(
    document: Document,
    drawn: Sequence[Figure] | None = None,
    drawings: Mapping[str, str] | None = None,
) -> str:
    """Return the page of a checked document; the same document gives the same bytes.

    Parameters
    ----------
    drawn, drawings
        The document's figures and their SVG by name, where they are made already.
    """
    drawn = figures(document) if drawn is None else drawn
    if drawings is None:
        drawings = {figure.name: charts.to_svg(figure.chart, figure.name) for figure in drawn}
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
    return environment.get_template("report.html").render(
        document=document,
        style=Markup(style),  # noqa: S704  our own file
        cards=cards(document),
        findings=findings(document),
        verdict=verdict(document),
        figures=[
            # The drawing comes from the renderer, with every text in it escaped.
            {"figure": figure, "svg": Markup(drawings[figure.name])}  # noqa: S704
            for figure in drawn
        ],
        runs=[(bound, tables.run_rows(bound)) for bound in document["bounds"]],
        layers=[(bound, tables.layer_rows(document, bound)) for bound in document["bounds"]],
        proofs=tables.proof_rows(document),
        checks=tables.check_rows(document),
        clocks=tables.clock_rows(document),
        paper=tables.paper_rows(document),
    )
