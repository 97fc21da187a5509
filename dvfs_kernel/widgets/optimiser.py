"""The whole frontier under one slider: schedule, energies, shadow price, and the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import numpy as np

from dvfs_kernel import abi, charts
from dvfs_kernel.errors import DvfsError
from dvfs_kernel.optimisation.excerpt import GraphExcerpt
from dvfs_kernel.report.runs import kind
from dvfs_kernel.study.candidate import Candidate
from dvfs_kernel.study.candidates import Names
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.optimiser_views import (
    comparison_table,
    executed_table,
    window_bars,
)
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.survey import Surveyed
from dvfs_kernel.widgets.task import Task

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.bench.record import Record
    from dvfs_kernel.layered_graph import Frontier
    from dvfs_kernel.optimisation.problem import Optimum, WindowProblem
    from dvfs_kernel.session import Progress
    from dvfs_kernel.study.candidates import Candidates
    from dvfs_kernel.study.study import Ground

__all__ = ["OptimiserPanel"]

_LOOSEST: Final = 100  # per cent over the baseline
_TIGHTEST: Final = -10
_LAYERS_DRAWN: Final = 7
_IDLE: Final = {"Stop": abi.IdleMode.STOP, "clocks gated": abi.IdleMode.GATED}
_SCHEDULES_COUNTED: Final = 200  # of the frontier, to tell which options are used


@dataclass(frozen=True, eq=False)
class _Solved:
    """Everything that the slider walks over."""

    ground: Ground
    candidates: Candidates
    problem: WindowProblem
    frontier: Frontier
    choices: npt.NDArray[np.int64]
    paper: WindowProblem
    paper_frontier: Frontier
    mode: abi.IdleMode


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
        super().__init__(f"Schedules of {network}")
        extra = {} if granularities is None else {"granularities": granularities}
        self.surveyed = Surveyed(network, clocks, **extra)
        self.qos = ipywidgets.IntSlider(
            value=30,
            min=_TIGHTEST,
            max=_LOOSEST,
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
        self.solved: _Solved | None = None
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

        def work(progress: Progress) -> _Solved:
            ground = self.surveyed.ground(progress)
            progress("frontier", 0, 2)
            candidates = ground.candidates
            problem = candidates.problem(mode)
            longest_s = ground.baseline.latency_s * (1 + _LOOSEST / 100)
            frontier = problem.frontier(longest_s)
            progress("the paper's frontier", 1, 2)
            paper = candidates.paper_problem()
            paper_frontier = paper.frontier(longest_s)
            stride = max(len(frontier) // _SCHEDULES_COUNTED, 1)
            choices = np.array(
                [frontier.solution(index).choice for index in range(0, len(frontier), stride)]
            )
            return _Solved(
                ground, candidates, problem, frontier, choices, paper, paper_frontier, mode
            )

        self.task.start(work, self._take, lambda: self._enable(True))

    def _enable(self, enabled: bool) -> None:
        self.idle.disabled = not enabled
        self.solve.disabled = not enabled or self.solved is not None
        self.run.disabled = not enabled or self.solved is None

    def _take(self, solved: _Solved) -> None:
        self.solved = solved
        self._update()

    # ---- one bound -----------------------------------------------------------------------------

    def _update(self, _: Any = None) -> None:
        solved = self.solved
        if solved is None:
            return
        self.executed.value = ""
        bound_s = self._bound_s(solved)
        self.tell("")
        try:
            optimum = self._optimum(solved, bound_s)
        except DvfsError:
            least_s = float(solved.frontier.time[0])
            self.tell(
                f"No schedule ends within {bound_s * 1e3:.2f} ms: the quickest, with the PLL "
                f"locked on leaving idle, takes {least_s * 1e3:.2f} ms. Move the slider to the "
                "right.",
                "error",
            )
            return
        found = self._candidates(solved, bound_s, optimum)
        self._show_facts(solved, bound_s, optimum, found)
        self.strip.draw(
            charts.schedule_strip,
            self.surveyed.schedule_rows(optimum.schedule),
            f"Schedule of least energy within {bound_s * 1e3:.2f} ms",
            top_hz=216e6,
        )
        self.bars.draw(charts.window_energy, window_bars(found, bound_s))
        self._draw_frontier(solved, bound_s, found)
        self.compared.value = comparison_table(found, bound_s)
        self._draw_graph()

    def _bound_s(self, solved: _Solved) -> float:
        return float(solved.ground.baseline.latency_s * (1 + self.qos.value / 100))

    @staticmethod
    def _optimum(solved: _Solved, bound_s: float) -> Optimum:
        return solved.problem.optimum(solved.frontier.at(bound_s))

    def _candidates(self, solved: _Solved, bound_s: float, optimum: Optimum) -> list[Candidate]:
        """Return what is compared in the window, from the frontiers that are there already."""
        found = solved.candidates.baselines(bound_s) if self.qos.value >= 0 else []
        problem, paper = solved.problem, solved.paper
        title = f"DVFS, {self.idle.value}"
        if solved.paper_frontier.time[0] <= bound_s:
            theirs = paper.optimum(solved.paper_frontier.at(bound_s))
            found.append(
                _candidate(Names.PAPER, "Paper's MCKP, clocks gated", paper, theirs, bound_s)
            )
        return [*found, _candidate(Names.DVFS, title, problem, optimum, bound_s)]

    def _show_facts(
        self, solved: _Solved, bound_s: float, optimum: Optimum, found: list[Candidate]
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

    def _draw_frontier(self, solved: _Solved, bound_s: float, found: list[Candidate]) -> None:
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
            solution = solved.frontier.at(self._bound_s(solved))
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
        bound_s = self._bound_s(solved)
        try:
            optimum = self._optimum(solved, bound_s)
        except DvfsError as error:
            self.tell(str(error), "error")
            return
        found = self._candidates(solved, bound_s, optimum)

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


def _candidate(
    name: str, title: str, problem: WindowProblem, optimum: Optimum, bound_s: float
) -> Candidate:
    rows = problem.rows(optimum.solution.choice)
    return Candidate(name, title, bound_s, optimum.schedule, rows, optimum.prediction, problem.idle)
