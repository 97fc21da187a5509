"""The figures of a report, from its document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.exploration.tolerance import ENERGY_TOLERANCE, TIME_TOLERANCE
from dvfs_kernel.report import charts
from dvfs_kernel.report.runs import HEADLINE, REFERENCE, energy, kind, latency_s, run_of, top_hz
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import altair as alt

    from dvfs_kernel.report.document import Document

__all__ = ["Figure", "figures", "is_figure"]

_PARETO_LAYERS = 6

_NAMES = re.compile(
    r"window-energy|schedule-\d+|frontier|prediction|timeline|timeline-layer|"
    r"layer-clock-granularity|pareto|iso-frequency|switching"
)


@dataclass(frozen=True)
class Figure:
    """A chart, what it is called and where it belongs.

    Parameters
    ----------
    name
        Of its files, and of its place in the page.
    section
        Of the page.
    caption
        What it shows and how to read it.
    """

    name: str
    section: str
    caption: str
    chart: alt.TopLevelMixin


def is_figure(name: str) -> bool:
    """Say whether a figure can have that name."""
    return _NAMES.fullmatch(name) is not None


def figures(document: Document) -> list[Figure]:
    """Return every figure that the document has data for, in the order of the page."""
    return [
        figure
        for part in (
            _windows,
            _schedules,
            _frontier,
            _prediction,
            _timelines,
            _layers,
            _pareto,
            _clocks,
        )
        for figure in part(document)
    ]


def _windows(document: Document) -> Iterator[Figure]:
    bars = []
    for bound in document["bounds"]:
        whole = energy(run_of(bound, REFERENCE))
        for run in bound["runs"]:
            window = energy(run)
            if window is None or not whole:
                continue
            inference, idle = energy(run, "inference_j"), energy(run, "idle_j")
            bars.append(
                {
                    "bound": f"{bound['name']} bound",
                    "title": run["title"],
                    "kind": kind(run),
                    "inference": None if inference is None else inference / whole,
                    "idle": None if idle is None or inference is None else idle / whole,
                    "window": window / whole,
                    "late": run["keeps_bound"] is False,
                }
            )
    if bars:
        yield Figure(
            "window-energy",
            "windows",
            "Energy of the whole window, from leaving idle to the end of the bound, relative to "
            "TinyEngine at the same bound; the pale end of a bar is idle (the paper's "
            "Fig. 5).",
            charts.window_energy(bars),
        )


def _schedules(document: Document) -> Iterator[Figure]:
    layers = document["network"]["layers"]
    for number, bound in enumerate(document["bounds"], start=1):
        run = run_of(bound, HEADLINE)
        if run is None or not run["layers"]:
            continue
        rows = [{**layer, **plan} for layer, plan in zip(layers, run["layers"], strict=True)]
        yield Figure(
            f"schedule-{number}",
            "schedules",
            f"HFO of every layer at the {bound['name']} bound, and its granularity (the "
            f"paper's Fig. 6). {_decoupled(run['layers'])}",
            charts.schedule_strip(rows, f"{bound['name']} bound", top_hz=top_hz(document)),
        )


def _decoupled(layers: Sequence[Mapping[str, Any]]) -> str:
    """Say how many layers are decoupled, and how many of them hop."""
    decoupled = [layer for layer in layers if layer["granularity"] > 0]
    hopping = sum(layer["lfo"] is not None for layer in decoupled)
    return (
        f"{len(decoupled)} of {len(layers)} layers are decoupled (g > 0), {hopping} of them with "
        "memory segments on the LFO."
    )


def _frontier(document: Document) -> Iterator[Figure]:
    found = document["frontier"]
    if not found["time_s"]:
        return
    runs: dict[Any, dict[str, Any]] = {}
    for bound in document["bounds"]:
        for run in bound["runs"]:
            point = latency_s(run), energy(run, "inference_j")
            if None not in point:
                runs.setdefault(
                    (kind(run), point),
                    {
                        "title": run["title"],
                        "kind": kind(run),
                        "bound": bound["name"],
                        "latency_s": point[0],
                        "inference_j": point[1],
                    },
                )
    yield Figure(
        "frontier",
        "optimisation",
        "Predicted latency and energy of the inference under the best schedule for every bound, "
        + ("exact" if found["exact"] else "an approximation with a proved error")
        + "; dashed: the bounds of this report; points: executed runs.",
        charts.energy_frontier(
            found["time_s"], found["energy_j"], document["bounds"], list(runs.values())
        ),
    )


def _prediction(document: Document) -> Iterator[Figure]:
    names = [layer["name"] for layer in document["network"]["layers"]]
    rows = [
        {"bound": bound["name"], "index": index, "name": names[index], **layer}
        for bound in document["bounds"]
        if (run := run_of(bound, HEADLINE)) is not None
        for index, layer in enumerate(run["layers"])
        if layer["executed_s"] is not None
    ]
    if rows:
        yield Figure(
            "prediction",
            "execution",
            "Executed against predicted, layer by layer of the DVFS schedules; dashed: the "
            "differences that are allowed for the whole window "
            f"({100 * TIME_TOLERANCE:g} % of time, {100 * ENERGY_TOLERANCE:g} % of energy).",
            charts.prediction_errors(rows),
        )


def _timelines(document: Document) -> Iterator[Figure]:
    drawn = document["timeline"]
    if not drawn or not drawn["clock"]:
        return
    end_s = _logged_until(drawn)
    yield Figure(
        "timeline",
        "timeline",
        "SYSCLK and supply current of "
        + ("the window" if end_s == drawn["window_s"] else "the inference")
        + ". Bands: memory, compute and switching segments.",
        charts.clock_timeline(drawn["clock"], drawn["segments"], drawn["title"], end_s=end_s),
    )
    detail = _busiest_layer(drawn)
    if detail is not None:
        begin_s, end_s, name, cut = detail
        yield Figure(
            "timeline-layer",
            "timeline",
            f"The {'start of the ' if cut else ''}decoupled layer {name}: memory segments on the "
            "LFO, compute segments on the HFO.",
            charts.clock_timeline(
                drawn["clock"], drawn["segments"], name, begin_s=begin_s, end_s=end_s
            ),
        )


def _logged_until(drawn: Mapping[str, Any]) -> float | None:
    """Return the window's end if idle was logged, else the inference's: its clock goes no further.

    None where nothing says when the inference ended.
    """
    last_s: float | None = max((row["end_s"] for row in drawn["segments"]), default=None)
    if last_s is None or any(row["time_s"] >= last_s for row in drawn["clock"]):
        window_s: float | None = drawn["window_s"]
        return window_s
    return last_s


_SEGMENTS_SHOWN = 24  # of the layer that is drawn larger


def _busiest_layer(drawn: Mapping[str, Any]) -> tuple[float, float, str, bool] | None:
    """Return the part of the decoupled layer with the longest memory segments."""
    parts: dict[int, list[Mapping[str, Any]]] = {}
    for row in drawn["segments"]:
        if row["layer"] is not None:
            parts.setdefault(row["layer"], []).append(row)
    decoupled = [rows for rows in parts.values() if any(row["segment"] == "memory" for row in rows)]
    if not decoupled:
        return None

    def memory_s(rows: list[Mapping[str, Any]]) -> float:
        found = (row["end_s"] - row["start_s"] for row in rows if row["segment"] == "memory")
        return float(ordered_sum(found))

    rows = max(decoupled, key=memory_s)
    shown = rows[:_SEGMENTS_SHOWN]
    name = rows[0]["name"] or f"layer {rows[0]['layer']}"
    return shown[0]["start_s"], shown[-1]["end_s"], name, len(shown) < len(rows)


def _layers(document: Document) -> Iterator[Figure]:
    points = document["figures"]["fig4"]
    if points:
        yield Figure(
            "layer-clock-granularity",
            "space",
            "Latency and power of single layers, left over SYSCLK, right over the granularity "
            "(the paper's Fig. 4).",
            charts.frequency_and_granularity(
                points, [layer["name"] for layer in document["network"]["layers"]]
            ),
        )


def _pareto(document: Document) -> Iterator[Figure]:
    layers = document["network"]["layers"]
    chosen = [entry for entry in document["layers"] if entry["points"]]
    chosen.sort(key=lambda entry: -min(point["energy_j"] for point in entry["points"]))
    chosen = sorted(chosen[:_PARETO_LAYERS], key=lambda entry: int(entry["layer"]))
    if chosen:
        yield Figure(
            "pareto",
            "space",
            f"Candidates of the {len(chosen)} layers that need the most energy. The line joins "
            "those that no other candidate of the layer beats in both time and energy.",
            charts.pareto_points(
                [
                    {
                        "title": f"{entry['layer']}: {layers[entry['layer']]['name']}",
                        "points": entry["points"],
                    }
                    for entry in chosen
                ]
            ),
        )


def _clocks(document: Document) -> Iterator[Figure]:
    clocks = document["clocks"]
    if clocks["iso"]:
        yield Figure(
            "iso-frequency",
            "clocks",
            "Supply current of the legal settings against SYSCLK (the paper's Fig. 2), and how "
            "much more each draws than the cheapest with the same SYSCLK, which is chosen.",
            charts.iso_frequency(clocks["iso"]),
        )
    switching = clocks["switching"]
    if switching["states"]:
        yield Figure(
            "switching",
            "clocks",
            "Time of a change between two clock states: within a running PLL it is a hop, "
            "otherwise the PLL has to lock again.",
            charts.switching_cost(switching["states"], switching["time_s"], switching["energy_j"]),
        )
