"""Part of the layered graph: options as nodes, changes of clock as edges, one path chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import GRID, INK, rows
from dvfs_kernel.report.palette import BLUE, GREY, ORANGE, PURPLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["layered_graph"]

_HEIGHT = 230
_CHANGES = {"none": GREY, "hop": ORANGE, "relock": PURPLE}


def layered_graph(
    nodes: Sequence[Mapping[str, Any]],
    edges: Sequence[Mapping[str, Any]],
    *,
    width: int = 760,
) -> ChartType:
    """Draw layers from left to right, the options of each one above another.

    Parameters
    ----------
    nodes
        ``x``, ``y`` (places), ``layer`` (a name), ``label``, ``time_s``, ``energy_j``, ``chosen``.
    edges
        ``x``, ``y``, ``x2``, ``y2``, ``change`` (``none``, ``hop`` or ``relock``), ``time_s``,
        ``energy_j`` and ``chosen``.
    """
    dots = [
        {
            **{name: row[name] for name in ("x", "y", "layer", "label", "chosen")},
            "us": row["time_s"] * 1e6,
            "uj": row["energy_j"] * 1e6,
        }
        for row in nodes
    ]
    lines = [
        {
            **{name: row[name] for name in ("x", "y", "x2", "y2", "change", "chosen")},
            "us": row["time_s"] * 1e6,
            "uj": row["energy_j"] * 1e6,
        }
        for row in edges
    ]
    x = alt.X("x:Q", axis=None, scale=alt.Scale(nice=False, padding=40))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(nice=False, padding=18))
    cost = [
        alt.Tooltip("us:Q", title="time (µs)", format=".2f"),
        alt.Tooltip("uj:Q", title="energy (µJ)", format=".3f"),
    ]
    change = alt.Color(
        "change:N",
        title="change of clock on the way",
        scale=alt.Scale(domain=list(_CHANGES), range=list(_CHANGES.values())),
    )
    possible = (
        alt.Chart(rows(line for line in lines if not line["chosen"]))
        .mark_rule(strokeWidth=0.7, opacity=0.35)
        .encode(x=x, y=y, x2="x2:Q", y2="y2:Q", color=change)
    )
    taken = (
        alt.Chart(rows(line for line in lines if line["chosen"]))
        .mark_rule(strokeWidth=3.5)
        .encode(
            x=x, y=y, x2="x2:Q", y2="y2:Q", color=change, tooltip=[alt.Tooltip("change:N"), *cost]
        )
    )
    circles = (
        alt.Chart(rows(dots))
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=x,
            y=y,
            fill=alt.condition("datum.chosen", alt.value(BLUE), alt.value(GRID)),
            stroke=alt.value(INK),
            tooltip=[alt.Tooltip("layer:N"), alt.Tooltip("label:N", title="option"), *cost],
        )
    )
    labels = (
        alt.Chart(rows(dots))
        .mark_text(color=INK, fontSize=9, dy=-11)
        .encode(
            x=x,
            y=y,
            text="label:N",
            opacity=alt.condition("datum.chosen", alt.value(1.0), alt.value(0.75)),
        )
    )
    heads = {row["x"]: row["layer"] for row in dots}
    names = (
        alt.Chart(rows({"x": place, "layer": name} for place, name in heads.items()))
        .mark_text(color=INK, fontSize=10, fontWeight="bold")
        .encode(x=x, y=alt.value(-12), text="layer:N")
    )
    path = " → ".join(f"{row['label']}" for row in dots if row["chosen"])
    return alt.layer(possible, taken, circles, labels, names).properties(
        width=width,
        height=_HEIGHT,
        description=(
            f"Options of {len(heads)} layers as nodes and {len(lines)} possible changes as edges. "
            f"The chosen path: {path}."
        ),
    )
