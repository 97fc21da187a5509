"""The design space of a whole network: linked charts to brush, and a view of stalls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from dvfs_kernel.exploration.exploration import reference_jobs
from dvfs_kernel.report import charts
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.result import Result
from dvfs_kernel.widgets.survey import Surveyed
from dvfs_kernel.widgets.task import Task

if TYPE_CHECKING:
    from dvfs_kernel.studies.study import Ground

__all__ = ["ExplorerPanel"]

_LINE_BYTES: Final = 32  # of both caches (TRM of the Cortex-M7)
_FILLS: Final = (
    "icache_flash_misses",
    "icache_sram_misses",
    "dcache_flash_misses",
    "dcache_sram_misses",
)
_STALLS: Final = (
    "icache_stall_cycles",
    "dcache_flash_stall_cycles",
    "dcache_sram_stall_cycles",
)
_ALL, _STATE, _PARETO = "all options", "best of each clock", "Pareto points"


class ExplorerPanel(Panel):
    """Explores a network when it appears, and draws what it found.

    Parameters
    ----------
    network, clocks, granularities
        As `Surveyed` takes them.
    """

    def __init__(
        self, network: str = "vww", clocks: str = "paper", granularities: Any = None
    ) -> None:
        extra = {} if granularities is None else {"granularities": granularities}
        surveyed = Surveyed(network, clocks, **extra)
        super().__init__(f"Design space of {surveyed.network.name}")
        self.surveyed = surveyed
        self.which = ipywidgets.ToggleButtons(
            options=[_PARETO, _STATE, _ALL], value=_STATE, description="show"
        )
        self.task, self.facts = Task(), ipywidgets.HTML()
        self.space, self.roof = ChartView(), ChartView()
        self.ground: Result[str, Ground] = Result(
            self,
            self.task,
            ask=lambda: surveyed.network.name,
            find=lambda _, progress: surveyed.ground(progress),
            show=lambda _, ground: self._show(ground),
            taken=lambda _, ground: self._tell_of(ground),
            views=[self.facts, self.space, self.roof],
        )
        self.which.observe(lambda _: self.ground.redraw(), "value")
        self.fill(
            control_row([self.which]),
            self.task,
            self.ground.note,
            self.facts,
            self.space,
            self.roof,
        )
        self.ground.renew()

    def _tell_of(self, ground: Ground) -> None:
        options = ground.exploration.options
        check = ground.check
        self.facts.value = markup.message(
            f"{len(options):,} options of {ground.exploration.layers} layers from "
            f"{len(reference_jobs(ground.exploration.space))} runs of the network. "
            f"{len(check.samples)} of them, drawn at random, were run at their real clocks: the "
            f"time of a run was predicted to {check.worst_run_time:.2%}, its energy to "
            f"{check.worst_run_energy:.2%}, at worst; a layer's to {check.worst_time:.2%} and "
            f"{check.worst_energy:.2%}. Interleaved at full clock the network takes "
            f"{ground.baseline.latency_s * 1e3:.2f} ms and "
            f"{ground.baseline.total('inference_j') * 1e3:.2f} mJ.",
        )
        self.guarded(check.verify)
        self.roof.draw(charts.stall_and_compute, self._layers(ground))

    def _layers(self, ground: Ground) -> list[dict[str, Any]]:
        record = ground.baseline
        names = record.counter_names
        counted = record.counters.sum(axis=1)

        def total(layer: int, which: tuple[str, ...]) -> int:
            return int(sum(counted[layer, names.index(name)] for name in which))

        return [
            {
                **row,
                "energy_j": float(record.energy_j[row["layer"]]),
                "cycles": total(row["layer"], ("cycles",)),
                "stall_cycles": total(row["layer"], _STALLS),
                "filled_bytes": total(row["layer"], _FILLS) * _LINE_BYTES,
            }
            for row in self.surveyed.layers()
        ]

    def figures(self) -> dict[str, float]:
        """Return the part of options that are Pareto points, and the layer that waits most."""
        ground = self.ground.found
        if ground is None:
            return {}
        layers = self._layers(ground)
        most = max(layers, key=lambda row: row["stall_cycles"] / max(row["cycles"], 1))
        return {
            "pareto_percent": 100 * float(ground.exploration.options["pareto"].mean()),
            "most_stalled_layer": float(most["layer"]),
        }

    def _show(self, ground: Ground) -> None:
        layers = self._layers(ground)
        self.space.draw(charts.design_space, layers, self._options(ground, layers))

    def _options(self, ground: Ground, layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        exploration = ground.exploration
        space = exploration.space
        kept = exploration.options
        if self.which.value == _PARETO:
            kept = kept[kept["pareto"]]
        elif self.which.value == _STATE:
            kept = kept[kept["pareto_in_state"]]
        return [
            {
                "layer": int(row["layer"]),
                "name": layers[row["layer"]]["name"],
                "granularity": int(row["granularity"]),
                "hfo": str(state),
                "lfo": "hse" if row["hops"] else None,
                "sysclk_hz": state.setting.sysclk_hz(space.hse_hz),
                "time_s": float(row["time_s"]),
                "energy_j": float(row["energy_j"]),
                "pareto": bool(row["pareto"]),
            }
            for row in kept
            for state in (space.states[row["state"]],)
        ]
