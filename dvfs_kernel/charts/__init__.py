"""Charts of clocks, layers, schedules and runs, as Altair objects.

Each function takes plain values (lists of dicts with SI units in their names, as they stand in a
``dvfs-kernel/report`` document) and returns a chart that a notebook shows and `render` turns into
SVG or PNG. `use_theme` gives notebooks the look of the report.
"""

from __future__ import annotations

from dvfs_kernel.charts.clocks import iso_frequency
from dvfs_kernel.charts.frontier import energy_frontier
from dvfs_kernel.charts.layer import frequency_and_granularity
from dvfs_kernel.charts.pareto import pareto_points
from dvfs_kernel.charts.prediction import prediction_errors
from dvfs_kernel.charts.render import on_background, to_png, to_svg
from dvfs_kernel.charts.schedule import schedule_strip
from dvfs_kernel.charts.switching import switching_cost
from dvfs_kernel.charts.theme import use_theme
from dvfs_kernel.charts.timeline import clock_timeline
from dvfs_kernel.charts.window import window_energy

__all__ = [
    "clock_timeline",
    "energy_frontier",
    "frequency_and_granularity",
    "iso_frequency",
    "on_background",
    "pareto_points",
    "prediction_errors",
    "schedule_strip",
    "switching_cost",
    "to_png",
    "to_svg",
    "use_theme",
    "window_energy",
]
