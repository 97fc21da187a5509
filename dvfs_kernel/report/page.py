"""``report.html``: one file with everything inside, for screens light and dark, and for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dvfs_kernel.boards.parameters import cited
from dvfs_kernel.clocks.lists import PAPER_EXAMPLE_NOTE
from dvfs_kernel.report import tables
from dvfs_kernel.report.battery import SELF_DISCHARGE, SELF_DISCHARGE_SOURCE, duty_of
from dvfs_kernel.report.figures import figures
from dvfs_kernel.report.findings import findings
from dvfs_kernel.report.glossary import TERMS
from dvfs_kernel.report.glossary_links import linked
from dvfs_kernel.report.numbers import number, percent, quantity, scaled
from dvfs_kernel.report.page_tables import page_tables
from dvfs_kernel.report.style import environment, style_sheet
from dvfs_kernel.report.verdict import asked, cards, saved, sure

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
    templates.filters.update(si=quantity, number=number, percent=percent, scaled=scaled)
    duty = duty_of(document) if document.get("idle") else None
    page = templates.get_template("report.html").render(
        document=document,
        with_files=with_files,
        style=style_sheet(),
        asked=asked(document),
        cards=cards(document),
        saved=list(saved(document)),
        sure=list(sure(document)),
        findings=findings(document),
        duty=duty,
        duties=tables.battery_rows(document, duty) if duty else [],
        self_discharge=SELF_DISCHARGE,
        self_discharge_source=SELF_DISCHARGE_SOURCE,
        figures=[figure.on_page(drawings[figure.name], with_files=with_files) for figure in drawn],
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
    return linked(page.replace(_FILES, _table_links(page)))


def _without_example(note: str | None) -> str:
    """Return what there is to say of the clocks; older documents have the paper's slip there."""
    return (note or "").replace(PAPER_EXAMPLE_NOTE, "").strip()


def _table_links(page: str) -> str:
    """Return the list of the files that hold the page's tables."""
    links = "".join(
        f'<li><a href="{TABLES}/{name}.csv" download>{name}.csv</a></li>\n'
        for name in page_tables(page)
    )
    return f'<ul class="files">\n{links}</ul>'
