"""Charts of clocks, layers, schedules and runs, as Altair objects.

Each function takes plain values (lists of dicts with SI units in their names, as they stand in a
``dvfs-kernel/report`` document) and returns a chart that a notebook shows and `render` turns into
SVG or PNG. `use_theme` gives notebooks the look of the report.
"""

from __future__ import annotations

from dvfs_kernel.report.charts.accuracy_frontier import accuracy_frontier, technique_energy
from dvfs_kernel.report.charts.chart_data import ChartTable, chart_tables
from dvfs_kernel.report.charts.clocks import iso_frequency
from dvfs_kernel.report.charts.design_space import design_space, stall_and_compute
from dvfs_kernel.report.charts.frontier import energy_frontier
from dvfs_kernel.report.charts.layer import frequency_and_granularity
from dvfs_kernel.report.charts.layer_choice import layer_choice
from dvfs_kernel.report.charts.layer_times import layer_times
from dvfs_kernel.report.charts.layered_graph import layered_graph
from dvfs_kernel.report.charts.pareto import pareto_points
from dvfs_kernel.report.charts.prediction import prediction_errors
from dvfs_kernel.report.charts.render import on_background, to_narrow_svg, to_png, to_svg
from dvfs_kernel.report.charts.schedule import schedule_strip
from dvfs_kernel.report.charts.sensor import sensor_readings
from dvfs_kernel.report.charts.significance import significance_map
from dvfs_kernel.report.charts.switch_timeline import switch_timeline
from dvfs_kernel.report.charts.switching import switching_cost, switching_told
from dvfs_kernel.report.charts.theme import use_theme
from dvfs_kernel.report.charts.timeline import Idle, clock_timeline
from dvfs_kernel.report.charts.vco import vco_current
from dvfs_kernel.report.charts.window import window_energy

__all__ = [
    "ChartTable",
    "Idle",
    "accuracy_frontier",
    "chart_tables",
    "clock_timeline",
    "design_space",
    "energy_frontier",
    "frequency_and_granularity",
    "iso_frequency",
    "layer_choice",
    "layer_times",
    "layered_graph",
    "on_background",
    "pareto_points",
    "prediction_errors",
    "schedule_strip",
    "sensor_readings",
    "significance_map",
    "stall_and_compute",
    "switch_timeline",
    "switching_cost",
    "switching_told",
    "technique_energy",
    "to_narrow_svg",
    "to_png",
    "to_svg",
    "use_theme",
    "vco_current",
    "window_energy",
]
