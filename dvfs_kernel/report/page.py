"""``report.html``: one file with everything inside, for screens light and dark, and for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jinja2
from markupsafe import Markup

from dvfs_kernel.boards.parameters import cited
from dvfs_kernel.clocks.lists import PAPER_EXAMPLE_NOTE
from dvfs_kernel.report import charts, tables
from dvfs_kernel.report.battery import SELF_DISCHARGE, SELF_DISCHARGE_SOURCE, duty_of
from dvfs_kernel.report.charts.theme import GRID, INK, MUTED
from dvfs_kernel.report.figures import figures
from dvfs_kernel.report.findings import findings
from dvfs_kernel.report.glossary import TERMS
from dvfs_kernel.report.glossary_links import linked
from dvfs_kernel.report.numbers import number, percent, quantity, scaled
from dvfs_kernel.report.palette import BLUE
from dvfs_kernel.report.verdict import asked, cards, saved, sure

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
    environment.filters.update(si=quantity, number=number, percent=percent, scaled=scaled)
    style = environment.loader.get_source(environment, "style.css")[0]  # type: ignore[union-attr]
    for name, colour in _COLOURS.items():
        style = style.replace(f"${name}", colour)
    duty = duty_of(document) if document.get("idle") else None
    rendered = environment.get_template("report.html").render(
        document=document,
        style=Markup(style),  # noqa: S704  our own file
        asked=asked(document),
        cards=cards(document),
        saved=list(saved(document)),
        sure=list(sure(document)),
        findings=findings(document),
        duty=duty,
        duties=tables.battery_rows(document, duty) if duty else [],
        self_discharge=SELF_DISCHARGE,
        self_discharge_source=SELF_DISCHARGE_SOURCE,
        figures=[
            # The drawing comes from the renderer, with every text in it escaped.
            {"figure": figure, "svg": Markup(drawings[figure.name])}  # noqa: S704
            for figure in drawn
        ],
        runs=[(bound, tables.run_rows(bound)) for bound in document["bounds"]],
        layers=[(bound, tables.layer_rows(document, bound)) for bound in document["bounds"]],
        proofs=tables.proof_rows(document),
        checks=tables.check_rows(document),
        limits=tables.check_limits(document),
        clocks=tables.clock_rows(document),
        clock_note=_without_example(document["clocks"].get("note")),
        paper=tables.paper_rows(document),
        paper_note=PAPER_EXAMPLE_NOTE,
        parameters=tables.parameter_rows(document),
        cited=tables.cited_in(document, cited()),
        terms=TERMS,
    )
    return linked(rendered)


def _without_example(note: str | None) -> str:
    """Return what there is to say of the clocks; older documents have the paper's slip there."""
    return (note or "").replace(PAPER_EXAMPLE_NOTE, "").strip()
