"""Panels for notebooks: controls and charts over the rest of the package.

Each is a widget; shown as the last value of a cell it appears in JupyterLab, Voilà
and executed notebooks. They need the extra ``notebooks``. Each is loaded when it is first used, so
that what needs no panel (where the notebooks are) does without the extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dvfs_kernel.widgets.boards import BoardsPanel, SensorPanel
    from dvfs_kernel.widgets.clock_switch import ClockSwitchPanel
    from dvfs_kernel.widgets.clock_tree import ClockTreePanel
    from dvfs_kernel.widgets.exercise import ExercisePanel, PredictionPanel
    from dvfs_kernel.widgets.explorer import ExplorerPanel
    from dvfs_kernel.widgets.iso_frequency import IsoFrequencyPanel
    from dvfs_kernel.widgets.layer_bench import LayerPanel
    from dvfs_kernel.widgets.loss_walk import LossWalkPanel
    from dvfs_kernel.widgets.optimiser import OptimiserPanel
    from dvfs_kernel.widgets.own_network import OwnNetworkPanel
    from dvfs_kernel.widgets.significance_panel import SignificancePanel

__all__ = [
    "BoardsPanel",
    "ClockSwitchPanel",
    "ClockTreePanel",
    "ExercisePanel",
    "ExplorerPanel",
    "IsoFrequencyPanel",
    "LayerPanel",
    "LossWalkPanel",
    "OptimiserPanel",
    "OwnNetworkPanel",
    "PredictionPanel",
    "SensorPanel",
    "SignificancePanel",
]

_MODULES: Final = {
    "BoardsPanel": "boards",
    "ClockSwitchPanel": "clock_switch",
    "ClockTreePanel": "clock_tree",
    "ExercisePanel": "exercise",
    "ExplorerPanel": "explorer",
    "IsoFrequencyPanel": "iso_frequency",
    "LayerPanel": "layer_bench",
    "LossWalkPanel": "loss_walk",
    "OptimiserPanel": "optimiser",
    "OwnNetworkPanel": "own_network",
    "PredictionPanel": "exercise",
    "SensorPanel": "boards",
    "SignificancePanel": "significance_panel",
}

if not TYPE_CHECKING:  # a type checker reads the names above

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from dvfs_kernel.widgets.extra import require_notebooks  # noqa: PLC0415

        require_notebooks("ipywidgets", "anywidget")
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
