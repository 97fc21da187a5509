"""A figure of a report: a chart with its name, its place and its caption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from dvfs_kernel.report import charts
from dvfs_kernel.report.figure_table import csv_text, shown_tables

if TYPE_CHECKING:
    import altair as alt

__all__ = ["FIGURES", "Drawing", "Figure"]

#: Folder of the figures' files, beside a page.
FIGURES = "figures"


@dataclass(frozen=True)
class Drawing:
    """A figure as SVG, for a page and for a column as narrow as a telephone."""

    wide: str
    narrow: str


@dataclass(frozen=True)
class Figure:
    """A chart, what it is called and where it belongs.

    Parameters
    ----------
    name
        Of its files, and of its place in the page.
    section
        Of the page.
    caption
        What it shows and how to read it.
    narrow
        Another chart of the same for narrow screens; by default the same one, rearranged.
    """

    name: str
    section: str
    caption: str
    chart: alt.TopLevelMixin
    narrow: alt.TopLevelMixin | None = None

    def draw(self) -> Drawing:
        """Return the figure as drawings."""
        narrow = self.chart if self.narrow is None else self.narrow
        return Drawing(
            charts.to_svg(self.chart, self.name),
            charts.to_narrow_svg(narrow, f"{self.name}-narrow"),
        )

    def tables(self) -> list[charts.ChartTable]:
        """Return what the chart draws, in rows."""
        return charts.chart_tables(self.chart)

    def on_page(self, drawing: Drawing, *, with_files: bool = True) -> dict[str, Any]:
        """Return what the template ``figure.html`` places.

        Drawings come from the renderer, with every text in them escaped.

        Parameters
        ----------
        with_files
            Whether the figure's files lie beside the page, for links to them.
        """
        return {
            "figure": self,
            "with_files": with_files,
            "wide": Markup(drawing.wide),  # noqa: S704
            "narrow": Markup(drawing.narrow),  # noqa: S704
            "tables": shown_tables(self.tables()),
        }

    def files(self, drawing: Drawing) -> dict[str, bytes]:
        """Return the figure's files but its picture, on white, by their paths beside the page."""
        svg = charts.on_background(drawing.wide, "white")
        return {
            f"{FIGURES}/{self.name}.svg": (svg + "\n").encode(),
            f"{FIGURES}/{self.name}.csv": csv_text(self.tables()).encode(),
        }
