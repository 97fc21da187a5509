"""One layer: latency, power, energy and misses against g and SYSCLK, the choice marked (Fig. 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from dvfs_kernel.report.charts.theme import GRAIN, INK, heading, rows
from dvfs_kernel.report.palette import BLUE, ORANGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["layer_choice"]

_LFO: Final = {"none": ORANGE, "hse": BLUE}
_QUANTITIES: Final = (
    ("ms", "latency (ms)"),
    ("mw", "average power (mW)"),
    ("uj", "energy (µJ)"),
)
_MISSES: Final = ("misses", "D-cache fills (lines)")


def layer_choice(
    points: Sequence[Mapping[str, Any]], chosen: Mapping[str, Any], *, width: int = 330
) -> ChartType:
    """Draw four rows of panels: left against g at the chosen clock, right against SYSCLK.

    Parameters
    ----------
    points
        ``granularity``, ``clock``, ``sysclk_hz``, ``lfo``, ``time_s``, ``power_w``, ``energy_j``
        and ``dcache_misses``.
    chosen
        ``granularity``, ``clock`` and ``lfo``.
    """
    values = [
        {
            "g": row["granularity"],
            "mhz": row["sysclk_hz"] / 1e6,
            "lfo": row["lfo"] or "none",
            "ms": row["time_s"] * 1e3,
            "mw": row["power_w"] * 1e3,
            "uj": row["energy_j"] * 1e6,
            "misses": row["dcache_misses"],
            "left": row["clock"] == chosen["clock"],
            "right": row["granularity"] == chosen["granularity"],
            "chosen": all(row[name] == chosen[name] for name in ("granularity", "clock", "lfo")),
        }
        for row in points
    ]
    colour = alt.Color(
        "lfo:N",
        title="memory segments on",
        scale=alt.Scale(domain=list(_LFO), range=list(_LFO.values())),
        legend=alt.Legend(labelExpr="datum.label == 'none' ? 'the HFO too' : 'the HSE (LFO)'"),
    )

    def panel(side: str, field: str, title: str) -> ChartType:
        x = (
            alt.X("g:O", title=GRAIN, axis=alt.Axis(labelAngle=0))
            if side == "left"
            else alt.X("mhz:Q", title="SYSCLK of the HFO (MHz)")
        )
        base = (
            alt.Chart()
            .transform_filter(f"datum.{side}")
            .encode(x=x, y=alt.Y(f"{field}:Q", title=title, scale=alt.Scale(zero=False)))
        )
        lines = base.mark_line(point=True).encode(
            color=colour,
            tooltip=[
                alt.Tooltip("g:O", title="g"),
                alt.Tooltip("mhz:Q", title="SYSCLK (MHz)"),
                alt.Tooltip("lfo:N", title="LFO"),
                alt.Tooltip("ms:Q", title="latency (ms)", format=".4f"),
                alt.Tooltip("mw:Q", title="power (mW)", format=".1f"),
                alt.Tooltip("uj:Q", title="energy (µJ)", format=".2f"),
                alt.Tooltip("misses:Q", title="D-cache line fills", format=","),
            ],
        )
        ring = (
            base.transform_filter("datum.chosen")
            .mark_point(size=190, color=INK, strokeWidth=2, filled=False)
            .encode()
        )
        chart: ChartType = alt.layer(lines, ring).properties(width=width, height=115)
        return chart

    picked = next((row for row in values if row["chosen"]), None)
    told = (
        f"chosen: g = {picked['g']} at {picked['mhz']:.4g} MHz, LFO {picked['lfo']}, "
        f"{picked['ms']:.4g} ms, {picked['uj']:.4g} µJ"
        if picked
        else "nothing chosen"
    )
    lines = [
        alt.hconcat(panel("left", field, title), panel("right", field, title))
        for field, title in _QUANTITIES
    ]
    # The rows stand once, not in every panel: Altair copies each panel's more than once.
    return alt.vconcat(
        *lines,
        panel("left", *_MISSES),
        data=rows(row for row in values if row["left"] or row["right"]),
        title=heading("", "Ring: this choice. Left at its clock, right at its granularity."),
        description=(
            "Latency, power and energy of one layer against granularity and against SYSCLK, and "
            f"its D-cache line fills against granularity; {told}."
        ),
    )
