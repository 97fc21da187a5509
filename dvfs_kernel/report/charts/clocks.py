"""Current of the clock settings that reach the same SYSCLK (the paper's Fig. 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import altair as alt

from dvfs_kernel.report.charts.narrow import ROOMY
from dvfs_kernel.report.charts.theme import INK, rows
from dvfs_kernel.report.palette import BLUE, ORANGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["iso_frequency"]

_WHICH: Final = ("the setting that draws least, which is taken", "another with the same SYSCLK")

# Of a name beside its point: alignment, baseline and offset, below right and above left.
_PLACES: Final[tuple[tuple[Literal["left", "right"], Literal["top", "bottom"], int, int], ...]] = (
    ("left", "top", 7, 3),
    ("right", "bottom", -7, -3),
)


def iso_frequency(settings: Sequence[Mapping[str, Any]], *, width: int = 760) -> ChartType:
    """Draw current against SYSCLK, one point for each setting, and below what others cost more.

    Parameters
    ----------
    settings
        ``sysclk_hz``, ``clock``, ``current_a`` and ``chosen``.
    """
    chosen = [row["clock"] for row in settings if row["chosen"]]
    least_a: dict[float, float] = {}
    for row in settings:
        rate = row["sysclk_hz"]
        least_a[rate] = min(row["current_a"], least_a.get(rate, row["current_a"]))
    values = [
        {
            "number": chosen.index(row["clock"]) if row["chosen"] else -1,
            "mhz": row["sysclk_hz"] / 1e6,
            "ma": row["current_a"] * 1e3,
            "clock": row["clock"],
            "more": 100 * (row["current_a"] / least_a[row["sysclk_hz"]] - 1),
            "which": _WHICH[0] if row["chosen"] else _WHICH[1],
        }
        for row in settings
    ]
    base = alt.Chart(rows(values)).encode(
        x=alt.X("mhz:Q", title="SYSCLK (MHz)"),
        y=alt.Y("ma:Q", title="supply current while running (mA)"),
        tooltip=[
            alt.Tooltip("clock:N", title="clock"),
            alt.Tooltip("mhz:Q", title="SYSCLK (MHz)"),
            alt.Tooltip("ma:Q", title="current (mA)", format=".2f"),
            alt.Tooltip("more:Q", title="above the least (%)", format=".2f"),
        ],
    )
    points = base.mark_point(strokeWidth=1.8, opacity=1).encode(
        size=alt.Size("which:N", title=None, scale=alt.Scale(domain=list(_WHICH), range=[40, 130])),
        color=alt.Color(
            "which:N", title=None, scale=alt.Scale(domain=list(_WHICH), range=[BLUE, ORANGE])
        ),
        shape=alt.Shape(
            "which:N", title=None, scale=alt.Scale(domain=list(_WHICH), range=["circle", "diamond"])
        ),
    )
    # Neighbours in turn below and above their points, so that close ones stay readable.
    names = [
        base.transform_filter(f"datum.number >= 0 && datum.number % 2 == {side}")
        .mark_text(
            color=INK, fontSize=10, align=align, baseline=baseline, dx=dx, dy=dy, style=ROOMY
        )
        .encode(text="clock:N")
        for side, (align, baseline, dx, dy) in enumerate(_PLACES)
    ]
    above = points.encode(y=alt.Y("more:Q", title="more than the least (%)"))
    count = len({row["mhz"] for row in values})
    worst = max((row["more"] for row in values), default=0.0)
    return alt.vconcat(
        alt.layer(points, *names).properties(width=width, height=230),
        above.properties(width=width, height=110),
        description=(
            f"Supply current against SYSCLK for {len(values)} clock settings at {count} "
            "frequencies, the cheapest at each frequency marked; the worst setting draws "
            f"{worst:.3g} % more than the cheapest of its frequency."
        ),
    )
