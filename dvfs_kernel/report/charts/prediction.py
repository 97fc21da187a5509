"""How far prediction and execution are apart, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.exploration.tolerance import ENERGY_TOLERANCE, TIME_TOLERANCE
from dvfs_kernel.report.charts.theme import MUTED, cycled, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["prediction_errors"]


def prediction_errors(layers: Sequence[Mapping[str, Any]], *, width: int = 760) -> ChartType:
    """Draw (executed - predicted) / predicted of time and energy over the layers.

    What is allowed of a whole run is drawn as rules.

    Parameters
    ----------
    layers
        ``bound``, ``index``, ``name``, ``predicted_s``, ``executed_s``, ``predicted_j``,
        ``executed_j``; a row without one of them is left out of that panel.
    """
    bounds = list(dict.fromkeys(row["bound"] for row in layers))
    colour = alt.Color(
        "bound:N",
        title="bound",
        sort=bounds,
        scale=alt.Scale(domain=bounds, range=cycled(len(bounds))),
    )
    panels, told = [], []
    for unit, name, limit in (
        ("s", "time", TIME_TOLERANCE),
        ("j", "energy", ENERGY_TOLERANCE),
    ):
        values = [
            {
                "bound": row["bound"],
                "layer": row["index"],
                "name": row["name"],
                "percent": 100 * (row[f"executed_{unit}"] / row[f"predicted_{unit}"] - 1),
            }
            for row in layers
            if row[f"executed_{unit}"] is not None and row[f"predicted_{unit}"]
        ]
        worst = max((abs(row["percent"]) for row in values), default=0.0)
        told.append(f"{name} differs by at most {worst:.3g} % of a layer")
        points = (
            alt.Chart(rows(values))
            .mark_point(filled=True, size=30, opacity=0.85)
            .encode(
                x=alt.X("layer:Q", title="layer", axis=alt.Axis(tickMinStep=1, grid=False)),
                y=alt.Y("percent:Q", title=f"{name} error (%)"),
                color=colour,
                shape=alt.Shape("bound:N", title="bound", scale=alt.Scale(domain=bounds)),
                tooltip=[
                    alt.Tooltip("name:N", title="layer"),
                    alt.Tooltip("bound:N"),
                    alt.Tooltip("percent:Q", title="difference (%)", format=".3f"),
                ],
            )
        )
        limits = (
            alt.Chart(rows([{"percent": 100 * limit}, {"percent": -100 * limit}]))
            .mark_rule(strokeDash=[4, 3], color=MUTED)
            .encode(y="percent:Q")
        )
        panels.append(alt.layer(limits, points).properties(width=width, height=130))
    return alt.vconcat(
        *panels, description="Executed against predicted, by layer: " + "; ".join(told) + "."
    )
