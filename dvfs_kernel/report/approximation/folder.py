"""The folder that an approximation leaves: document, page, figures and skip plans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from altair.utils.schemapi import debug_mode

from dvfs_kernel.report import charts
from dvfs_kernel.report.approximation.document import approximation_document
from dvfs_kernel.report.approximation.page import build
from dvfs_kernel.report.figure import FIGURES, Figure
from dvfs_kernel.report.folder import JSON, PAGE
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from dvfs_kernel.approximation.search.choice import SkipChoice
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.studies.joint.joint_study import JointStudy

__all__ = ["figures", "write_approximation"]

_FRONTIER = (
    "Each point is a network with other products left out, in the quickest forms within the "
    "budget of flash; bars are 95 % intervals, colours the least energy within the longest bound, "
    "numbers the losses in points that it was chosen for on search images."
)


def write_approximation(
    folder: Path,
    study: JointStudy,
    choice: SkipChoice | None,
    workload: Workload,
    command: str,
    progress: Progress | None = None,
) -> Path:
    """Write everything, the page last; return its path.

    Parameters
    ----------
    command
        What was typed.
    """
    document = approximation_document(study, choice, workload, command)
    with debug_mode(arg=False):
        drawn = figures(document)
    drawings = {}
    files: dict[str, bytes] = {}
    for number, figure in enumerate(drawn):
        if progress is not None:
            progress("figures", number, len(drawn))
        drawings[figure.name] = figure.draw()
        made = figure.files(drawings[figure.name])
        svg = made[f"{FIGURES}/{figure.name}.svg"].decode()
        files |= made | {f"{FIGURES}/{figure.name}.png": charts.to_png(svg)}
    if progress is not None:
        progress("figures", len(drawn), len(drawn))
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    files[JSON] = text.encode()
    files[PAGE] = build(document, drawn, drawings).encode()
    (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    if choice is not None:
        for loss, _ in choice.losses:
            choice.chosen(loss).point.plan.save(folder / f"skip-loss{loss:g}.json")
    for name, data in files.items():
        write_atomically(folder / name, data)
    return folder / PAGE


def figures(document: dict[str, Any]) -> list[Figure]:
    """Return the figures that the document has data for."""
    found = []
    points = [
        {**point, **point["accuracy"], "window_j": point["windows"][-1]["window_j"]}
        for point in document["points"]
        if point["accuracy"] is not None and point["windows"]
    ]
    if points:
        chart = charts.accuracy_frontier(points, document["baseline_latency_s"])
        found.append(Figure("accuracy-frontier", "points", _FRONTIER, chart))
    energies = charts.technique_energy(
        [
            {
                "bound": bound["name"],
                "label": label(run),
                "window_j": run["executed"]["window_j"],
            }
            for bound in document["bounds"]
            for run in bound["runs"]
            if run["executed"]["window_j"] is not None
        ]
    )
    caption = "Energy of each window as executed: each technique alone, and together."
    return [*found, Figure("technique-energy", "points", caption, energies)]


def label(run: dict[str, Any]) -> str:
    """Return what a run is called in a chart."""
    title = str(run["title"])
    return title if run["loss_points"] is None else f"{title} (loss {run['loss_points']:g})"
