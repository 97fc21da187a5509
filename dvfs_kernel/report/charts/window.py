"""Energy of the iso-latency window, by run and bound (the paper's Fig. 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from dvfs_kernel.report.charts.theme import INK, rows
from dvfs_kernel.report.palette import BLUE, GREEN, GREY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["KIND", "window_energy"]

#: Colours of the kinds of run.
KIND: Final = {"baseline": GREY, "knapsack without switching costs": GREEN, "DVFS": BLUE}


def window_energy(runs: Sequence[Mapping[str, Any]], *, width: int = 600) -> ChartType:
    """Draw the energy of each window relative to the reference run of the same bound.

    Parameters
    ----------
    runs
        ``bound`` (its name), ``title``, ``kind`` (a key of `KIND`), ``inference`` and ``idle``
        (parts of the reference's window energy; ``idle`` may be None: then only the whole is
        known), ``window`` (their sum) and ``late`` (whether the run missed its bound).
    """
    bounds = list(dict.fromkeys(row["bound"] for row in runs))
    parts = [
        {
            "bound": row["bound"],
            "title": row["title"],
            "kind": row["kind"],
            "part": part,
            "order": order,
            "place": place,
            "share": share,
            "window": row["window"],
            "number": f"{row['window']:.3f}" + (", misses the bound" if row["late"] else ""),
        }
        for place, row in enumerate(runs)
        for order, (part, share) in enumerate(_parts(row))
    ]
    kinds = [kind for kind in KIND if any(row["kind"] == kind for row in runs)]
    bars = (
        alt.Chart()
        .mark_bar(height={"band": 0.72})
        .encode(
            x=alt.X(
                "share:Q",
                title="energy of the window, first bar = 1 (a ratio: no unit)",
                stack=True,
            ),
            y=alt.Y(
                "title:N",
                title="run",
                sort=alt.EncodingSortField("place", op="min"),
                axis=alt.Axis(
                    labelLimit=300, titleAngle=0, titleAlign="right", titleX=-6, titleY=-8
                ),
            ),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=kinds, range=[KIND[kind] for kind in kinds]),
            ),
            opacity=alt.Opacity(
                "part:N",
                title=None,
                scale=alt.Scale(domain=["inference", "idle"], range=[1.0, 0.45]),
                legend=alt.Legend(symbolType="square"),
            ),
            order="order:Q",
            tooltip=[
                alt.Tooltip("title:N", title="run"),
                alt.Tooltip("part:N"),
                alt.Tooltip("share:Q", title="part", format=".4f"),
                alt.Tooltip("window:Q", title="window", format=".4f"),
            ],
        )
    )
    numbers = (
        alt.Chart()
        .transform_filter("datum.order == 0")
        .mark_text(align="left", dx=4, color=INK)
        .encode(
            x="window:Q",
            y=alt.Y("title:N", sort=alt.EncodingSortField("place", op="min")),
            text="number:N",
        )
    )
    best = [min((row["window"], row["title"]) for row in runs if row["bound"] == b) for b in bounds]
    told = "; ".join(
        f"at {bound} {title} needs least, {window:.3f}"
        for bound, (window, title) in zip(bounds, best, strict=True)
    )
    chart: ChartType = (
        alt.layer(bars, numbers, data=rows(parts))
        .properties(width=width, height=alt.Step(22))
        .facet(
            row=alt.Row(
                "bound:N",
                title=None,
                sort=bounds,
                header=alt.Header(labelOrient="top", labelAnchor="start", labelFontWeight="bold"),
            )
        )
        # Each bound has runs of its own, such as its best single clock.
        .resolve_scale(y="independent")
        .properties(description=f"Energy of the window relative to the first run: {told}.")
    )
    return chart


def _parts(row: Mapping[str, Any]) -> list[tuple[str, float]]:
    if row["idle"] is None:
        return [("inference", row["window"])]
    return [("inference", row["inference"]), ("idle", row["idle"])]
