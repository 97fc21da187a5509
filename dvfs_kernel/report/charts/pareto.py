"""Time and energy of a layer's candidates that nothing dominates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import MUTED, grain_colour, heading, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["pareto_points"]

_COLUMNS = 3


def pareto_points(layers: Sequence[Mapping[str, Any]], *, width: int = 210) -> ChartType:
    """Draw one panel for each layer.

    Parameters
    ----------
    layers
        ``title`` and ``points``, each with ``granularity``, ``hfo``, ``lfo``, ``time_s`` and
        ``energy_j``.
    """
    values = [
        {
            "layer": layer["title"],
            "ms": point["time_s"] * 1e3,
            "uj": point["energy_j"] * 1e6,
            "g": point["granularity"],
            "hfo": point["hfo"],
            "lfo": point["lfo"] or "none",
            "best": best,
        }
        for layer in layers
        for point, best in _with_best(layer["points"])
    ]
    grains = sorted({row["g"] for row in values})
    base = alt.Chart().encode(
        x=alt.X("ms:Q", title="time (ms)", scale=alt.Scale(zero=False)),
        y=alt.Y("uj:Q", title="energy (µJ)", scale=alt.Scale(zero=False)),
    )
    line = base.transform_filter("datum.best").mark_line(
        interpolate="step-after", color=MUTED, strokeWidth=0.8
    )
    points = base.mark_point(filled=True, size=34, opacity=0.9).encode(
        color=grain_colour(grains),
        shape=alt.Shape(
            "best:N",
            title="Pareto point of the layer",
            scale=alt.Scale(domain=[True, False], range=["circle", "cross"]),
            legend=alt.Legend(labelExpr="datum.label == 'true' ? 'yes' : 'only for its clock'"),
        ),
        tooltip=[
            alt.Tooltip("hfo:N", title="HFO"),
            alt.Tooltip("lfo:N", title="LFO"),
            alt.Tooltip("g:O", title="granularity"),
            alt.Tooltip("ms:Q", title="time (ms)", format=".4f"),
            alt.Tooltip("uj:Q", title="energy (µJ)", format=".2f"),
        ],
    )
    titles = [layer["title"] for layer in layers]
    chart: ChartType = (
        alt.layer(line, points, data=rows(values))
        .properties(width=width, height=150)
        .facet(
            facet=alt.Facet("layer:N", title=None, sort=titles),
            columns=_COLUMNS,
        )
        .resolve_scale(x="independent", y="independent")
        .properties(
            title=heading("", "Line: the options that no other of the layer beats in both."),
            description=(
                "Time and energy of the candidates of "
                + ", ".join(f"{layer['title']} ({len(layer['points'])})" for layer in layers)
                + "."
            ),
        )
    )
    return chart


def _with_best(points: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], bool]]:
    """Say of each candidate whether no other one is both quicker and cheaper."""
    ordered = sorted(points, key=lambda point: (point["time_s"], point["energy_j"]))
    least, found = float("inf"), []
    for point in ordered:
        found.append((point, point["energy_j"] < least))
        least = min(least, point["energy_j"])
    return found
