"""The current that flowed, and what the sensor reported of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import rows
from dvfs_kernel.report.palette import BLUE, ORANGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["sensor_readings"]

_POINTS_AT_MOST = 4000


def sensor_readings(
    true: Sequence[Mapping[str, Any]],
    read: Sequence[Mapping[str, Any]],
    *,
    end_s: float,
    width: int = 700,
) -> ChartType:
    """Draw both as steps over time.

    Parameters
    ----------
    true
        ``time_s`` and ``current_a``, from then on; of very many only every so-many-th is drawn.
    read
        ``time_s``, the end of a conversion, and ``current_a``, its reading.
    end_s
        End of the time that is drawn.
    """
    kinds = ["flowed", "INA219"]
    inside = [row for row in true if row["time_s"] <= end_s]
    stride = max(-(-len(inside) // _POINTS_AT_MOST), 1)
    values = [
        {"ms": row["time_s"] * 1e3, "ma": row["current_a"] * 1e3, "what": kinds[0]}
        for row in inside[::stride]
    ]
    if values:
        values.append({**values[-1], "ms": end_s * 1e3})
    seen = [
        {"ms": row["time_s"] * 1e3, "ma": row["current_a"] * 1e3, "what": kinds[1]}
        for row in read
        if row["time_s"] <= end_s
    ]
    colour = alt.Color("what:N", title=None, scale=alt.Scale(domain=kinds, range=[ORANGE, BLUE]))
    x = alt.X("ms:Q", title="time (ms)", scale=alt.Scale(domain=[0, end_s * 1e3], nice=False))
    y = alt.Y("ma:Q", title="supply current (mA)")
    flowed = (
        alt.Chart(rows(values))
        .mark_line(interpolate="step-after", strokeWidth=0.8)
        .encode(x=x, y=y, color=colour)
    )
    reported = (
        alt.Chart(rows(seen))
        .mark_line(interpolate="step-before", strokeWidth=2.2, point=True)
        .encode(
            x=x,
            y=y,
            color=colour,
            tooltip=[
                alt.Tooltip("ms:Q", title="time (ms)", format=".3f"),
                alt.Tooltip("ma:Q", title="reading (mA)", format=".1f"),
            ],
        )
    )
    return alt.layer(flowed, reported).properties(
        width=width,
        height=200,
        description=(
            f"Supply current over {end_s * 1e3:.4g} ms: {len(inside)} stretches of constant "
            f"current, and {len(seen)} readings of the sensor."
        ),
    )
