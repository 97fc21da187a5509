"""What panels of notebooks stand in while they are walked: work that ends when and how it is told.

Work is real and of tiny networks; each piece is done once in a process. It begins where a panel
begins it, and ends at `World.finish`: done, failed, or cancelled, with controls moved meanwhile.
"""

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.errors import BoardError, BoardNotFoundError, ClockError
from dvfs_kernel.exploration.runs.bench import Bench
from dvfs_kernel.studies.bound import Bound
from dvfs_kernel.studies.study import run_study
from dvfs_kernel.widgets import (
    boards,
    chart_view,
    clock_switch,
    layer_bench,
    loss_walk,
    optimiser,
    own_network,
    significance_panel,
    survey,
    task,
    thinning_walk,
)
from dvfs_kernel.widgets.result import Result

OUTCOMES = ("done", "failed", "cancelled", "cancelled late")


def quiet(_what, _count, _total):
    """Report progress to nobody."""


class World:
    """What is under way, and how it ends."""

    def __init__(self):
        self.pending = None
        self.outcome = "done"
        self.at_work = None

    def begin(self, target, daemon):
        """Take the place of a thread that begins."""
        assert daemon
        assert self.pending is None, "two pieces of work at once"
        return SimpleNamespace(start=lambda: setattr(self, "pending", target))

    def finish(self, outcome):
        """Let what is under way end."""
        target, self.pending, self.outcome = self.pending, None, outcome
        self.at_work = None
        target()
        self.outcome = "done"
        result, its_task, before = self.at_work
        failed, cancelled = "message error" in its_task.note.value, its_task.cancel_button.disabled
        assert failed or outcome != "failed"
        assert failed or not cancelled or "Cancelled" in its_task.note.value
        if failed or cancelled:
            assert result.found is before, "what was cancelled or failed is shown"

    def controlled(self, find, result, its_task):
        """Return a piece of work that ends as it is told."""

        def work(asked, progress):
            self.at_work = result, its_task, result.found
            if self.outcome == "failed":
                raise BoardError("the board is gone")
            if self.outcome == "cancelled":
                its_task.cancel()
                progress("runs", 0, 1)
                raise AssertionError("a report of progress does not end cancelled work")
            found = find(asked, quiet)
            if self.outcome == "cancelled late":
                its_task.cancel()
            return found

        return work


@contextmanager
def world(most_charts=None):
    """Yield a world; what is made of panels inside it is of it.

    Parameters
    ----------
    most_charts
        Of each kind that are drawn, in a process: drawing takes longer than everything else. By
        default each that has not been drawn yet.
    """
    here = World()
    made = Result.__init__
    draw = chart_view.ChartView.draw

    def controlled(result, panel, its_task, *, find, **options):
        found = None if find is None else here.controlled(find, result, its_task)
        made(result, panel, its_task, find=found, **options)

    def recorded(view, draw_chart, *arguments, **options):
        view.drawn = (draw_chart.__name__, arguments, options)
        key = repr((arguments, options))
        charts = _drawn.setdefault(draw_chart.__name__, {})
        if key not in charts and (most_charts is None or len(charts) < most_charts):
            draw(view, draw_chart, *arguments, **options)
            charts[key] = view.chart
        view.chart = charts.get(key, next(iter(charts.values())))

    loop = SimpleNamespace(call_soon_threadsafe=lambda act: act())
    threads = SimpleNamespace(Thread=here.begin, Event=threading.Event)
    with ExitStack() as stack:
        for place, name, value in (
            (Result, "__init__", controlled),
            (chart_view.ChartView, "draw", recorded),
            (chart_view, "is_static", lambda: True),  # drawn, but not for a browser
            (task, "threading", threads),
            (task, "_running_loop", lambda: loop),
            (survey, "Bench", _here),
            (boards, "_record", _record),
            (clock_switch.ClockSwitchPanel, "_log", _log),
            (layer_bench, "study_layer", _study_layer),
            (layer_bench.LayerPanel, "_execute", _execute_layer),
            (loss_walk.ThinningWalk, "of", _thinning_walk),
            (loss_walk.LossWalkPanel, "_execute", _execute_thinned),
            (optimiser.Solved, "of", _solved),
            (optimiser.OptimiserPanel, "_execute", _execute_window),
            (own_network.OwnNetworkPanel, "_study", _study),
            (significance_panel, "thinnable", _thinnable),
            (thinning_walk, "_TRIED", 4),
        ):
            stack.enter_context(patch.object(place, name, value))
        yield here


# ---- work, done once -----------------------------------------------------------------------------

_known, _drawn = {}, {}


def _once(key, work):
    if key not in _known:
        _known[key] = work()
    return _known[key]


def _here(*arguments, **options):
    return Bench(*arguments, **{**options, "executor": "here"})


def _record(kind, network, hse_hz, _progress):
    if kind != "virtual":
        raise BoardNotFoundError(f"no {kind} was found")

    def work():
        with patch.object(boards, "Bench", _here):
            return _REAL["record"](kind, network, hse_hz, quiet)

    return _once(("record", network.name, hse_hz), work)


def _log(panel, asked, _progress):
    before, after = map(ClockState.parse, (asked.before, asked.after))
    if not before.reaches(after):
        raise ClockError(f"the firmware cannot go from {before} to {after}")
    log = _once("switch", lambda: _REAL["log"](panel, asked, quiet))
    return replace(log, before=before, after=after)


def _study_layer(network, layer, *arguments, **options):
    options["progress"] = quiet
    return _once(
        ("layer", network.name, layer, arguments[1:]),
        lambda: _REAL["study_layer"](network, layer, *arguments, **options),
    )


def _execute_layer(panel, choice, _progress):
    key = ("execute", choice.layer, choice.granularity > 0, choice.lfo)
    return _once(key, lambda: _REAL["execute_layer"](panel, choice, quiet))


def _thinning_walk(surveyed, data, _progress):
    return _once("walk", lambda: _REAL["walk"](surveyed, data, quiet))


def _execute_thinned(_panel, thinned, _progress):
    record = thinned.walk.ground.baseline
    return thinned.schedules(), [(record, True), (record, True)]


def _solved(ground, mode, _progress):
    return _once(("solved", id(ground), mode), lambda: _REAL["solved"](ground, mode, quiet))


def _execute_window(_panel, window, _progress):
    found = window.compared()
    return found, [window.solved.ground.baseline] * len(found)


def _study(panel, asked, _progress):
    most = replace(asked, percents=tuple(panel.bounds.options))
    plan = asked.surveyed.plan([Bound(qos=percent) for percent in most.percents])
    study = _once("study", lambda: asked.surveyed.with_bench(quiet, lambda b: run_study(b, plan)))
    results = tuple(
        one
        for one, percent in zip(study.results, most.percents, strict=True)
        if percent in asked.percents
    )
    return replace(study, results=results), "<p>the report</p>"


def _thinnable(network, data, _progress):
    return _once(("thinnable", network.name), lambda: _REAL["thinnable"](network, data, quiet))


_REAL = {
    "record": boards._record,
    "log": clock_switch.ClockSwitchPanel._log,
    "study_layer": layer_bench.study_layer,
    "execute_layer": layer_bench.LayerPanel._execute,
    "walk": loss_walk.ThinningWalk.of,
    "solved": optimiser.Solved.of,
    "thinnable": significance_panel.thinnable,
}
