"""How much each pair of products of a layer matters, and which ones go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from dvfs_kernel.report.charts.theme import rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["significance_map"]

_GONE: Final = "#d4d4d4"
_ROW_PX: Final = 9
_LEAST_PX, _MOST_PX = 180, 420


def significance_map(
    cells: Sequence[Mapping[str, Any]], title: str, *, width: int = 760
) -> ChartType:
    """Draw one cell for each pair of products of each output channel.

    Parameters
    ----------
    cells
        ``channel``, ``pair``, ``significance`` as its decimal logarithm, ``gone``: whether it is
        left out.
    title
        What is drawn.
    """
    channels = 1 + max((cell["channel"] for cell in cells), default=0)
    pairs = 1 + max((cell["pair"] for cell in cells), default=0)
    gone = sum(bool(cell["gone"]) for cell in cells)
    # Short names: there are thousands of rows, and they go to the browser at each move.
    values = [
        {
            "c": cell["channel"],
            "p": cell["pair"],
            "s": round(float(cell["significance"]), 2),
            "g": int(cell["gone"]),
        }
        for cell in cells
    ]
    step = max(1, pairs // 12)
    drawn: alt.Chart = (
        alt.Chart(rows(values))
        .mark_rect(strokeWidth=0)
        .encode(
            x=alt.X(
                "p:O",
                title="pair of inputs, tap after tap",
                axis=alt.Axis(values=list(range(0, pairs, step)), labelAngle=0),
            ),
            y=alt.Y(
                "c:O",
                title="output channel",
                axis=alt.Axis(values=list(range(0, channels, max(1, channels // 8)))),
            ),
            color=alt.condition(
                "datum.g == 1",
                alt.value(_GONE),
                alt.Color(
                    "s:Q",
                    title="significance, log10 of squared steps of the output (grey: left out)",
                    scale=alt.Scale(scheme="viridis"),
                    legend=alt.Legend(gradientLength=280, titleLimit=520),
                ),
            ),
            tooltip=[
                alt.Tooltip("c:O", title="output channel"),
                alt.Tooltip("p:O", title="pair"),
                alt.Tooltip("s:Q", title="log10 of significance"),
            ],
        )
        .properties(
            width=width,
            height=min(max(channels * _ROW_PX, _LEAST_PX), _MOST_PX),
            title=title,
            description=(
                f"{title}: {channels} output channels by {pairs} pairs, {gone} of "
                f"{len(values)} cells left out."
            ),
        )
    )
    return drawn
