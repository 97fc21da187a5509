"""One layer on the board: choose granularity and clocks, see segments, misses and current."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from dvfs_kernel.api.arguments.making import run_store
from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.lists import PAPER_HSE_HZ, parse_clocks
from dvfs_kernel.exploration.layer_study import study_layer
from dvfs_kernel.image.dae_form import decoupled_layers
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.link import abi
from dvfs_kernel.networks.single_layer import lone_layers
from dvfs_kernel.report import charts
from dvfs_kernel.report.timeline import timeline_to_dict
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.panel import Panel, control_row
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


class LayerPanel(Panel):
    """A layer, its granularity and its clocks.

    Parameters
    ----------
    network
        The name of a built-in network, or the path of a ``.tflite`` file.
    layer
        Index of the layer that is chosen first; by default the first depthwise or pointwise one.
        Of a network that has none, every layer that can stand alone may be chosen.
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
        # Without a decoupled layer there are still clocks to choose.
        shown = list(decoupled_layers(self._network)) or lone_layers(self._network)
        names = [(f"{index}: {self._network.layers[index].name}", index) for index in shown]
        self.layer = ipywidgets.Dropdown(
            description="layer", options=names, value=names[0][1] if layer is None else layer
        )
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
        self.study: LayerStudy | None = None
        self.layer.observe(lambda _: self._explore(), "value")
        for control in (self.granularity, self.hfo, self.lfo):
            control.observe(self._update, "value")
        self.run.on_click(lambda _: self._run())
        self.fill(
            control_row([self.layer, self.granularity, self.hfo, self.lfo, self.run]),
            self.task,
            self.facts,
            self.counters,
            self.timeline,
            self.detail,
            self.chart,
        )
        self._explore()

    # ---- exploration ---------------------------------------------------------------------------

    def _explore(self) -> None:
        layer = self.layer.value

        def work(progress: Progress) -> LayerStudy:
            return study_layer(
                self._network,
                layer,
                self._board,
                self._settings,
                self._hse_hz,
                self._granularities,
                store=run_store(),
                progress=progress,
            )

        self._enable(False)
        self.task.start(work, self._take_study, lambda: self._enable(True))

    def _enable(self, enabled: bool) -> None:
        for control in (self.layer, self.granularity, self.hfo, self.lfo, self.run):
            control.disabled = not enabled

    def _take_study(self, study: LayerStudy) -> None:
        before = self.granularity.value
        self.study = study
        fitting = study.granularities
        value = before if before in fitting and before else fitting[len(fitting) // 2]
        self.granularity.options = list(fitting)  # chooses the first
        self.granularity.value = value
        self._clear_run()
        self._update()

    def _clear_run(self) -> None:
        self.timeline.clear()
        self.detail.clear()
        self.counters.value = ""

    @property
    def _chosen(self) -> dict[str, Any]:
        g = self.granularity.value
        hops = self.lfo.value == _HSE and g > 0
        return {"granularity": g, "clock": self.hfo.value, "lfo": _HSE if hops else None}

    def _update(self, _: Any = None) -> None:
        if self.study is None:
            return
        self._clear_run()
        points, chosen = self.study.points(), self._chosen
        self.chart.draw(charts.layer_choice, points, chosen)
        row, best = self._row(points, chosen), min(points, key=lambda point: point["energy_j"])
        base = self._row(points, {"granularity": 0, "clock": chosen["clock"], "lfo": None})
        rows = [
            ("latency", _ms(row), _ms(base), _change(row, base, "time_s")),
            ("average power", _mw(row), _mw(base), _change(row, base, "power_w")),
            ("energy", _uj(row), _uj(base), _change(row, base, "energy_j")),
        ]
        form = "interleaved" if not chosen["granularity"] else f"g = {chosen['granularity']}"
        self.facts.value = markup.table(
            f"{self.layer.label}, {form}: predicted from the counters of one run",
            ["quantity", "this choice", "g = 0, same clock", "difference"],
            rows,
        ) + (
            f"<p>Least energy of all {len(points)} options: {_uj(best)} with g = "
            f"{best['granularity']}, HFO {best['clock']}, LFO {best['lfo'] or 'none'}.</p>"
        )

    def figures(self) -> dict[str, float]:
        """Return the best granularity on the fastest clock, and what hops change at the largest."""
        if self.study is None:
            return {}
        fastest = str(self._settings[-1])
        points = [point for point in self.study.points() if point["clock"] == fastest]
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

    @staticmethod
    def _row(points: list[dict[str, Any]], chosen: dict[str, Any]) -> dict[str, Any]:
        return next(point for point in points if chosen.items() <= point.items())

    # ---- a run ---------------------------------------------------------------------------------

    def _run(self) -> None:
        study = self.study
        if study is None:
            self.tell("Nothing is explored yet: choose a layer.", "note")
            return
        chosen = self._chosen
        setting = next(s for s in self._settings if str(s) == chosen["clock"])
        schedule = study.schedule(chosen["granularity"], setting, hops=chosen["lfo"] is not None)

        def work(progress: Progress) -> InferenceResult:
            progress("run on the board", 0, 1)
            with self._board.open() as board:
                deployment = Deployment(
                    study.workload.network, board, by_debugger=True, progress=progress
                )
                return deployment.infer(study.workload.data, schedule)

        self._enable(False)
        self.task.start(work, self._show_run, lambda: self._enable(True))

    def _show_run(self, result: InferenceResult) -> None:
        truth = result.inference_truth
        if truth is None:
            self.tell("The board logged no inference.", "error")
            return
        found = timeline_to_dict(truth, [self.layer.label])
        title = (
            f"{self.layer.label}: {truth.duration_s * 1e3:.3f} ms, {truth.energy_j * 1e6:.1f} µJ"
        )
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
