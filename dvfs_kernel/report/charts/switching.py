"""What a change between two clock states costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.report.charts.theme import INK, heading, rows
from dvfs_kernel.report.numbers import quantity
from dvfs_kernel.report.palette import GREY, ORANGE, PURPLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from altair.typing import ChartType

__all__ = ["CHANGES", "change_kind", "switching_cost", "switching_told"]

_LEAST_US: Final = 0.01  # a change that costs nothing is drawn here: the scale is logarithmic

#: Kinds of change, and the colour of each.
CHANGES: Final = {"no change": GREY, "hop": ORANGE, "relock": PURPLE}


def change_kind(before: str, after: str) -> str:
    """Return the kind of a change between two states, as text: a key of `CHANGES`.

    A hop changes what SYSCLK runs on and leaves the PLL alone; a relock locks the PLL anew.
    """
    if before == after:
        return "no change"
    one, other = ClockState.parse(before), ClockState.parse(after)
    return "relock" if other.pll is not None and one.factors != other.factors else "hop"


def _values(
    states: Sequence[str],
    time_s: Sequence[Sequence[float | None]],
    energy_j: Sequence[Sequence[float | None]],
) -> list[dict[str, Any]]:
    return [
        {
            "from": a,
            "to": b,
            "kind": change_kind(a, b),
            "us": t * 1e6,
            "shown": max(t * 1e6, _LEAST_US),
            "uj": None if e is None else e * 1e6,
        }
        for a, times, energies in zip(states, time_s, energy_j, strict=True)
        for b, t, e in zip(states, times, energies, strict=True)
        if t is not None and a != b
    ]


def switching_told(
    states: Sequence[str],
    time_s: Sequence[Sequence[float | None]],
    energy_j: Sequence[Sequence[float | None]],
) -> str:
    """Return in sentences what changes cost; the arguments are those of `switching_cost`."""
    found = []
    for kind, what in (
        ("hop", "A hop, between HSE and a PLL that stays locked,"),
        ("relock", "A relock, after which the PLL gives another frequency,"),
    ):
        alike = [row for row in _values(states, time_s, energy_j) if row["kind"] == kind]
        if alike:
            times_s = sorted(row["us"] / 1e6 for row in alike)
            energies_j = sorted(row["uj"] / 1e6 for row in alike if row["uj"] is not None)
            energy = f" and {_range(energies_j, 'J')}" if energies_j else ""
            found.append(f"{what} takes {_range(times_s, 's')}{energy} ({len(alike)} changes).")
    return " ".join(found)


def _range(values: Sequence[float], unit: str) -> str:
    low, high = quantity(values[0], unit), quantity(values[-1], unit)
    return low if low == high else f"{low} to {high}"


def switching_cost(
    states: Sequence[str],
    time_s: Sequence[Sequence[float | None]],
    energy_j: Sequence[Sequence[float | None]],
    *,
    width: int = 620,
) -> ChartType:
    """Draw a tick for every change on a line of time, one line for each kind of change.

    Parameters
    ----------
    states
        Names, in the order of the matrices' rows (from) and columns (to).
    time_s, energy_j : (states, states)
        None where the change is not allowed.
    """
    values = _values(states, time_s, energy_j)
    kinds = [kind for kind in CHANGES if any(row["kind"] == kind for row in values)]
    ticks = (
        alt.Chart(rows(values))
        .mark_tick(thickness=1.5, opacity=0.55, color=INK)
        .encode(
            x=alt.X("shown:Q", title="time of the change (µs)", scale=alt.Scale(type="log")),
            y=alt.Y("kind:N", title="kind of change", sort=kinds),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=kinds, range=[CHANGES[kind] for kind in kinds]),
            ),
            tooltip=[
                alt.Tooltip("from:N"),
                alt.Tooltip("to:N"),
                alt.Tooltip("us:Q", title="time (µs)", format=".2f"),
                alt.Tooltip("uj:Q", title="energy (µJ)", format=".3f"),
            ],
        )
    )
    chart: ChartType = ticks.properties(
        width=width,
        height=alt.Step(34),
        title=heading("", "A tick for each pair of clock states between which one may change."),
        description=(
            f"Time of the changes between {len(states)} clock states. "
            f"{switching_told(states, time_s, energy_j)}"
        ),
    )
    return chart
