"""How far prediction and execution are apart, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.exploration.tolerance import prediction_error
from dvfs_kernel.report.charts.theme import MUTED, cycled, heading, rows
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["prediction_errors"]

_SIZES_PX2 = (20, 260)
_FAR = 2.0


def prediction_errors(
    layers: Sequence[Mapping[str, Any]],
    *,
    time_limit: float | None = None,
    energy_limit: float | None = None,
    above: str = "more was predicted than it took",
    width: int = 760,
) -> ChartType:
    """Draw predicted / executed - 1 of time and energy over the layers.

    A point's area is the layer's part of the run: what is far off and small matters little.

    Parameters
    ----------
    layers
        ``bound``, ``index``, ``name``, ``predicted_s``, ``executed_s``, ``predicted_j``,
        ``executed_j``; a row without one of them is left out of that panel.
    time_limit, energy_limit
        Differences that are allowed of a layer, drawn as rules; None where a layer has none.
    above
        What it means to lie above 0.
    """
    bounds = list(dict.fromkeys(row["bound"] for row in layers))
    colour = alt.Color(
        "bound:N",
        title="bound",
        sort=bounds,
        scale=alt.Scale(domain=bounds, range=cycled(len(bounds))),
    )
    panels, told = [], []
    for unit, name, limit in (("s", "time", time_limit), ("j", "energy", energy_limit)):
        known = [
            row
            for row in layers
            if row[f"executed_{unit}"] and row[f"predicted_{unit}"] is not None
        ]
        whole = {
            bound: ordered_sum(row[f"executed_{unit}"] for row in known if row["bound"] == bound)
            for bound in bounds
        }
        values = [
            {
                "bound": row["bound"],
                "layer": row["index"],
                "name": row["name"],
                "percent": 100
                * prediction_error(row[f"predicted_{unit}"], row[f"executed_{unit}"]),
                "part": 100 * row[f"executed_{unit}"] / whole[row["bound"]]
                if whole[row["bound"]] > 0
                else 0.0,
            }
            for row in known
        ]
        worst = max((abs(row["percent"]) for row in values), default=0.0)
        told.append(f"{name} differs by at most {worst:.3g} % of a layer")
        points = (
            alt.Chart(rows(values))
            .mark_point(filled=True, opacity=0.75)
            .encode(
                x=alt.X(
                    "layer:Q", title="layer (number)", axis=alt.Axis(tickMinStep=1, grid=False)
                ),
                y=alt.Y("percent:Q", title=f"{name} error (%)"),
                color=colour,
                shape=alt.Shape("bound:N", title="bound", scale=alt.Scale(domain=bounds)),
                size=alt.Size(
                    "part:Q",
                    title="part of the run (%)",
                    scale=alt.Scale(range=list(_SIZES_PX2), zero=True),
                    legend=alt.Legend(tickCount=3),
                ),
                tooltip=[
                    alt.Tooltip("name:N", title="layer"),
                    alt.Tooltip("bound:N"),
                    alt.Tooltip("percent:Q", title="difference (%)", format=".3f"),
                    alt.Tooltip("part:Q", title="part of the run (%)", format=".2f"),
                ],
            )
        )
        parts = [points]
        # A limit far beyond every point would press them all into one line; words tell it, too.
        if limit is not None and 100 * limit < _FAR * worst:
            ends = rows([{"percent": 100 * limit}, {"percent": -100 * limit}])
            parts.insert(
                0, alt.Chart(ends).mark_rule(strokeDash=[4, 3], color=MUTED).encode(y="percent:Q")
            )
        panels.append(alt.layer(*parts).properties(width=width, height=130))
    limits = ", ".join(
        f"{100 * limit:g} % of {name}"
        for limit, name in ((time_limit, "time"), (energy_limit, "energy"))
        if limit is not None
    )
    return alt.vconcat(
        *panels,
        title=heading(
            "",
            f"Above 0: {above}."
            + (f" Allowed of a layer, dashed where it is near: {limits}." if limits else ""),
        ),
        description="Executed against predicted, by layer: " + "; ".join(told) + ".",
    )
