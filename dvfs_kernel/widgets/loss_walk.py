"""How much may be lost, under one slider: plan, accuracy, time, energy, pictures, schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.errors import PanelError
from dvfs_kernel.report import charts
from dvfs_kernel.studies.joint.joint_problem import in_forms
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.loss_views import executed_table, facts_table, schedule_table, time_rows
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.picture_strip import picture_strip
from dvfs_kernel.widgets.result import Result
from dvfs_kernel.widgets.survey import Surveyed
from dvfs_kernel.widgets.task import Task
from dvfs_kernel.widgets.thinning_walk import LOSSES, ThinningWalk

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network
    from dvfs_kernel.studies.joint.techniques import TechniqueCandidate

    _Executed = tuple[tuple[TechniqueCandidate, TechniqueCandidate], list[tuple[Record, bool]]]

__all__ = ["LossWalkPanel"]

_PICTURES: Final = 12
_BOUNDS: Final = (0, 10, 30, 50)
_CHART_WIDTH: Final = 680
_TIMES_WIDTH: Final = 620  # layers' names stand beside
# Of the paper's, as many as show what a schedule does: each pair of them is a change to be run.
_CLOCKS: Final = "pll:25/75/2,pll:50/216/2,pll:25/150/2,pll:25/168/2,pll:25/216/2"
_ASKED_POINTS: Final = 1.0  # of the exercise


@dataclass(frozen=True)
class _Thinned:
    """What is taken for an allowed loss, and the window it runs in."""

    walk: ThinningWalk
    number: int
    loss_points: float
    percent: int

    def schedules(self) -> tuple[TechniqueCandidate, TechniqueCandidate]:
        """Return the schedule with nothing left out, and that of the plan."""
        return self.walk.scheduled(0, self.percent), self.walk.scheduled(self.number, self.percent)

    def __str__(self) -> str:
        name = self.walk.variants[self.number].name
        return f"{name}, for a loss of {self.loss_points:g} points, in a window of {self.percent} %"


class LossWalkPanel(Panel):
    """Searches and explores when it appears; then every allowed loss is answered at once.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of a ``.tflite`` file: a classifier.
    data
        Labelled images, as of `dvfs.approximate`; by default the sample that is built in.
    clocks
        As `Surveyed` takes them.
    """

    def __init__(
        self, network: Network | str = "fashion", data: Any = None, clocks: str = _CLOCKS
    ) -> None:
        # Granularities make runs many times as many, and change little of what skipping shows.
        surveyed = Surveyed(load_network(network), clocks, (0,))
        super().__init__(f"What {surveyed.network.name} may lose")
        self.surveyed = surveyed
        self.loss = ipywidgets.SelectionSlider(
            options=[(f"{loss:g}", loss) for loss in LOSSES],
            value=1.0,
            description="allowed loss (points of Top-1)",
            layout={"width": "460px"},
        )
        self.bound = ipywidgets.Dropdown(
            description="window: % over packed kernels", options=list(_BOUNDS), value=30
        )
        self.run = ipywidgets.Button(description="Run on the board", button_style="primary")
        self.run.layout.width = "auto"
        self.task = Task()
        self.facts, self.pictures, self.table, self.took = (ipywidgets.HTML() for _ in range(4))
        self.line, self.times = ChartView(), ChartView()
        self.walk: Result[str, ThinningWalk] = Result(
            self,
            self.task,
            ask=lambda: surveyed.network.name,
            find=lambda _, progress: ThinningWalk.of(surveyed, data, progress),
            show=lambda _, walk: self._show(walk),
            views=[self.facts, self.line, self.pictures, self.times, self.table],
        )
        self.executed: Result[_Thinned, _Executed] = Result(
            self,
            self.task,
            ask=self._thinned,
            find=self._execute,
            show=self._show_executed,
            views=[self.took],
            parent=self.walk,
            button=self.run,
        )
        for control in (self.loss, self.bound):
            control.observe(lambda _: self.walk.redraw(), "value")
        self.fill(
            control_row([self.loss, self.bound, self.run]),
            self.task,
            self.walk.note,
            self.facts,
            self.line,
            self.pictures,
            self.times,
            self.table,
            self.executed.note,
            self.took,
        )
        self.walk.renew()

    def _thinned(self) -> _Thinned:
        walk = self.walk.found
        if walk is None:
            raise PanelError("nothing is searched yet")
        return _Thinned(walk, walk.within(self.loss.value), self.loss.value, self.bound.value)

    def _show(self, walk: ThinningWalk) -> None:
        chosen = self._thinned()
        number = chosen.number
        before, after = chosen.schedules()
        self.pictures.value = self._wrong(walk, number)
        self.facts.value = facts_table(walk, number, before, after)
        self._draw_frontier(chosen)
        self.times.draw(
            charts.layer_times,
            time_rows(before, after, self.surveyed),
            f"Before: nothing left out; after: {walk.variants[number].name}",
            width=_TIMES_WIDTH,
        )
        self.table.value = schedule_table(walk, number, before, after, self.surveyed)

    def _draw_frontier(self, chosen: _Thinned) -> None:
        walk, points = chosen.walk, []
        for place, variant in enumerate(walk.variants):
            assert variant.point is not None  # there is data
            low, high = variant.point.interval
            points.append(
                {
                    "name": variant.name,
                    "top1": variant.point.test.accuracy,
                    "low": low,
                    "high": high,
                    "latency_s": walk.latency_s(place),
                    "window_j": walk.scheduled(place, chosen.percent).candidate.predicted_window_j,
                    "chosen_for": [loss for loss in LOSSES if walk.within(loss) == place],
                }
            )
        self.line.draw(
            charts.accuracy_frontier,
            points,
            walk.ground.baseline.latency_s,
            marked=walk.variants[chosen.number].name,
            width=_CHART_WIDTH,
        )

    def _wrong(self, walk: ThinningWalk, number: int) -> str:
        test, names = walk.thinnable.test, walk.thinnable.class_names
        places = walk.newly_wrong(number)
        if not places:
            return "<p>No test picture is wrong that the exact network gets right.</p>"
        shown = places[:_PICTURES]
        few = "" if len(shown) == len(places) else f"; the first {len(shown)}"
        return (
            f"<p>{len(places)} of {len(test):,} test pictures are wrong now and right with the "
            f"exact network{few}. Below each: what it is, and ✗ what the thinned network takes "
            "it for.</p>"
        ) + picture_strip(
            [test.images[place] for place in shown],
            [names[test.labels[place]] for place in shown],
            [names[walk.predictions[number][place]] for place in shown],
        )

    def figures(self) -> dict[str, float]:
        """Return time saved at a loss of a point, and pictures that go wrong at the largest."""
        walk = self.walk.found
        if walk is None:
            return {}
        chosen = walk.within(_ASKED_POINTS)
        return {
            "saved_time_percent": 100 * (1 - walk.latency_s(chosen) / walk.latency_s(0)),
            "newly_wrong": float(len(walk.newly_wrong(walk.within(LOSSES[-1])))),
        }

    # ---- the board -----------------------------------------------------------------------------

    def _execute(self, thinned: _Thinned, progress: Progress) -> _Executed:
        chosen = thinned.schedules()

        def on(bench: Bench) -> list[tuple[Record, bool]]:
            found = []
            for one in chosen:
                own = bench.beside(in_forms(one.variant.network, one.candidate.rows))
                record = own.run([one.candidate.job], "schedules on the board")[0]
                same = record.output_digest == one.variant.output_digest(bench)
                found.append((record, same))
            return found

        return chosen, self.surveyed.with_bench(progress, on)

    def _show_executed(self, thinned: _Thinned, found: _Executed) -> None:
        self.took.value = executed_table(*found, str(thinned))
