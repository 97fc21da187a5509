"""Time of each layer under two schedules, with form and clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from dvfs_kernel.report.charts.theme import INK, rows
from dvfs_kernel.report.palette import BLUE, GREY
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["layer_times"]

_COLOURS: Final = (GREY, BLUE)
_BAR_PX: Final = 15
_ROOM: Final = 1.35  # for the words behind the longest bar


def layer_times(layers: Sequence[Mapping[str, Any]], title: str, *, width: int = 620) -> ChartType:
    """Draw two bars for each layer.

    Parameters
    ----------
    layers
        ``layer``, ``side`` (``"before"`` or ``"after"``), ``time_s``, and ``text``: what stands
        beside the bar. In order of the layers.
    title
        What is compared.
    """
    values = [
        {
            "layer": row["layer"],
            "side": row["side"],
            "ms": row["time_s"] * 1e3,
            "text": row["text"],
        }
        for row in layers
    ]
    names = list(dict.fromkeys(row["layer"] for row in values))
    sides = ["before", "after"]
    longest = max((row["ms"] for row in values), default=1.0)
    x = alt.X(
        "ms:Q",
        title="time of the layer (ms)",
        scale=alt.Scale(domain=[0, longest * _ROOM], nice=False),
    )
    y = alt.Y("layer:N", title="layer", sort=names)
    offset = alt.YOffset("side:N", sort=sides)
    colour = alt.Color(
        "side:N", title=None, sort=sides, scale=alt.Scale(domain=sides, range=list(_COLOURS))
    )
    data = rows(values)
    bars = alt.Chart(data).mark_bar().encode(x=x, y=y, yOffset=offset, color=colour)
    words = (
        alt.Chart(data)
        .mark_text(align="left", dx=4, color=INK, fontSize=10)
        .encode(x=x, y=y, yOffset=offset, text="text:N")
    )
    sums = ", ".join(
        f"{side} {ordered_sum(row['ms'] for row in values if row['side'] == side):.3f} ms"
        for side in sides
    )
    return alt.layer(bars, words).properties(
        width=width,
        height=max(2 * _BAR_PX * len(names), 2 * _BAR_PX),
        title=title,
        description=f"{title}: time of {len(names)} layers; in all {sums}.",
    )
