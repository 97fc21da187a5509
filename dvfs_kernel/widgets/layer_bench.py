"""One layer on the board: choose granularity and clocks, see segments, misses and current."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import ipywidgets

from dvfs_kernel.api.arguments.making import run_store
from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.lists import PAPER_HSE_HZ, parse_clocks
from dvfs_kernel.errors import PanelError
from dvfs_kernel.exploration.layer_study import study_layer
from dvfs_kernel.image.dae_form import decoupled_layers
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.link import abi
from dvfs_kernel.networks.single_layer import lone_layers
from dvfs_kernel.report import charts
from dvfs_kernel.report.timeline import timeline_to_dict
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.panel import Panel, chosen, control_row
from dvfs_kernel.widgets.result import Result
from dvfs_kernel.widgets.task import Task
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from dvfs_kernel.exploration.layer_study import LayerStudy
    from dvfs_kernel.inference.result import InferenceResult
    from dvfs_kernel.link.progress_callback import Progress

__all__ = ["LayerPanel"]

#: More than the paper's, so that a granularity that is too large is among them.
_GRANULARITIES: Final = (0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
_SEGMENT_NAMES: Final = {
    abi.Segment.MEMORY: "memory (access)",
    abi.Segment.COMPUTE: "compute (execute)",
    abi.Segment.SWITCHING: "switching",
    abi.Segment.OTHER: "other",
}
_CHART_WIDTH: Final = 700
_ZOOMED_SEGMENTS: Final = 24
_HSE, _NONE = "hse", "none"


class _Layer(NamedTuple):
    number: int
    name: str

    def __str__(self) -> str:
        return f"layer {self.number}: {self.name}"


@dataclass(frozen=True)
class _Choice:
    """An option of a layer that was studied."""

    study: LayerStudy
    layer: _Layer
    granularity: int
    clock: str
    lfo: str | None

    @property
    def option(self) -> dict[str, Any]:
        return {"granularity": self.granularity, "clock": self.clock, "lfo": self.lfo}

    def of(self, points: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the option's row."""
        return next(point for point in points if self.option.items() <= point.items())

    def __str__(self) -> str:
        return f"{self.layer}, g = {self.granularity}, HFO {self.clock}, LFO {self.lfo or 'none'}"


