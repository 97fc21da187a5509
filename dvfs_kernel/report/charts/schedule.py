"""HFO and granularity of every layer of a schedule (the paper's Fig. 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.chart_data import BARE
from dvfs_kernel.report.charts.theme import (
    INK,
    MUTED,
    OPERATOR,
    heading,
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
_ROW_LAYERS = 66  # of one row: as wide as a page
_HEADROOM = 1.04  # of the scale above the highest SYSCLK
_HEIGHT = 150


def schedule_strip(
    layers: Sequence[Mapping[str, Any]],
    title: str,
    *,
    top_hz: float | None = None,
    width: int | None = None,
    row_layers: int = _ROW_LAYERS,
) -> ChartType:
    """Draw SYSCLK of the compute segments over the layers, with g below.

    Layers whose memory segments hop to the LFO have a triangle above their g.

    Parameters
    ----------
    layers
        In order: ``name``, ``operator``, ``granularity``, ``hfo``, ``lfo``, ``sysclk_hz``.
    top_hz
        The end of the scale, so that several drawings compare; by default the highest SYSCLK.
    width
        In pixels; by default as much as the numbers need.
    row_layers
        How many layers stand side by side; more layers go on in another row below.
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
            "hops": row["lfo"] is not None,
        }
        for index, row in enumerate(layers)
    ]
    top_mhz = top_hz / 1e6 if top_hz else max((row["mhz"] for row in values), default=1.0)
    count = max(min(row_layers, len(values)), 1)
    begins = range(0, max(len(values), 1), count)
    width = width or max(_LEAST_PX if row_layers == _ROW_LAYERS else 0, _LAYER_PX * count)
    strips = [_strip(values[k : k + count], k, k + count, top_mhz, width) for k in begins]
    hopping = sum(row["hops"] for row in values)
    told = ", ".join(
        f"{sum(row['mhz'] == mhz for row in values)} layers at {mhz:.4g} MHz"
        for mhz in sorted({row["mhz"] for row in values}, reverse=True)
    )
    kinds = ", ".join(kind for kind in OPERATOR if any(row["kind"] == kind for row in values))
    return alt.vconcat(
        *strips,
        title=heading(
            title,
            "Numbers below the bars: granularity g; 0: interleaved.",
            f"Of {len(values)} layers {hopping} hop to the LFO for their memory segments"
            + (", with a triangle above g." if hopping else "."),
        ),
        description=f"{title}: SYSCLK of each layer ({kinds}): {told}.",
    )


def _strip(
    values: Sequence[Mapping[str, Any]], begin: int, end: int, top_mhz: float, width: int
) -> ChartType:
    # The line needs an end for the last layer's step.
    steps = [*values, {**values[-1], "index": values[-1]["end"]}] if values else []
    x = alt.X(
        "index:Q",
        title="layer (number)",
        scale=alt.Scale(domain=[begin, end], nice=False, padding=0),
        axis=alt.Axis(grid=False, tickMinStep=1, tickCount=12, offset=22, format="d"),
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
    line = (
        alt.Chart(rows(steps))
        .mark_line(interpolate="step-after", color=MUTED, strokeWidth=0.8, style=BARE)
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
    hops = (
        alt.Chart(rows(row for row in values if row["hops"]))
        .transform_calculate(middle="datum.index + 0.5")
        .mark_point(shape="triangle-up", size=16, filled=True, color=INK)
        .encode(x=alt.X("middle:Q"), y=alt.value(_HEIGHT + 4), tooltip=tooltip)
    )
    return alt.layer(line, bars, grains, hops).properties(width=width, height=_HEIGHT)
