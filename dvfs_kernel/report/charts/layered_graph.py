"""Part of the layered graph: options as nodes, changes of clock as edges, one path chosen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import GRID, INK, heading, rows
from dvfs_kernel.report.palette import BLUE, GREY, ORANGE, PURPLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["layered_graph"]

_ROW_PX = 17  # an option's height
_LEAST_PX = 180
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
        ``x``, ``y`` (places, an option at the same height in every layer), ``layer`` (a name),
        ``label``, ``time_s``, ``energy_j``, ``chosen``.
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
    heads = {row["x"]: row["layer"] for row in dots}
    options = {row["y"]: row["label"] for row in dots}
    x = alt.X(
        "x:Q",
        title="layer, first to last",
        axis=_named(heads),
        scale=alt.Scale(nice=False, zero=False, padding=24),
    )
    y = alt.Y(
        "y:Q",
        title="SYSCLK (MHz), clock state, g",
        axis=_named(options),
        scale=alt.Scale(nice=False, zero=False, padding=12),
    )
    cost = [
        alt.Tooltip("us:Q", title="time (µs)", format=".2f"),
        alt.Tooltip("uj:Q", title="energy (µJ)", format=".3f"),
    ]
    change = alt.Color(
        "change:N",
        title="change of clock on the way",
        scale=alt.Scale(domain=list(_CHANGES), range=list(_CHANGES.values())),
        legend=alt.Legend(symbolOpacity=1, symbolStrokeWidth=3),
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
            fill=alt.Color(
                "chosen:N",
                title="of the schedule",
                scale=alt.Scale(domain=[True, False], range=[BLUE, GRID]),
                legend=alt.Legend(labelExpr="datum.label == 'true' ? 'yes' : 'no'"),
            ),
            stroke=alt.value(INK),
            tooltip=[alt.Tooltip("layer:N"), alt.Tooltip("label:N", title="its option"), *cost],
        )
    )
    path = " → ".join(f"{row['label']}" for row in dots if row["chosen"])
    return alt.layer(possible, taken, circles).properties(
        width=width,
        height=max(_ROW_PX * len(options), _LEAST_PX),
        title=heading("", "Thick: the schedule's way. Thin: what else is possible."),
        description=(
            f"Options of {len(heads)} layers as nodes and {len(lines)} possible changes as edges. "
            f"The chosen path: {path}."
        ),
    )


def _named(names: Mapping[float, str]) -> alt.Axis:
    """Return an axis with names in place of numbers."""
    told = json.dumps({f"{place:g}": name for place, name in names.items()})
    return alt.Axis(
        values=list(names),
        labelExpr=f"({told})[format(datum.value, '~g')]",
        grid=True,
        labelAngle=0,
        labelLimit=240,
    )
