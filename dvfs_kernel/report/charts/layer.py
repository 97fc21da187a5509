"""Latency and power of single layers against clock and granularity (the paper's Fig. 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import GRAIN, cycled, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["frequency_and_granularity"]


def frequency_and_granularity(
    points: Sequence[Mapping[str, Any]], names: Sequence[str], *, width: int = 350
) -> ChartType:
    """Draw latency and power, left against SYSCLK and right against the granularity g.

    The left side shows the interleaved form (g = 0). The right side shows, at the highest SYSCLK
    of each layer, the decoupled form with its memory segments on the LFO.

    Parameters
    ----------
    points
        ``layer``, ``operator``, ``granularity``, ``sysclk_hz``, ``lfo``, ``time_s``, ``power_w``.
    names
        Of all layers of the network.
    """
    top_hz = {row["layer"]: row["sysclk_hz"] for row in sorted(points, key=_by_clock)}
    values = [
        {
            "name": f"{row['layer']}: {names[row['layer']]} ({row['operator']})",
            "g": row["granularity"],
            "mhz": row["sysclk_hz"] / 1e6,
            "ms": row["time_s"] * 1e3,
            "mw": row["power_w"] * 1e3,
            "left": row["granularity"] == 0 and row["lfo"] is None,
            "right": row["sysclk_hz"] == top_hz[row["layer"]]
            and (row["granularity"] == 0 or row["lfo"] is not None),
        }
        for row in points
    ]
    layers = sorted({row["name"] for row in values}, key=lambda name: int(name.partition(":")[0]))
    colour = alt.Color(
        "name:N",
        title=None,
        scale=alt.Scale(domain=layers, range=cycled(len(layers))),
    )
    shape = alt.Shape("name:N", title=None, scale=alt.Scale(domain=layers))

    def panel(side: str, x: alt.X, y: alt.Y) -> ChartType:
        chart: ChartType = (
            alt.Chart(rows(row for row in values if row[side]))
            .mark_line(point=True)
            .encode(
                x=x,
                y=y,
                color=colour,
                shape=shape,
                tooltip=[
                    alt.Tooltip("name:N", title="layer"),
                    alt.Tooltip("g:Q", title="g"),
                    alt.Tooltip("mhz:Q", title="SYSCLK (MHz)"),
                    alt.Tooltip("ms:Q", title="latency (ms)", format=".4f"),
                    alt.Tooltip("mw:Q", title="power (mW)", format=".1f"),
                ],
            )
            .properties(width=width, height=180)
        )
        return chart

    latency = alt.Y("ms:Q", title="latency (ms)")
    power = alt.Y("mw:Q", title="power (mW)")
    clock = alt.X("mhz:Q", title="SYSCLK (MHz), g = 0")
    grain = alt.X("g:O", title=f"{GRAIN}, at the highest SYSCLK", axis=alt.Axis(labelAngle=0))
    return alt.vconcat(
        alt.hconcat(panel("left", clock, latency), panel("right", grain, latency)),
        alt.hconcat(panel("left", clock, power), panel("right", grain, power)),
        description=(
            "Latency and power of " + ", ".join(layers) + ": left against SYSCLK in the "
            "interleaved form, right against the granularity with memory segments on the LFO."
        ),
    )


def _by_clock(row: Mapping[str, Any]) -> float:
    return float(row["sysclk_hz"])
