"""Current of the clock settings that reach the same SYSCLK (the paper's Fig. 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.charts.theme import INK, rows
from dvfs_kernel.palette import BLUE, ORANGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["iso_frequency"]


def iso_frequency(settings: Sequence[Mapping[str, Any]], *, width: int = 760) -> alt.LayerChart:
    """Draw current against SYSCLK, one point for each setting.

    Parameters
    ----------
    settings
        ``sysclk_hz``, ``clock``, ``current_a`` and ``chosen``.
    """
    values = [
        {
            "mhz": row["sysclk_hz"] / 1e6,
            "ma": row["current_a"] * 1e3,
            "clock": row["clock"],
            "which": "chosen" if row["chosen"] else "other setting",
        }
        for row in settings
    ]
    base = alt.Chart(rows(values)).encode(
        x=alt.X("mhz:Q", title="SYSCLK (MHz)"),
        y=alt.Y("ma:Q", title="supply current while running (mA)"),
        tooltip=[
            alt.Tooltip("clock:N", title="clock"),
            alt.Tooltip("mhz:Q", title="SYSCLK (MHz)"),
            alt.Tooltip("ma:Q", title="current (mA)", format=".2f"),
        ],
    )
    domain = ["chosen", "other setting"]
    points = base.mark_point(strokeWidth=1.8).encode(
        color=alt.Color(
            "which:N", title=None, scale=alt.Scale(domain=domain, range=[BLUE, ORANGE])
        ),
        shape=alt.Shape(
            "which:N", title=None, scale=alt.Scale(domain=domain, range=["circle", "diamond"])
        ),
    )
    names = (
        base.transform_filter("datum.which == 'chosen'")
        .mark_text(align="left", baseline="top", dx=7, dy=2, color=INK, fontSize=10)
        .encode(text="clock:N")
    )
    count = len({row["mhz"] for row in values})
    return alt.layer(points, names).properties(
        width=width,
        height=260,
        description=(
            f"Supply current against SYSCLK for {len(values)} clock settings at {count} "
            "frequencies; the cheapest setting at each frequency is marked."
        ),
    )
