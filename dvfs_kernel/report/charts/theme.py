"""One look for every chart, and the colours that a page may exchange in the dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from dvfs_kernel.report.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "GRID",
    "INK",
    "MUTED",
    "OPERATOR",
    "config",
    "cycled",
    "operator_colour",
    "operator_kind",
    "rows",
    "use_theme",
]

# Text and lines have colours that no data has, so that a style sheet can tell them from data.
INK: Final = "#1f2328"
MUTED: Final = "#59636e"
GRID: Final = "#e4e7eb"

# Carried by vl-convert and metrically the same as Arial: text is as wide in any viewer as measured.
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"

#: Colours of the two kinds of layer that have a DAE form, and of all others.
OPERATOR: Final = {"pointwise": BLUE, "depthwise": ORANGE, "other": GREY}


_CATEGORY: Final = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY)


def operator_colour(title: str | None = None) -> alt.Color:
    """Return the colour channel for rows that `operator_kind` has named."""
    return alt.Color(
        "kind:N",
        title=title,
        scale=alt.Scale(domain=list(OPERATOR), range=list(OPERATOR.values())),
    )


def operator_kind(operator: str) -> str:
    """Return the key of `OPERATOR` for an operator's name."""
    return operator if operator in OPERATOR else "other"


def cycled(count: int) -> list[str]:
    """Return so many colours for the members of a category, in an order that never changes."""
    return [_CATEGORY[index % len(_CATEGORY)] for index in range(count)]


def config() -> dict[str, Any]:
    """Return the Vega-Lite configuration."""
    return {
        "font": _FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {
            "labelColor": MUTED,
            "titleColor": INK,
            "labelFontSize": 11,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": GRID,
            "domainColor": MUTED,
            "tickColor": MUTED,
        },
        "legend": {
            "labelColor": INK,
            "titleColor": INK,
            "labelFontSize": 11,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelLimit": 320,
            "symbolBaseFillColor": MUTED,
            "symbolBaseStrokeColor": MUTED,
            "orient": "top",
        },
        "header": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12},
        "title": {"color": INK, "fontSize": 12, "fontWeight": "bold", "anchor": "start"},
        "text": {"color": INK, "fontSize": 11},
        "rule": {"color": MUTED},
        "line": {"strokeWidth": 1.5},
        "point": {"size": 45},
        "facet": {"spacing": 14},
        "style": {"guide-label": {"font": _FONT}, "guide-title": {"font": _FONT}},
    }


def use_theme() -> None:
    """Give every chart of this process the look of the report; for notebooks."""
    theme: Any = {"config": config()}
    alt.theme.register("dvfs_kernel", enable=True)(lambda: theme)


def rows(values: Iterable[Mapping[str, Any]]) -> alt.InlineData:
    """Return rows as a chart's data, without a data frame."""
    return alt.InlineData(values=[dict(value) for value in values])
