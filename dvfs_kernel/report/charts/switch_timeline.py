"""SYSCLK and current while the clock is changed, with the register writes that change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import INK, heading, rows
from dvfs_kernel.report.palette import BLUE, VERMILLION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["switch_timeline"]


def switch_timeline(
    clock: Sequence[Mapping[str, Any]],
    writes: Sequence[Mapping[str, Any]],
    title: str,
    *,
    width: int = 760,
) -> ChartType:
    """Draw SYSCLK and current over microseconds; ticks are register changes.

    Parameters
    ----------
    clock
        Each change: ``time_s``, and from then on ``sysclk_hz`` and ``current_a``.
    writes
        ``time_s`` and ``what``, a text.
    """
    values = [
        {
            "us": row["time_s"] * 1e6,
            "mhz": row["sysclk_hz"] / 1e6,
            "ma": None if row["current_a"] is None else row["current_a"] * 1e3,
        }
        for row in clock
    ]
    marks = [{"us": row["time_s"] * 1e6, "what": row["what"]} for row in writes]
    end = max([row["us"] for row in (*values, *marks)], default=1.0)
    x = alt.X("us:Q", title="time (µs)", scale=alt.Scale(domain=[0, end * 1.02], nice=False))
    ticks = (
        alt.Chart(rows(marks))
        .mark_tick(color=VERMILLION, thickness=1.5, size=14)
        .encode(
            x=x,
            y=alt.value(8),
            tooltip=[alt.Tooltip("us:Q", title="µs", format=".2f"), alt.Tooltip("what:N")],
        )
    )

    def panel(field: str, name: str, colour: str, height: int) -> ChartType:
        line = (
            alt.Chart(rows(values))
            .mark_line(interpolate="step-after", color=colour, strokeWidth=1.8)
            .encode(x=x, y=alt.Y(f"{field}:Q", title=name, scale=alt.Scale(zero=True)))
        )
        chart: ChartType = alt.layer(line, ticks).properties(width=width, height=height)
        return chart

    rates = " → ".join(f"{row['mhz']:.4g}" for row in values)
    return alt.vconcat(
        panel("mhz", "SYSCLK (MHz)", INK, 130),
        panel("ma", "current (mA)", BLUE, 90),
        spacing=8,
        title=heading(title, "Red ticks at the top: changes of registers."),
        description=(
            f"{title}. SYSCLK in MHz: {rates}. {len(marks)} changes of registers are marked at "
            "the top."
        ),
    )
