"""The page of an approximation: one file with everything inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.report.approximation.papers import paper_rows
from dvfs_kernel.report.approximation.verdict import asked, best_runs, sure
from dvfs_kernel.report.glossary import TERMS
from dvfs_kernel.report.glossary_links import linked
from dvfs_kernel.report.numbers import percent, quantity, scaled
from dvfs_kernel.report.style import environment, style_sheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dvfs_kernel.report.figure import Drawing, Figure

__all__ = ["build"]


def build(
    document: dict[str, Any], drawn: Sequence[Figure], drawings: Mapping[str, Drawing]
) -> str:
    """Return the page; the same document gives the same bytes.

    Parameters
    ----------
    drawn, drawings
        The figures, and their drawings by name.
    """
    templates = environment()
    templates.filters.update(si=quantity, percent=percent, scaled=scaled)
    rendered = templates.get_template("approximation.html").render(
        document=document,
        asked=asked(document),
        best=list(best_runs(document)),
        sure=list(sure(document)),
        terms=TERMS,
        style=style_sheet(),
        figures=[figure.on_page(drawings[figure.name]) for figure in drawn],
        papers=paper_rows(document),
    )
    return linked(rendered)
