"""The whole frontier under one slider: schedule, energies, shadow price, and the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import numpy as np

from dvfs_kernel.errors import PanelError
from dvfs_kernel.link import abi
from dvfs_kernel.optimisation.graph_excerpt import GraphExcerpt
from dvfs_kernel.report import charts
from dvfs_kernel.report.runs import kind
from dvfs_kernel.studies.compared_schedules import Names
from dvfs_kernel.studies.solved import LOOSEST, Solved
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.optimiser_views import (
    comparison_table,
    executed_table,
    window_bars,
)
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.result import Result
from dvfs_kernel.widgets.survey import Surveyed
from dvfs_kernel.widgets.task import Task
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.optimisation.problem import Optimum
    from dvfs_kernel.studies.candidate import Candidate

    _Executed = tuple[list[Candidate], list[Record]]

__all__ = ["OptimiserPanel"]

_TIGHTEST: Final = -10
_LAYERS_DRAWN: Final = 7
_IDLE: Final = {"Stop": abi.IdleMode.STOP, "clocks gated": abi.IdleMode.GATED}
_BARS_WIDTH: Final = 480  # titles and remarks stand beside the bars


@dataclass(frozen=True)
class _Window:
    """A bound, and what was solved for it."""

    solved: Solved
    idle: str
    percent: int

    @property
    def bound_s(self) -> float:
        return self.solved.bound_s(self.percent)

    def compared(self) -> list[Candidate]:
        return self.solved.compared(self.bound_s, f"DVFS, {self.idle}")

    def __str__(self) -> str:
        return f"a bound of {self.percent} %, then {self.idle}"


class OptimiserPanel(Panel):
    """Explores and solves a network when it appears; then every bound is answered at once.

    Parameters
    ----------
    network, clocks
        As `Surveyed` takes them.
    """

    def __init__(
        self, network: str = "vww", clocks: str = "paper", granularities: Any = None
    ) -> None:
        extra = {} if granularities is None else {"granularities": granularities}
        surveyed = Surveyed(network, clocks, **extra)
        super().__init__(f"Schedules of {surveyed.network.name}")
        self.surveyed = surveyed
        self._is_first = True
        self.qos = ipywidgets.IntSlider(
            value=30,
            min=_TIGHTEST,
            max=LOOSEST,
            description="bound: % over TinyEngine's latency",
            layout={"width": "560px"},
        )
        self.idle = ipywidgets.Dropdown(
            description="idle until the bound in", options=list(_IDLE), value="Stop"
        )
        self.first = ipywidgets.IntSlider(
            value=1,
            min=0,
            max=max(len(self.surveyed.network.layers) - _LAYERS_DRAWN, 0),
            description="first layer of the graph",
            layout={"width": "420px"},
        )
        self.run = ipywidgets.Button(description="Run on the board", button_style="primary")
        self.task = Task()
        self.facts, self.compared, self.table = (ipywidgets.HTML() for _ in range(3))
        self.strip, self.bars, self.line, self.graph = (ChartView() for _ in range(4))
        self.solved: Result[str, Solved] = Result(
            self,
            self.task,
            ask=lambda: self.idle.value,
            find=lambda idle, progress: Solved.of(surveyed.ground(progress), _IDLE[idle], progress),
            show=self._show,
            taken=self._fit_bounds,
            views=[self.facts, self.strip, self.bars, self.compared, self.line, self.graph],
        )
        self.executed: Result[_Window, _Executed] = Result(
            self,
            self.task,
            ask=self._window,
            find=self._execute,
            show=lambda window, found: self._show_executed(window, *found),
            views=[self.table],
            parent=self.solved,
            button=self.run,
        )
        self.task.lock(self.idle)
        self.qos.observe(lambda _: self.solved.redraw(), "value")
        self.first.observe(lambda _: self.solved.redraw(self._draw_graph), "value")
        self.idle.observe(lambda _: self.solved.renew(), "value")
        self.fill(
            control_row([self.qos, self.idle, self.run]),
            self.task,
            self.solved.note,
            self.facts,
            self.strip,
            self.bars,
            self.compared,
            self.executed.note,
            self.table,
            self.line,
            control_row([self.first]),
            self.graph,
        )
        self.solved.renew()

    def _fit_bounds(self, _: str, solved: Solved) -> None:
        self.qos.max = solved.loosest_percent
        if self._is_first and self.qos.value < solved.quickest_percent:
            self.qos.value = solved.quickest_percent
        self._is_first = False

    # ---- one bound -----------------------------------------------------------------------------

    def _show(self, idle: str, solved: Solved) -> None:
        window = self._window()
        bound_s = window.bound_s
        optimum = solved.optimum(bound_s)
        found = window.compared()
        self._show_facts(solved, bound_s, optimum, found)
        self.strip.draw(
            charts.schedule_strip,
            self.surveyed.schedule_rows(optimum.schedule),
            f"Schedule of least energy within {bound_s * 1e3:.2f} ms, then {idle}",
            top_hz=ds.SYSCLK_MAX_HZ,
        )
        self.bars.draw(charts.window_energy, window_bars(found, bound_s), width=_BARS_WIDTH)
        self._draw_frontier(solved, window, found)
        self.compared.value = comparison_table(found, bound_s)
        self._draw_graph(idle, solved)

    def _window(self) -> _Window:
        solved, idle = self.solved.found, self.solved.asked
        if solved is None or idle is None:
            raise PanelError("nothing is solved yet")
        window = _Window(solved, idle, self.qos.value)
        least_s = float(solved.frontier.time[0])
        if window.bound_s < least_s:
            raise PanelError(
                f"No schedule ends within {window.bound_s * 1e3:.2f} ms: the quickest, with the "
                f"PLL locked on leaving idle, takes {least_s * 1e3:.2f} ms. Move the slider to the "
                "right."
            )
        return window

    def figures(self) -> dict[str, float]:
        """Return the quickest bound that is kept, and what is saved at one of 30 %."""
        solved = self.solved.found
        if solved is None:
            return {}
        return {
            "quickest_percent": solved.quickest_percent,
            "saved_at_30_percent": solved.saved_percent(30),
        }

    def _show_facts(
        self, solved: Solved, bound_s: float, optimum: Optimum, found: list[Candidate]
    ) -> None:
        ours = found[-1]
        price_w = optimum.solution.multiplier
        rows = [
            ("bound", f"{bound_s * 1e3:.3f} ms"),
            ("latency of the schedule", f"{optimum.prediction.latency_s * 1e3:.3f} ms"),
            ("energy of the inference", f"{optimum.prediction.inference_j * 1e3:.4f} mJ"),
            ("energy of the window", f"{ours.predicted_window_j * 1e3:.4f} mJ"),
            (
                "shadow price: another millisecond would save",
                f"{price_w * 1e3:.3f} µJ ({price_w * 1e3:.3f} mW)",
            ),
            ("schedules on the frontier", f"{len(solved.frontier):,}"),
        ]
        if found[0].name == Names.TINYENGINE:
            saved = 100 * (1 - ours.predicted_window_j / found[0].predicted_window_j)
            rows.insert(4, ("saved against TinyEngine", f"{saved:.1f} %"))
        self.facts.value = markup.table("The best schedule", ["quantity", "value"], rows)

    def _draw_frontier(self, solved: Solved, window: _Window, found: list[Candidate]) -> None:
        power_w = solved.problem.idle.power_w
        time_s = solved.frontier.time
        self.line.draw(
            charts.energy_frontier,
            time_s.tolist(),
            (solved.frontier.energy + power_w * time_s).tolist(),
            [{"name": f"{window.percent} %", "bound_s": window.bound_s}],
            [
                {
                    "title": one.title,
                    "kind": kind({"name": one.name}),
                    "bound": f"{window.percent} %",
                    "latency_s": one.prediction.latency_s,
                    "inference_j": one.prediction.inference_j,
                }
                for one in found
                if one.name in (Names.TINYENGINE, Names.PAPER, Names.DVFS)
            ],
            width=680,
        )

    def _draw_graph(self, _: str, solved: Solved) -> None:
        solution = solved.frontier.at(self._window().bound_s)
        excerpt = GraphExcerpt(solved.problem, solved.choices, self.first.value, _LAYERS_DRAWN)
        nodes, edges = excerpt.draw(np.asarray(solution.choice))
        self.graph.draw(charts.layered_graph, nodes, edges)

    # ---- the board -----------------------------------------------------------------------------

    def _execute(self, window: _Window, progress: Progress) -> _Executed:
        found = window.compared()
        jobs = [one.job for one in found]
        records: list[Record] = self.surveyed.with_bench(
            progress, lambda bench: bench.run(jobs, "schedules on the board")
        )
        return found, records

    def _show_executed(
        self, window: _Window, found: list[Candidate], records: list[Record]
    ) -> None:
        self.table.value = executed_table(found, records, window.bound_s, str(window))
