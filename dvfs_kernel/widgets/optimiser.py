"""The whole frontier under one slider: schedule, energies, shadow price, and the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import numpy as np

from dvfs_kernel.errors import DvfsError
from dvfs_kernel.link import abi
from dvfs_kernel.optimisation.graph_excerpt import GraphExcerpt
from dvfs_kernel.report import charts
from dvfs_kernel.report.runs import kind
from dvfs_kernel.studies.compared_schedules import Names
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.optimiser_views import (
    comparison_table,
    executed_table,
    window_bars,
)
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.solved import LOOSEST, Solved
from dvfs_kernel.widgets.survey import Surveyed
from dvfs_kernel.widgets.task import Task
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.optimisation.problem import Optimum
    from dvfs_kernel.studies.candidate import Candidate

__all__ = ["OptimiserPanel"]

_TIGHTEST: Final = -10
_LAYERS_DRAWN: Final = 7
_IDLE: Final = {"Stop": abi.IdleMode.STOP, "clocks gated": abi.IdleMode.GATED}
_BARS_WIDTH: Final = 480  # titles and remarks stand beside the bars


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
        self.run.on_click(lambda _: self._run())
        self.solve = ipywidgets.Button(description="Explore and solve")
        self.solve.on_click(lambda _: self._start())
        self.task = Task()
        self.facts, self.compared, self.executed = (ipywidgets.HTML() for _ in range(3))
        self.strip, self.bars, self.line, self.graph = (ChartView() for _ in range(4))
        self.solved: Solved | None = None
        self.qos.observe(self._update, "value")
        self.first.observe(lambda _: self._draw_graph(), "value")
        self.idle.observe(lambda _: self._start(), "value")
        self.fill(
            control_row([self.qos, self.idle, self.run, self.solve]),
            self.task,
            self.facts,
            self.strip,
            self.bars,
            self.compared,
            self.executed,
            self.line,
            control_row([self.first]),
            self.graph,
        )
        self._start()

    # ---- solving -------------------------------------------------------------------------------

    def _start(self) -> None:
        mode = _IDLE[self.idle.value]
        self._enable(False)

        def work(progress: Progress) -> Solved:
            return Solved.of(self.surveyed, mode, progress)

        self.task.start(work, self._take, lambda: self._enable(True))

    def _enable(self, enabled: bool) -> None:
        self.idle.disabled = not enabled
        self.solve.disabled = not enabled or self.solved is not None
        self.run.disabled = not enabled or self.solved is None

    def _take(self, solved: Solved) -> None:
        first = self.solved is None
        self.solved = solved
        self.qos.max = solved.loosest_percent
        if first and self.qos.value < solved.quickest_percent:
            self.qos.value = solved.quickest_percent
        self._update()

    # ---- one bound -----------------------------------------------------------------------------

    def _update(self, _: Any = None) -> None:
        solved = self.solved
        if solved is None:
            return
        self.executed.value = ""
        bound_s = solved.bound_s(self.qos.value)
        self.tell("")
        try:
            optimum = solved.optimum(bound_s)
        except DvfsError:
            least_s = float(solved.frontier.time[0])
            self.tell(
                f"No schedule ends within {bound_s * 1e3:.2f} ms: the quickest, with the PLL "
                f"locked on leaving idle, takes {least_s * 1e3:.2f} ms. Move the slider to the "
                "right.",
                "error",
            )
            return
        found = solved.compared(bound_s, self._title)
        self._show_facts(solved, bound_s, optimum, found)
        self.strip.draw(
            charts.schedule_strip,
            self.surveyed.schedule_rows(optimum.schedule),
            f"Schedule of least energy within {bound_s * 1e3:.2f} ms",
            top_hz=ds.SYSCLK_MAX_HZ,
        )
        self.bars.draw(charts.window_energy, window_bars(found, bound_s), width=_BARS_WIDTH)
        self._draw_frontier(solved, bound_s, found)
        self.compared.value = comparison_table(found, bound_s)
        self._draw_graph()

    @property
    def _title(self) -> str:
        return f"DVFS, {self.idle.value}"

    def figures(self) -> dict[str, float]:
        """Return the quickest bound that is kept, and what is saved at one of 30 %."""
        if self.solved is None:
            return {}
        return {
            "quickest_percent": self.solved.quickest_percent,
            "saved_at_30_percent": self.solved.saved_percent(30),
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

    def _draw_frontier(self, solved: Solved, bound_s: float, found: list[Candidate]) -> None:
        power_w = solved.problem.idle.power_w
        time_s = solved.frontier.time
        self.line.draw(
            charts.energy_frontier,
            time_s.tolist(),
            (solved.frontier.energy + power_w * time_s).tolist(),
            [{"name": f"{self.qos.value} %", "bound_s": bound_s}],
            [
                {
                    "title": one.title,
                    "kind": kind({"name": one.name}),
                    "bound": f"{self.qos.value} %",
                    "latency_s": one.prediction.latency_s,
                    "inference_j": one.prediction.inference_j,
                }
                for one in found
                if one.name in (Names.TINYENGINE, Names.PAPER, Names.DVFS)
            ],
            width=680,
        )

    def _draw_graph(self) -> None:
        solved = self.solved
        if solved is None:
            return
        try:
            solution = solved.frontier.at(solved.bound_s(self.qos.value))
        except DvfsError:
            return  # the message above tells
        excerpt = GraphExcerpt(solved.problem, solved.choices, self.first.value, _LAYERS_DRAWN)
        nodes, edges = excerpt.draw(np.asarray(solution.choice))
        self.graph.draw(charts.layered_graph, nodes, edges)

    # ---- the board -----------------------------------------------------------------------------

    def _run(self) -> None:
        solved = self.solved
        if solved is None:
            return
        bound_s = solved.bound_s(self.qos.value)
        try:
            found = solved.compared(bound_s, self._title)
        except DvfsError as error:
            self.tell(str(error), "error")
            return

        def work(progress: Progress) -> list[Record]:
            jobs = [one.job for one in found]
            records: list[Record] = self.surveyed.with_bench(
                progress, lambda bench: bench.run(jobs, "schedules on the board")
            )
            return records

        def done(records: list[Record]) -> None:
            self.executed.value = executed_table(found, records, bound_s)

        self._enable(False)
        self.task.start(work, done, lambda: self._enable(True))
