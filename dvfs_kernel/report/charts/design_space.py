"""All options of all layers, linked: a brush over the layers or the options chooses in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from dvfs_kernel.report.charts.theme import (
    GRAIN,
    INK,
    MUTED,
    grain_colour,
    heading,
    operator_colour,
    operator_kind,
    rows,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from altair.typing import ChartType

__all__ = ["design_space", "stall_and_compute"]

_FAINT = 0.12
_HOPS = ("stay on the HFO", "hop to the LFO")
_LABELS = 25  # of layers


def design_space(
    layers: Sequence[Mapping[str, Any]],
    options: Sequence[Mapping[str, Any]],
    *,
    width: int = 720,
) -> ChartType:
    """Draw energy by layer above and time against energy of every option below.

    Dragging over bars shows the options of those layers alone; a click beside them shows all again.
    Dragging over points shows in the third chart at which clocks and granularities they lie.

    Parameters
    ----------
    layers
        ``layer``, ``name``, ``operator`` and ``energy_j`` of the interleaved form at full clock.
    options
        ``layer``, ``name``, ``granularity``, ``hfo``, ``lfo``, ``sysclk_hz``, ``time_s``,
        ``energy_j`` and ``pareto``; as many as a browser can bear (some thousands).
    """
    brush = alt.selection_interval(name="layers", encodings=["x"])
    picked = alt.selection_interval(name="options")
    grains = sorted({row["granularity"] for row in options})
    step = max(len(layers) // _LABELS, 1)  # labels of many layers would run together
    labelled = [row["layer"] for row in layers][::step]
    bars = (
        alt.Chart(
            rows(
                {
                    "layer": row["layer"],
                    "name": row["name"],
                    "kind": operator_kind(row["operator"]),
                    "uj": row["energy_j"] * 1e6,
                }
                for row in layers
            )
        )
        .mark_bar()
        .encode(
            x=alt.X(
                "layer:O",
                title="layer (drag over some)",
                axis=alt.Axis(labelAngle=0, values=labelled),
            ),
            y=alt.Y("uj:Q", title="energy (µJ)"),
            color=operator_colour(),
            opacity=alt.condition(brush, alt.value(1.0), alt.value(0.3)),
            tooltip=[alt.Tooltip("name:N", title="layer"), alt.Tooltip("uj:Q", format=".1f")],
        )
        .add_params(brush)
        .properties(width=width, height=100, title="Energy of each layer, g = 0 at 216 MHz")
    )
    values = rows(
        {
            "layer": row["layer"],
            "name": row["name"],
            "g": row["granularity"],
            "hfo": row["hfo"],
            "lfo": row["lfo"] or "none",
            "hops": _HOPS[row["lfo"] is not None],
            "mhz": row["sysclk_hz"] / 1e6,
            "ms": row["time_s"] * 1e3,
            "uj": row["energy_j"] * 1e6,
            "pareto": row["pareto"],
        }
        for row in options
    )
    tooltip = [
        alt.Tooltip("name:N", title="layer"),
        alt.Tooltip("g:O", title="g"),
        alt.Tooltip("hfo:N", title="HFO"),
        alt.Tooltip("lfo:N", title="LFO"),
        alt.Tooltip("ms:Q", title="time (ms)", format=".4f"),
        alt.Tooltip("uj:Q", title="energy (µJ)", format=".2f"),
    ]
    base = alt.Chart(values).transform_filter(brush)
    hops = alt.Shape(
        "hops:N",
        title="memory segments",
        scale=alt.Scale(domain=list(_HOPS), range=["circle", "triangle-up"]),
    )
    axes = {
        "x": alt.X("ms:Q", title="time (ms)", scale=alt.Scale(zero=False)),
        "y": alt.Y("uj:Q", title="energy (µJ)", scale=alt.Scale(zero=False)),
    }
    points = (
        base.mark_point(filled=True, size=30)
        .encode(
            **axes,
            color=grain_colour(grains),
            shape=hops,
            opacity=alt.condition(picked, alt.value(0.75), alt.value(_FAINT)),
            tooltip=tooltip,
        )
        .add_params(picked)
    )
    rings = (
        base.transform_filter("datum.pareto")
        .mark_point(size=70, color=INK, strokeWidth=1.2, filled=False)
        .encode(**axes, tooltip=tooltip)
    )
    cloud = alt.layer(points, rings).properties(
        width=width * 0.56,
        height=250,
        title=heading(
            "Options of those layers", "Ringed: Pareto points, which no option of the layer beats."
        ),
    )
    where = (
        base.transform_filter(picked)
        .mark_rect()
        .encode(
            x=alt.X("mhz:O", title="SYSCLK of the HFO (MHz)", axis=alt.Axis(labelAngle=-45)),
            y=alt.Y("g:O", title=GRAIN, scale=alt.Scale(domain=grains)),
            color=alt.Color(
                "count():Q", title="number of options", scale=alt.Scale(scheme="blues")
            ),
            tooltip=[alt.Tooltip("count():Q", title="options")],
        )
        .properties(width=width * 0.3, height=250, title="Where the dragged-over points lie")
    )
    best = sum(bool(row["pareto"]) for row in options)
    chart: ChartType = (
        alt.vconcat(bars, alt.hconcat(cloud, where).resolve_scale(color="independent"))
        .resolve_scale(color="independent")
        .properties(
            description=(
                f"Energy of {len(layers)} layers, and time and energy of {len(options)} options, "
                f"{best} of which are Pareto points of their layer."
            )
        )
    )
    return chart


def stall_and_compute(layers: Sequence[Mapping[str, Any]], *, width: int = 480) -> ChartType:
    """Draw each layer's work rate against how much work it does for each byte of cache fill.

    As in a roofline (Williams et al., 2009): to the left layers wait for memory, to the right the
    core is the limit.

    Parameters
    ----------
    layers
        ``name``, ``operator``, ``macs``, ``cycles``, ``stall_cycles``, ``filled_bytes``, of the
        interleaved form at full clock; layers without multiply-accumulates are left out.
    """
    values = [
        {
            "name": row["name"],
            "kind": operator_kind(row["operator"]),
            "intensity": row["macs"] / max(row["filled_bytes"], 1),
            "rate": row["macs"] / row["cycles"],
            "stalled": row["stall_cycles"] / row["cycles"],
            "kcycles": row["cycles"] / 1e3,
        }
        for row in layers
        if row["macs"]
    ]
    # The rate if nothing had to be waited for: the roof above each point.
    roofs = [{**row, "roof": row["rate"] / (1 - row["stalled"])} for row in values]
    x = alt.X(
        "intensity:Q",
        title="work per byte filled into the caches (MAC/byte)",
        scale=alt.Scale(type="log"),
    )
    tooltip = [
        alt.Tooltip("name:N", title="layer"),
        alt.Tooltip("rate:Q", title="MAC/cycle", format=".3f"),
        alt.Tooltip("roof:Q", title="without stalls", format=".3f"),
        alt.Tooltip("stalled:Q", title="waiting", format=".1%"),
        alt.Tooltip("kcycles:Q", title="thousand cycles", format=",.0f"),
    ]
    points = (
        alt.Chart(rows(roofs))
        .mark_point(filled=True, opacity=0.85)
        .encode(
            x=x,
            y=alt.Y("rate:Q", title="rate (MAC/cycle)"),
            color=operator_colour(),
            size=alt.Size("kcycles:Q", title="thousand cycles", scale=alt.Scale(range=[25, 320])),
            tooltip=tooltip,
        )
    )
    stems = (
        alt.Chart(rows(roofs))
        .mark_rule(color=MUTED, strokeWidth=1)
        .encode(x=x, y="rate:Q", y2="roof:Q")
    )
    ends = (
        alt.Chart(rows(roofs))
        .mark_tick(color=INK, thickness=1.5, size=9)
        .encode(x=x, y="roof:Q", tooltip=tooltip)
    )
    worst = max(values, key=lambda row: row["stalled"], default=None)
    told = f"; {worst['name']} waits most, {100 * worst['stalled']:.0f} %" if worst else ""
    return alt.layer(stems, ends, points).properties(
        width=width,
        height=250,
        title=heading(
            "Rate of each layer", "Tick above a point: what it would be without waiting for memory."
        ),
        description=(
            f"Multiply-accumulates per cycle of {len(values)} layers against those per byte filled "
            f"into the caches{told}."
        ),
    )
