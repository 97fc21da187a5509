"""What a change between two clock states costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from altair.typing import ChartType

__all__ = ["switching_cost"]

_NUMBERS_AT_MOST = 16  # states whose cells are wide enough for a number
_LEAST_US = 0.1  # costs below count as this much on the logarithmic scale


def switching_cost(
    states: Sequence[str],
    time_s: Sequence[Sequence[float | None]],
    energy_j: Sequence[Sequence[float | None]],
    *,
    width: int = 620,
) -> ChartType:
    """Draw the time of every change as a heat map.

    Parameters
    ----------
    states
        Names, in the order of the matrices' rows (from) and columns (to).
    time_s, energy_j : (states, states)
        None where the change is not allowed.
    """
    values: list[dict[str, Any]] = [
        {
            "from": a,
            "to": b,
            "us": t * 1e6,
            "shade": max(t * 1e6, _LEAST_US),
            "uj": None if e is None else e * 1e6,
        }
        for a, times, energies in zip(states, time_s, energy_j, strict=True)
        for b, t, e in zip(states, times, energies, strict=True)
        if t is not None
    ]
    high = max((row["shade"] for row in values), default=1.0)
    base = alt.Chart(rows(values)).encode(
        x=alt.X("to:N", title="to", sort=list(states), axis=alt.Axis(labelAngle=-45)),
        y=alt.Y("from:N", title="from", sort=list(states)),
        tooltip=[
            alt.Tooltip("from:N"),
            alt.Tooltip("to:N"),
            alt.Tooltip("us:Q", title="time (µs)", format=".2f"),
            alt.Tooltip("uj:Q", title="energy (µJ)", format=".3f"),
        ],
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "shade:Q",
            title="time (µs)",
            scale=alt.Scale(scheme="cividis", type="log", domain=[_LEAST_US, max(high, 1.0)]),
            legend=alt.Legend(format="~g", gradientLength=260, tickCount=4),
        )
    )
    layers = [cells]
    if len(states) <= _NUMBERS_AT_MOST:
        layers.append(
            base.mark_text(fontSize=9).encode(
                text=alt.Text("us:Q", format=".3~g"),
                color=alt.condition(
                    f"datum.shade > {(high * _LEAST_US) ** 0.5!r}",
                    alt.value("#101010"),
                    alt.value("#fefefe"),
                ),
            )
        )
    return alt.layer(*layers).properties(
        width=width,
        height=max(140, min(26 * len(states), 620)),
        description=(
            f"Time of a change between any two of {len(states)} clock states; "
            f"the longest takes {max((row['us'] for row in values), default=0.0):.4g} µs."
        ),
    )
