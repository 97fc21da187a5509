"""HFO and granularity of every layer of a schedule (the paper's Fig. 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import (
    INK,
    MUTED,
    OPERATOR,
    operator_colour,
    operator_kind,
    rows,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["schedule_strip"]

_LAYER_PX = 15
_LEAST_PX = 560
_HEADROOM = 1.04  # of the scale above the highest SYSCLK
_HEIGHT = 150


def schedule_strip(
    layers: Sequence[Mapping[str, Any]],
    title: str,
    *,
    top_hz: float | None = None,
    width: int | None = None,
) -> ChartType:
    """Draw SYSCLK of the compute segments over the layers, with g below.

    Parameters
    ----------
    layers
        In order: ``name``, ``operator``, ``granularity``, ``hfo``, ``lfo``, ``sysclk_hz``.
    top_hz
        The end of the scale, so that several drawings compare; by default the highest SYSCLK.
    width
        In pixels; by default as much as the numbers need.
    """
    values = [
        {
            "index": index,
            "end": index + 1,
            "mhz": row["sysclk_hz"] / 1e6,
            "g": row["granularity"],
            "name": row["name"],
            "operator": row["operator"],
            "kind": operator_kind(row["operator"]),
            "hfo": row["hfo"],
            "lfo": row["lfo"] or "none",
        }
        for index, row in enumerate(layers)
    ]
    highest_mhz = max((row["mhz"] for row in values), default=1.0)
    top_mhz = highest_mhz if top_hz is None else top_hz / 1e6
    # The line needs an end for the last layer's step.
    steps = [*values, {**values[-1], "index": len(values)}] if values else []
    x = alt.X(
        "index:Q",
        title="layer; numbers above: granularity g (0: interleaved)",
        scale=alt.Scale(domain=[0, max(len(values), 1)], nice=False, padding=0),
        axis=alt.Axis(grid=False, tickMinStep=1, tickCount=12, offset=22),
    )
    y = alt.Y(
        "mhz:Q",
        title="SYSCLK of the HFO (MHz)",
        scale=alt.Scale(domain=[0, top_mhz * _HEADROOM], nice=False, padding=0),
    )
    tooltip = [
        alt.Tooltip("name:N", title="layer"),
        alt.Tooltip("operator:N"),
        alt.Tooltip("mhz:Q", title="SYSCLK (MHz)"),
        alt.Tooltip("hfo:N", title="HFO"),
        alt.Tooltip("lfo:N", title="LFO"),
        alt.Tooltip("g:Q", title="granularity"),
    ]
    if width is None:
        width = max(_LEAST_PX, _LAYER_PX * len(values))
    line = (
        alt.Chart(rows(steps))
        .mark_line(interpolate="step-after", color=MUTED, strokeWidth=0.8)
        .encode(x=x, y=y)
    )
    bars = (
        alt.Chart(rows(values))
        .mark_bar(height=7)
        .encode(x=x, x2="end:Q", y=y, color=operator_colour(), tooltip=tooltip)
    )
    grains = (
        alt.Chart(rows(values))
        .transform_calculate(middle="datum.index + 0.5")
        .mark_text(fontSize=9, color=INK, baseline="middle")
        .encode(x=alt.X("middle:Q"), y=alt.value(_HEIGHT + 12), text="g:Q")
    )
    told = ", ".join(
        f"{sum(row['mhz'] == mhz for row in values)} layers at {mhz:.4g} MHz"
        for mhz in sorted({row["mhz"] for row in values}, reverse=True)
    )
    kinds = ", ".join(kind for kind in OPERATOR if any(row["kind"] == kind for row in values))
    return alt.layer(line, bars, grains).properties(
        width=width,
        height=_HEIGHT,
        title=title,
        description=f"{title}: SYSCLK of each layer ({kinds}): {told}.",
    )
