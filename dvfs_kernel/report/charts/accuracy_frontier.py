"""Accuracy, latency and energy of the points of an approximation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import INK, MUTED, cycled, heading, rows
from dvfs_kernel.report.palette import VERMILLION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["accuracy_frontier", "technique_energy"]


def accuracy_frontier(
    points: Sequence[Mapping[str, Any]],
    baseline_s: float,
    *,
    marked: str | None = None,
    width: int = 760,
) -> ChartType:
    """Draw Top-1 on test images over latency, the size of a point being its energy.

    Parameters
    ----------
    points
        ``name``, ``top1``, ``low``, ``high``, ``latency_s``, ``window_j`` (of the longest window)
        and ``chosen_for``.
    baseline_s
        Latency of exact packed kernels, a rule.
    marked
        The name of a point that gets a ring.
    """
    values = [
        {
            "ms": row["latency_s"] * 1e3,
            "top1": row["top1"] * 100,
            "low": row["low"] * 100,
            "high": row["high"] * 100,
            "mj": row["window_j"] * 1e3,
            "name": row["name"],
            "label": ", ".join(f"{loss:g}" for loss in row["chosen_for"]),
        }
        for row in points
    ]
    x = alt.X(
        "ms:Q", title="latency at the fastest clock (ms)", scale=alt.Scale(zero=False, padding=12)
    )
    scale = alt.Scale(zero=False)
    bars = (
        alt.Chart(rows(values))
        .mark_rule(color=MUTED, opacity=0.6)
        .encode(x=x, y=alt.Y("low:Q", title="Top-1 on test images (%)", scale=scale), y2="high:Q")
    )
    marks = (
        alt.Chart(rows(values))
        .mark_point(filled=True, size=90, opacity=1)
        .encode(
            x=x,
            y=alt.Y("top1:Q", scale=scale),
            color=alt.Color(
                "mj:Q",
                title="energy (mJ)",
                scale=alt.Scale(scheme="viridis"),
                legend=alt.Legend(gradientLength=240, titleLimit=320),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="point"),
                alt.Tooltip("label:N", title="chosen for loss"),
                alt.Tooltip("ms:Q", format=".3f"),
                alt.Tooltip("top1:Q", format=".2f"),
                alt.Tooltip("mj:Q", format=".4f"),
            ],
        )
    )
    names = (
        alt.Chart(rows(values))
        .mark_text(align="left", dx=9, dy=-9, color=INK)
        .encode(x=x, y=alt.Y("top1:Q", scale=scale), text="label:N")
    )
    packed = rows([{"ms": baseline_s * 1e3, "name": "exact, packed"}])
    rule = alt.Chart(packed).mark_rule(strokeDash=[4, 3], color=MUTED).encode(x=x)
    told = (
        alt.Chart(packed)
        .mark_text(align="right", dx=-4, color=INK)
        .encode(x=x, y=alt.value(8), text="name:N")
    )
    ring = (
        alt.Chart(rows([row for row in values if row["name"] == marked]))
        .mark_point(filled=False, size=320, strokeWidth=2.5, color=VERMILLION, opacity=1)
        .encode(x=x, y=alt.Y("top1:Q", scale=scale))
    )
    rings = [ring] if marked is not None else []
    where = f" {marked} is marked." if marked is not None else ""
    return alt.layer(bars, marks, *rings, names, rule, told).properties(
        width=width,
        height=320,
        title=heading(
            "",
            "Numbers: the loss of accuracy, in points, for which a point was chosen.",
            "Upright lines: where the accuracy lies in 95 of 100 draws of images. Dashed: the"
            " latency of exact packed kernels." + (" Ring: the point shown." if rings else ""),
        ),
        description=(
            f"Top-1 on test images against latency, {len(values)} points; "
            f"exact packed kernels take {baseline_s * 1e3:.4g} ms.{where}"
        ),
    )


def technique_energy(runs: Sequence[Mapping[str, Any]], *, width: int = 760) -> ChartType:
    """Draw the energy of each bound's window for every technique.

    Parameters
    ----------
    runs
        ``bound``, ``label`` and ``window_j``, in the order in which they are drawn.
    """
    values = [
        {
            "bound": row["bound"],
            "label": row["label"],
            "mj": row["window_j"] * 1e3,
            "text": f"{row['window_j'] * 1e3:.3g}",
        }
        for row in runs
    ]
    bounds = list(dict.fromkeys(row["bound"] for row in values))
    parts = []
    for bound, colour in zip(bounds, cycled(len(bounds)), strict=True):
        inside = [row for row in values if row["bound"] == bound]
        own = rows(inside)
        labels = [row["label"] for row in inside]
        y = alt.Y("label:N", title="technique", sort=labels, axis=alt.Axis(labelLimit=280))
        x = alt.X("mj:Q", title="energy of the window (mJ)")
        bars = alt.Chart(own).mark_bar(color=colour).encode(x=x, y=y)
        texts = (
            alt.Chart(own).mark_text(align="left", dx=4, color=INK).encode(x=x, y=y, text="text:N")
        )
        parts.append(
            alt.layer(bars, texts).properties(width=width - 300, title=f"{bound} over the baseline")
        )
    return alt.vconcat(*parts).properties(
        description=f"Energy of the window of each technique at {len(bounds)} bounds."
    )
