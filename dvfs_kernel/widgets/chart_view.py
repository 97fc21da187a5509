"""A chart that a panel exchanges while the page stays."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import altair as alt
import ipywidgets
from altair.utils.schemapi import debug_mode

from dvfs_kernel.report.charts import to_svg
from dvfs_kernel.report.charts.theme import config
from dvfs_kernel.widgets.mode import is_static

if TYPE_CHECKING:
    from collections.abc import Callable

    from altair.typing import ChartType

__all__ = ["ChartView"]

# SVG keeps the texts selectable, the label for screen readers, and colours that CSS can change.
_EMBEDDING = {"renderer": "svg", "actions": {"export": True, "source": False, "editor": False}}


class ChartView(ipywidgets.Box):  # type: ignore[misc]  # ipywidgets ships no types
    """Shows an Altair chart, drawn by the browser; nothing is fetched from the network.

    Attributes
    ----------
    chart
        What is shown; None for nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.add_class("dvfs-chart")
        self.chart: ChartType | None = None
        self.children: tuple[Any, ...]
        self._view: Any = None

    def draw(self, draw: Callable[..., ChartType], *args: Any, **options: Any) -> None:
        """Show a chart of `dvfs_kernel.report.charts` in place of the last one.

        What every argument has to look like is checked by the charts' own tests, not at each move
        of a slider: that would take longer than everything else.
        """
        with debug_mode(arg=False):
            self._show(draw(*args, **options))

    def clear(self) -> None:
        """Show nothing."""
        self._show(None)

    def _show(self, chart: ChartType | None) -> None:
        self.chart = chart
        if is_static():
            return
        if chart is None:
            self.children = ()
            self._view = None
            return
        # Vega does without Python what happens inside a chart, so the view needs no chart of
        # Altair's to listen to; copying and checking it would take longer than drawing it.
        specification = _themed(chart).to_dict(validate=False)
        if self._view is None:
            self._view = _live_class()(None, embed_options=_EMBEDDING)
            self._view.spec = specification
            self.children = (self._view,)
        else:
            self._view.spec = specification

    def still(self) -> str:
        """Return the chart as SVG, with its text alternative."""
        if self.chart is None:
            return ""
        return f'<div class="dvfs-chart">{to_svg(self.chart, f"chart{id(self):x}")}</div>'


@cache
def _live_class() -> Any:
    """Return the widget's class with Vega inside it, instead of an address that it comes from."""
    alt.JupyterChart.enable_offline(offline=True)
    return alt.JupyterChart


def _themed(chart: ChartType) -> ChartType:
    copy: ChartType = chart.copy(deep=False)
    copy.config = alt.Config(**config())
    return copy
