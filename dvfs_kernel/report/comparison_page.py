"""A comparison of two boards as a folder: a page, its drawing, and all numbers as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dvfs_kernel.report import charts
from dvfs_kernel.report.figure import FIGURES, Figure
from dvfs_kernel.report.style import environment, style_sheet
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from dvfs_kernel.evidence.comparison.boards import Comparison, ScheduleComparison

__all__ = ["write_comparison"]

# Of the segments, those that differ by most time: where a calibration has most to gain.
_SEGMENTS_SHOWN = 30


def write_comparison(folder: Path, comparison: Comparison) -> Path:
    """Write ``comparison.html``, ``comparison.json`` and its figure; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(
        "comparison",
        "layers",
        f"What {comparison.boards[1]} takes more than {comparison.boards[0]} in each layer. A "
        "large point is a layer that takes a large part of the run.",
        charts.prediction_errors(
            comparison.chart_rows(), above=f"{comparison.boards[1]} takes more"
        ),
    )
    drawing = figure.draw()
    page = (
        environment()
        .get_template("comparison.html")
        .render(
            network=comparison.network.name,
            boards=comparison.boards,
            schedules=[_schedule_row(schedule) for schedule in comparison.schedules],
            segments=_segment_rows(comparison),
            drawn=figure.on_page(drawing),
            style=style_sheet(),
        )
    )
    files = figure.files(drawing)
    svg = files[f"{FIGURES}/{figure.name}.svg"].decode()
    files[f"{FIGURES}/{figure.name}.png"] = charts.to_png(svg)
    path = folder / "comparison.html"
    text = json.dumps(comparison.to_dict(), indent=1) + "\n"
    write_atomically(folder / "comparison.json", text.encode())
    (folder / FIGURES).mkdir(exist_ok=True)
    for name, data in files.items():
        write_atomically(folder / name, data)
    write_atomically(path, page.encode())
    return path


def _schedule_row(schedule: ScheduleComparison) -> list[str]:
    mine, other = (run.profile for run in schedule.runs)
    measured, energy_off = schedule.measured, schedule.energy_off
    return [
        schedule.name,
        f"{mine.time_s * 1e3:.3f}",
        f"{other.time_s * 1e3:.3f}",
        f"{schedule.time_off:+.2%}",
        f"{other.cycles / mine.cycles - 1:+.2%}",
        "–" if measured is None else f"{measured.energy_j.mean * 1e3:.3f}",
        "–" if schedule.energy_j is None else f"{schedule.energy_j * 1e3:.3f}",
        "–" if energy_off is None else f"{energy_off:+.2%}",
        "same" if schedule.same_output else "DIFFERS",
        "same" if schedule.same_switching else "DIFFER",
    ]


def _segment_rows(comparison: Comparison) -> list[list[str]]:
    found = [
        (schedule.name, segment)
        for schedule in comparison.schedules
        for segment in schedule.segments
    ]
    found.sort(key=lambda pair: -abs(pair[1].time_s[1] - pair[1].time_s[0]))
    return [
        [
            name,
            str(segment.layer),
            segment.name,
            segment.segment.name.lower(),
            segment.clock,
            f"{segment.time_s[0] * 1e6:,.1f}",
            f"{segment.time_s[1] * 1e6:,.1f}",
            f"{segment.time_off:+.2%}",
            f"{segment.cycles_off:+.2%}",
        ]
        for name, segment in found[:_SEGMENTS_SHOWN]
    ]
