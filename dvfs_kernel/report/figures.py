"""The figures of a report, from its document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dvfs_kernel.report import charts
from dvfs_kernel.report.figure import Figure
from dvfs_kernel.report.runs import HEADLINE, REFERENCE, energy, kind, latency_s, run_of, top_hz
from dvfs_kernel.report.timeline_figures import timeline_figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dvfs_kernel.report.document import Document

__all__ = ["Figure", "figures", "is_figure"]

_PARETO_LAYERS = 6
_NARROW_LAYERS = 14  # of a row of a schedule, on a narrow screen

_NAMES = re.compile(
    r"window-energy|schedule-\d+|frontier|prediction|timeline(-\d+)?(-layer)?|"
    r"layer-clock-granularity|pareto|iso-frequency|switching"
)


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
            timeline_figures,
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
            "the run that idles as TinyEngine does; the pale end of a bar is idle (the "
            "paper's Fig. 5).",
            charts.window_energy(bars),
        )


def _schedules(document: Document) -> Iterator[Figure]:
    layers = document["network"]["layers"]
    for number, bound in enumerate(document["bounds"], start=1):
        run = run_of(bound, HEADLINE)
        if run is None or not run["layers"]:
            continue
        rows = [{**layer, **plan} for layer, plan in zip(layers, run["layers"], strict=True)]
        title, top = f"{bound['name']} bound", top_hz(document)
        yield Figure(
            f"schedule-{number}",
            "schedules",
            f"HFO of every layer at the {bound['name']} bound, and its granularity (the "
            f"paper's Fig. 6). {_decoupled(run['layers'])}",
            charts.schedule_strip(rows, title, top_hz=top),
            charts.schedule_strip(rows, title, top_hz=top, row_layers=_NARROW_LAYERS),
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
    check = document["exploration"]["check"]
    if rows:
        yield Figure(
            "prediction",
            "execution",
            "Executed against predicted, layer by layer of the DVFS schedules. A large point is a "
            "layer that takes a large part of the run: only there a difference matters.",
            charts.prediction_errors(
                rows,
                time_limit=check.get("time_tolerance"),
                energy_limit=check.get("energy_tolerance"),
            ),
        )


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
        costs = switching["states"], switching["time_s"], switching["energy_j"]
        yield Figure(
            "switching", "clocks", charts.switching_told(*costs), charts.switching_cost(*costs)
        )
