"""Least energy for every bound on latency, and where executed runs lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import altair as alt

from dvfs_kernel.report.charts.theme import INK, MUTED, heading, rows
from dvfs_kernel.report.charts.window import KIND
from dvfs_kernel.report.palette import BLUE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["energy_frontier"]

_POINTS_AT_MOST = 1500  # of the staircase; more than there are pixels
_BEYOND = 1.06  # how far the chart goes on behind the last bound
_BEFORE = 0.03  # room before the first point, of the whole width


def energy_frontier(
    time_s: Sequence[float],
    energy_j: Sequence[float],
    bounds: Sequence[Mapping[str, Any]],
    runs: Sequence[Mapping[str, Any]],
    *,
    points_are: Literal["executed", "predicted"] = "executed",
    width: int = 760,
) -> ChartType:
    """Draw the frontier as a staircase, bounds as rules and runs as points.

    Parameters
    ----------
    time_s, energy_j
        Latency and energy of the inference at each corner of the frontier, ascending in latency.
    bounds
        ``name`` and ``bound_s``.
    runs
        ``title``, ``kind`` (a key of `KIND`), ``bound``, ``latency_s`` and ``inference_j``.
    points_are
        What the runs' numbers are.
    """
    last_s = max(
        [*(row["bound_s"] for row in bounds), *(row["latency_s"] for row in runs)], default=0
    )
    end_s = last_s * _BEYOND if last_s > 0 else max(time_s, default=1.0)
    corners = [pair for pair in zip(time_s, energy_j, strict=True) if pair[0] <= end_s]
    stride = max(-(-len(corners) // _POINTS_AT_MOST), 1)
    corners = [*corners[:-1:stride], *corners[-1:]]
    begin_s = min([*time_s, *(row["latency_s"] for row in runs)], default=0.0)
    begin_s -= (end_s - begin_s) * _BEFORE
    stairs = [{"ms": t * 1e3, "mj": e * 1e3} for t, e in corners]
    if stairs:
        stairs.append({"ms": end_s * 1e3, "mj": stairs[-1]["mj"]})
    x = alt.X(
        "ms:Q",
        title="latency (ms)",
        scale=alt.Scale(domain=[begin_s * 1e3, end_s * 1e3], nice=False),
    )
    y = alt.Y("mj:Q", title="energy of the inference (mJ)", scale=alt.Scale(zero=False))
    line = (
        alt.Chart(rows(stairs))
        .mark_line(interpolate="step-after", color=BLUE, strokeWidth=1.8)
        .encode(x=x, y=y)
    )
    marks = [{"ms": row["bound_s"] * 1e3, "name": row["name"]} for row in bounds]
    rules = alt.Chart(rows(marks)).mark_rule(strokeDash=[4, 3], color=MUTED).encode(x=x)
    names = (
        alt.Chart(rows(marks))
        .mark_text(align="left", dx=4, color=INK)
        .encode(x=x, y=alt.value(8), text="name:N")
    )
    values = [
        {
            "ms": row["latency_s"] * 1e3,
            "mj": row["inference_j"] * 1e3,
            "title": row["title"],
            "bound": row["bound"],
            "kind": row["kind"],
        }
        for row in runs
    ]
    kinds = [kind for kind in KIND if any(row["kind"] == kind for row in values)]
    points = (
        alt.Chart(rows(values))
        .mark_point(filled=True, size=70, opacity=0.9)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "kind:N",
                title=points_are,
                scale=alt.Scale(domain=kinds, range=[KIND[kind] for kind in kinds]),
            ),
            shape=alt.Shape("kind:N", title=points_are, scale=alt.Scale(domain=kinds)),
            tooltip=[
                alt.Tooltip("title:N", title="run"),
                alt.Tooltip("bound:N"),
                alt.Tooltip("ms:Q", title="latency (ms)", format=".3f"),
                alt.Tooltip("mj:Q", title="energy (mJ)", format=".4f"),
            ],
        )
    )
    told = (
        f"from {stairs[0]['mj']:.4g} mJ at {stairs[0]['ms']:.4g} ms to {stairs[-1]['mj']:.4g} mJ "
        f"at {stairs[-1]['ms']:.4g} ms"
        if stairs
        else "unknown"
    )
    return alt.layer(rules, names, line, points).properties(
        width=width,
        height=300,
        title=heading("", "Line: the least energy for every bound, predicted. Dashed: bounds."),
        description=f"Least energy of the inference against the bound on latency: {told}.",
    )