class LayerPanel(Panel):
    """A layer, its granularity and its clocks.

    Parameters
    ----------
    network
        The name of a built-in network, or the path of a ``.tflite`` file.
    layer
        Index of the layer that is chosen first; by default the first depthwise or pointwise one.
        Of a network that has none, every layer that can stand alone may be chosen.

    Raises
    ------
    PanelError
        The layer is not one that may be chosen.
    """

    def __init__(
        self,
        network: str = "vww",
        layer: int | None = None,
        clocks: str = "paper",
        granularities: tuple[int, ...] = _GRANULARITIES,
    ) -> None:
        loaded = load_network(network)
        super().__init__(f"One layer of {loaded.name}")
        self._network = loaded
        self._hse_hz = PAPER_HSE_HZ
        self._settings = parse_clocks(clocks, self._hse_hz).settings
        self._granularities = granularities
        self._board = BoardSpec(hse_hz=self._hse_hz)
        self.layer = self._layers(layer)
        self.granularity = ipywidgets.SelectionSlider(
            description="g", options=[0], value=0, layout={"width": "340px"}
        )
        mhz = {str(s): f"{megahertz(s.sysclk_hz(self._hse_hz))} ({s})" for s in self._settings}
        self.hfo = ipywidgets.Dropdown(
            description="HFO", options=[(text, name) for name, text in mhz.items()]
        )
        self.hfo.value = str(self._settings[-1])
        self.lfo = ipywidgets.Dropdown(
            description="LFO",
            options=[("none: memory segments on the HFO", _NONE), ("HSE 50 MHz", _HSE)],
            value=_HSE,
        )
        self.run = ipywidgets.Button(description="Run on the board", button_style="primary")
        self.task = Task()
        self.facts, self.counters = ipywidgets.HTML(), ipywidgets.HTML()
        self.chart, self.timeline, self.detail = ChartView(), ChartView(), ChartView()
        self.study: Result[_Layer, LayerStudy] = Result(
            self,
            self.task,
            ask=lambda: self.layer.value,
            find=self._study,
            show=self._show_study,
            taken=self._fit_granularities,
            views=[self.facts, self.chart],
        )
        self.executed: Result[_Choice, InferenceResult] = Result(
            self,
            self.task,
            ask=self._choice,
            find=self._execute,
            show=self._show_run,
            views=[self.counters, self.timeline, self.detail],
            parent=self.study,
            button=self.run,
        )
        self.task.lock(self.layer)
        self.layer.observe(lambda _: self.study.renew(), "value")
        for control in (self.granularity, self.hfo, self.lfo):
            control.observe(lambda _: self.study.redraw(), "value")
        self.fill(
            control_row([self.layer, self.granularity, self.hfo, self.lfo, self.run]),
            self.task,
            self.study.note,
            self.facts,
            self.executed.note,
            self.counters,
            self.timeline,
            self.detail,
            self.chart,
        )
        self.study.renew()

    def _layers(self, first: int | None) -> ipywidgets.Dropdown:
        """Return what may be chosen: without a decoupled layer there are still clocks."""
        shown = list(decoupled_layers(self._network)) or lone_layers(self._network)
        layers = {index: _Layer(index, self._network.layers[index].name) for index in shown}
        options = [(f"{one.number}: {one.name}", one) for one in layers.values()]
        # There is one: the first layer of a network reads its input and nothing else.
        return chosen(
            "layer", options, options[0][1] if first is None else layers.get(first, first)
        )

    # ---- exploration ---------------------------------------------------------------------------

    def _study(self, layer: _Layer, progress: Progress) -> LayerStudy:
        return study_layer(
            self._network,
            layer.number,
            self._board,
            self._settings,
            self._hse_hz,
            self._granularities,
            store=run_store(),
            progress=progress,
        )

    def _fit_granularities(self, _: _Layer, study: LayerStudy) -> None:
        before, fitting = self.granularity.value, study.granularities
        self.granularity.options = list(fitting)  # chooses the first
        self.granularity.value = (
            before if before in fitting and before else fitting[len(fitting) // 2]
        )

    def _choice(self) -> _Choice:
        study, layer = self.study.found, self.study.asked
        if study is None or layer is None:
            raise PanelError("nothing is explored yet: choose a layer")
        g, clock = self.granularity.value, self.hfo.value
        hops = self.lfo.value == _HSE and g > 0 and clock != _HSE
        return _Choice(study, layer, g, clock, _HSE if hops else None)

    def _show_study(self, layer: _Layer, study: LayerStudy) -> None:
        points, chosen = study.points(), self._choice()
        self.chart.draw(charts.layer_choice, points, chosen.option)
        row, best = chosen.of(points), min(points, key=lambda point: point["energy_j"])
        base = replace(chosen, granularity=0, lfo=None).of(points)
        rows = [
            ("latency", _ms(row), _ms(base), _change(row, base, "time_s")),
            ("average power", _mw(row), _mw(base), _change(row, base, "power_w")),
            ("energy", _uj(row), _uj(base), _change(row, base, "energy_j")),
        ]
        form = "interleaved" if not chosen.granularity else f"g = {chosen.granularity}"
        self.facts.value = markup.table(
            f"{layer}, {form}: predicted from the counters of one run",
            ["quantity", "this choice", "g = 0, same clock", "difference"],
            rows,
        ) + (
            f"<p>Least energy of all {len(points)} options: {_uj(best)} with g = "
            f"{best['granularity']}, HFO {best['clock']}, LFO {best['lfo'] or 'none'}.</p>"
        )

    def figures(self) -> dict[str, float]:
        """Return the best granularity on the fastest clock, and what hops change at the largest."""
        study = self.study.found
        if study is None:
            return {}
        fastest = str(max(self._settings, key=lambda s: s.sysclk_hz(self._hse_hz)))
        points = [point for point in study.points() if point["clock"] == fastest]
        on_hfo = {p["granularity"]: p["energy_j"] for p in points if p["lfo"] is None}
        hopping = {p["granularity"]: p["energy_j"] for p in points if p["lfo"] is not None}
        # A layer without a decoupled form has no memory segments to move: nothing changes.
        largest = max(hopping, default=None)
        return {
            "best_granularity": float(min(on_hfo, key=lambda g: on_hfo[g])),
            "hop_change_percent": 0.0
            if largest is None
            else 100 * (hopping[largest] / on_hfo[largest] - 1),
        }

    # ---- a run ---------------------------------------------------------------------------------

    def _execute(self, choice: _Choice, progress: Progress) -> InferenceResult:
        setting = next(s for s in self._settings if str(s) == choice.clock)
        study = choice.study
        schedule = study.schedule(choice.granularity, setting, hops=choice.lfo is not None)
        progress("run on the board", 0, 1)
        with self._board.open() as board:
            deployment = Deployment(
                study.workload.network, board, by_debugger=True, progress=progress
            )
            return deployment.infer(study.workload.data, schedule)

    def _show_run(self, choice: _Choice, result: InferenceResult) -> None:
        truth = result.inference_truth
        if truth is None:
            raise PanelError("the board logged no inference: there is nothing to show")
        found = timeline_to_dict(truth, [choice.layer.name])
        title = f"{choice}: {truth.duration_s * 1e3:.3f} ms, {truth.energy_j * 1e6:.1f} µJ"
        self.timeline.draw(
            charts.clock_timeline,
            found["clock"],
            found["segments"],
            title,
            end_s=found["duration_s"],
            width=_CHART_WIDTH,
        )
        inside = [row for row in found["segments"] if row["layer"] is not None]
        if len(inside) > _ZOOMED_SEGMENTS:
            shown = inside[:_ZOOMED_SEGMENTS]
            self.detail.draw(
                charts.clock_timeline,
                found["clock"],
                found["segments"],
                f"The first {len(shown)} segments of it",
                begin_s=shown[0]["start_s"],
                end_s=shown[-1]["end_s"],
                width=_CHART_WIDTH,
            )
        else:
            self.detail.clear()
        self.counters.value = _counter_table(truth.stretches)


def _counter_table(stretches: Any) -> str:
    sums: dict[abi.Segment, list[float]] = defaultdict(lambda: [0.0] * 6)
    for stretch in stretches:
        counted = stretch.counters
        misses = counted.dcache_flash_misses + counted.dcache_sram_misses
        stalls = (
            counted.icache_stall_cycles
            + counted.dcache_flash_stall_cycles
            + counted.dcache_sram_stall_cycles
        )
        cost = (1, stretch.duration_s, stretch.cycles, stalls, misses, stretch.energy_j)
        sums[stretch.segment] = [a + b for a, b in zip(sums[stretch.segment], cost, strict=True)]
    rows = [
        (
            _SEGMENT_NAMES[segment],
            int(count),
            f"{time_s * 1e6:,.1f}",
            int(cycles),
            f"{100 * stalls / cycles:.1f} %" if cycles else "",
            int(misses),
            f"{energy_j * 1e6:.2f}",
        )
        for segment, (count, time_s, cycles, stalls, misses, energy_j) in sorted(sums.items())
    ]
    heads = ["segments", "how many", "µs", "cycles", "waiting for memory", "D-cache fills", "µJ"]
    return markup.table("What the board counted", heads, rows)


def _ms(row: dict[str, Any]) -> str:
    return f"{row['time_s'] * 1e3:.3f} ms"


def _mw(row: dict[str, Any]) -> str:
    return f"{row['power_w'] * 1e3:.1f} mW"


def _uj(row: dict[str, Any]) -> str:
    return f"{row['energy_j'] * 1e6:.1f} µJ"


def _change(row: dict[str, Any], base: dict[str, Any], name: str) -> str:
    return f"{100 * (row[name] / base[name] - 1):+.1f} %"
