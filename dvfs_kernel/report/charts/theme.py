"""One look for every chart, and the colours that a page may exchange in the dark."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import altair as alt

from dvfs_kernel.report.palette import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "GRAIN",
    "GRID",
    "INK",
    "MUTED",
    "OPERATOR",
    "config",
    "cycled",
    "grain_colour",
    "heading",
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


#: Title of an axis of granularities.
GRAIN: Final = "granularity g (channels or columns at a time)"

_CATEGORY: Final = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY)


def operator_colour(title: str | None = None) -> alt.Color:
    """Return the colour channel for rows that `operator_kind` has named."""
    return alt.Color(
        "kind:N",
        title=title,
        scale=alt.Scale(domain=list(OPERATOR), range=list(OPERATOR.values())),
    )


# Viridis, from pale to dark: a larger granularity is darker. The first is for the interleaved form.
_GRAINS: Final = ("#8c8c8c", "#fde725", "#a0da39", "#4ac16d", "#1fa187",
                  "#277f8e", "#365c8d", "#46327e", "#440154")  # fmt: skip


def grain_colour(grains: Iterable[int]) -> alt.Color:
    """Return the colour channel for granularities ``g``: a value has its colour in every chart.

    Parameters
    ----------
    grains
        Those that the chart shows, for its legend.
    """
    shown = sorted(set(grains))
    return alt.Color(
        "g:O",
        title="granularity g",
        scale=alt.Scale(domain=shown, range=[_grain(value) for value in shown]),
    )


def _grain(value: int) -> str:
    """Return the colour of a granularity: a step of the scale a doubling, blended between."""
    place = 0.0 if value < 1 else min(1 + math.log2(value), len(_GRAINS) - 1)
    low = int(place)
    part, ends = place - low, _GRAINS[low : low + 2]
    channels = zip(*([int(end[k : k + 2], 16) for k in (1, 3, 5)] for end in ends), strict=True)
    return "#" + "".join(f"{round(pair[0] + part * (pair[-1] - pair[0])):02x}" for pair in channels)


def heading(text: str, *notes: str) -> alt.TitleParams:
    """Return a chart's title with sentences below it for the marks that no legend explains.

    Without a title the sentences stand alone.
    """
    if text:
        return alt.TitleParams(text, subtitle=list(notes))
    return alt.TitleParams(list(notes), color=MUTED, fontSize=11, fontWeight="normal")


def operator_kind(operator: str) -> str:
    """Return the key of `OPERATOR` for an operator's name."""
    return operator if operator in OPERATOR else "other"


def cycled(count: int) -> list[str]:
    """Return so many colours for the members of a category, in an order that never changes."""
    return [_CATEGORY[index % len(_CATEGORY)] for index in range(count)]


def config(*, is_narrow: bool = False) -> dict[str, Any]:
    """Return the Vega-Lite configuration.

    Parameters
    ----------
    is_narrow
        For a narrow drawing: legends stand below each other.
    """
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
            **(
                {"layout": {"top": {"direction": "vertical", "anchor": "start"}}}
                if is_narrow
                else {}
            ),
        },
        "header": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12},
        "title": {
            "color": INK,
            "fontSize": 12,
            "fontWeight": "bold",
            "anchor": "start",
            "subtitleColor": MUTED,
            "subtitleFontSize": 11,
            "subtitlePadding": 4,
        },
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
