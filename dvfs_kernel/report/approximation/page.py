"""The page of an approximation: one file with everything inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jinja2
from markupsafe import Markup

from dvfs_kernel.report.approximation.papers import paper_rows
from dvfs_kernel.report.approximation.verdict import asked, best_runs, sure
from dvfs_kernel.report.charts.theme import GRID, INK, MUTED
from dvfs_kernel.report.glossary import TERMS
from dvfs_kernel.report.glossary_links import linked
from dvfs_kernel.report.numbers import percent, quantity, scaled
from dvfs_kernel.report.palette import BLUE

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["build"]

_COLOURS: Final = {"INK": INK, "MUTED": MUTED, "GRID": GRID, "BLUE": BLUE}


def build(
    document: dict[str, Any], drawings: Mapping[str, str], captions: Mapping[str, str]
) -> str:
    """Return the page; the same document gives the same bytes.

    Parameters
    ----------
    drawings, captions
        SVG and text of the figures, by name.
    """
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
    rendered = environment.get_template("approximation.html").render(
        document=document,
        asked=asked(document),
        best=list(best_runs(document)),
        sure=list(sure(document)),
        terms=TERMS,
        style=Markup(style),  # noqa: S704  our own file
        figures=[
            # The drawing comes from the renderer, with every text in it escaped.
            {"name": name, "svg": Markup(svg), "caption": captions[name]}  # noqa: S704
            for name, svg in drawings.items()
        ],
        papers=paper_rows(document),
    )
    return linked(rendered)
