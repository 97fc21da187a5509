"""Panels for notebooks: controls and charts over the rest of the package.

Each is a widget; shown as the last value of a cell it appears in JupyterLab, Voilà
and executed notebooks. They need the extra ``notebooks``.
"""

from __future__ import annotations

from dvfs_kernel.widgets.boards import BoardsPanel, SensorPanel
from dvfs_kernel.widgets.clock_switch import ClockSwitchPanel
from dvfs_kernel.widgets.clock_tree import ClockTreePanel
from dvfs_kernel.widgets.exercise import ExercisePanel, PredictionPanel
from dvfs_kernel.widgets.explorer import ExplorerPanel
from dvfs_kernel.widgets.iso_frequency import IsoFrequencyPanel
from dvfs_kernel.widgets.layer_bench import LayerPanel
from dvfs_kernel.widgets.optimiser import OptimiserPanel
from dvfs_kernel.widgets.own_network import OwnNetworkPanel

__all__ = [
    "BoardsPanel",
    "ClockSwitchPanel",
    "ClockTreePanel",
    "ExercisePanel",
    "ExplorerPanel",
    "IsoFrequencyPanel",
    "LayerPanel",
    "OptimiserPanel",
    "OwnNetworkPanel",
    "PredictionPanel",
    "SensorPanel",
]
