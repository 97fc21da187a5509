"""Current of the settings of one SYSCLK against the VCO that they need (the paper's Fig. 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import rows
from dvfs_kernel.report.palette import BLUE, ORANGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["vco_current"]


def vco_current(settings: Sequence[Mapping[str, Any]], *, width: int = 760) -> ChartType:
    """Draw current against VCO frequency, one point for each setting.

    Parameters
    ----------
    settings
        ``sysclk_hz``, ``clock``, ``vco_hz``, ``current_a`` and ``chosen``.
    """
    domain = ["chosen", "other setting"]
    values = [
        {
            "vco": row["vco_hz"] / 1e6,
            "ma": row["current_a"] * 1e3,
            "clock": row["clock"],
            "which": domain[0] if row["chosen"] else domain[1],
        }
        for row in settings
    ]
    mhz = ", ".join(f"{hz / 1e6:.4g}" for hz in sorted({row["sysclk_hz"] for row in settings}))
    points = (
        alt.Chart(rows(values))
        .mark_point(strokeWidth=1.8, opacity=1)
        .encode(
            x=alt.X("vco:Q", title="VCO (MHz)", scale=alt.Scale(domain=[100, 432], nice=False)),
            y=alt.Y("ma:Q", title="supply current (mA)", scale=alt.Scale(zero=False)),
            color=alt.Color(
                "which:N", title=None, scale=alt.Scale(domain=domain, range=[BLUE, ORANGE])
            ),
            shape=alt.Shape(
                "which:N", title=None, scale=alt.Scale(domain=domain, range=["circle", "diamond"])
            ),
            tooltip=[
                alt.Tooltip("clock:N", title="clock"),
                alt.Tooltip("vco:Q", title="VCO (MHz)"),
                alt.Tooltip("ma:Q", title="current (mA)", format=".2f"),
            ],
        )
    )
    chart: ChartType = points.properties(
        width=width,
        height=220,
        title=f"SYSCLK {mhz} MHz",
        description=(
            f"Supply current against VCO frequency for {len(values)} settings that give a SYSCLK "
            f"of {mhz} MHz: from {min((r['ma'] for r in values), default=0):.4g} to "
            f"{max((r['ma'] for r in values), default=0):.4g} mA."
        ),
    )
    return chart
