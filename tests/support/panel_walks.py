"""Walks over the controls of every panel of the notebooks, and what has to hold at every step."""

import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from pathlib import Path

import ipywidgets
from panel_world import OUTCOMES, world
from small_model import small_model
from tiny_classifier import its_data, tiny_classifier

from dvfs_kernel import widgets
from dvfs_kernel.errors import DvfsError
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.optimiser import _IDLE
from dvfs_kernel.widgets.style import OLD
from dvfs_kernel.widgets.task import Task

CHANGED = "the choice was changed since"
CLOCKS = "pll:25/120/2,pll:25/216/2"
#: Of a slider, beside where it stands: its ends, and places between them.
_PLACES = 5
#: Sets of choices that are all made; of more, every pair of two controls' choices is.
_FEW = 64


@cache
def small_file():
    """Return the path of a network of three layers."""
    path = Path(tempfile.mkdtemp()) / "small.tflite"
    path.write_bytes(small_model(8, 4))
    return path


@cache
def classifier(convolutions=2):
    """Return a network and its data."""
    network = tiny_classifier(convolutions)
    return network, its_data(network)


# ---- panels, and what is to be read in them ------------------------------------------------------


def _says(view, text):
    assert text in view.value, f"{text!r} is not in {view.value[:300]!r}"


def _layer(panel):
    study, executed = panel.study, panel.executed
    if study.found is not None:
        _says(panel.facts, f"<caption>{study.asked}, ")
        assert study.found.workload.network.layers[0].name == study.asked.name
        run = executed._ask()
        assert (run.study, run.layer) == (study.found, study.asked)
        assert panel.chart.drawn[1][1] == run.option
    if executed.found is not None:
        assert panel.timeline.drawn[1][2].startswith(f"{executed.asked}: ")
        assert (executed.asked.granularity > 0) == ("memory (access)" in panel.counters.value)


def _optimiser(panel):
    solved, executed = panel.solved, panel.executed
    if solved.found is not None:
        assert solved.found.problem.idle.mode == _IDLE[solved.asked]
        if panel.compared.value:
            _says(panel.compared, f"DVFS, {solved.asked}")
            run = executed._ask()
            assert (run.solved, run.idle) == (solved.found, solved.asked)
            assert panel.line.drawn[1][2] == [{"name": f"{run.percent} %", "bound_s": run.bound_s}]
    if executed.found is not None:
        _says(panel.table, str(executed.asked))
        _says(panel.table, f"DVFS, {executed.asked.idle}")


def _switch(panel):
    found = panel.found
    if found.found is not None:
        _says(panel.facts, str(found.asked))
        assert str(found.found.before) == found.asked.before


def _boards(panel):
    found = panel.found
    if found.found is not None:
        _says(panel.facts, str(found.asked))
        assert tuple(found.found) == found.asked.kinds


def _own(panel):
    study = panel.study
    if panel.surveyed.found is not None:
        assert panel.surveyed.asked in panel.message.value or "was not taken" in (
            panel.message.value
        )
    if study.found is not None:
        _says(panel.table, study.asked.surveyed.network.name)
        for percent in study.asked.percents:
            _says(panel.table, f"{percent} %")
        assert panel.files.value.count("download=") == len(study.asked.percents) + 1


def _walk(panel):
    if panel.walk.found is not None and panel.facts.value:
        run = panel.executed._ask()
        _says(panel.facts, f"The plan that was chosen: {run.walk.variants[run.number].name}")
    if panel.executed.found is not None:
        _says(panel.took, str(panel.executed.asked))


def _significance(panel):
    if panel.thinnable.found is not None:
        _says(panel.facts, f"{panel.layer.label}, threshold {panel.threshold.label}")


def _explorer(panel):
    if panel.ground.found is not None:
        _says(panel.facts, f"{len(panel.ground.found.exploration.options):,} options")


def _nothing(_panel):
    """Hold nothing beyond what holds for every panel."""


def _asking(name, panel):
    """Return an exercise with the panel that it is about, in one box."""
    exercise = widgets.ExercisePanel(name, panel)
    exercise.children = (*exercise.children, panel)
    exercise.results = panel.results
    exercise.tasks = tasks(panel)
    exercise.about = panel
    return exercise


def _exercise(panel):
    try:
        solution = panel._exercise.explain(panel.about)
    except DvfsError:
        solution = "Press Check"
    _says(panel.solution, solution)


@dataclass(frozen=True)
class Walked:
    """A panel, how it is made, and what has to be read in it."""

    name: str
    make: object
    says: object = _nothing
    files: tuple = ()


def _optimiser_panel():
    return widgets.OptimiserPanel(str(small_file()), CLOCKS, (0, 2))


def _layer_panel():
    return widgets.LayerPanel(str(small_file()), None, f"hse,{CLOCKS}", (0, 2, 4))


WALKED = {
    one.name: one
    for one in (
        Walked("BoardsPanel", lambda: widgets.BoardsPanel(str(small_file())), _boards),
        Walked("ClockSwitchPanel", widgets.ClockSwitchPanel, _switch),
        Walked("ClockTreePanel", widgets.ClockTreePanel),
        Walked("ExercisePanel", lambda: _asking("best-granularity", _layer_panel()), _exercise),
        Walked(
            "ExplorerPanel",
            lambda: widgets.ExplorerPanel(str(small_file()), CLOCKS, (0, 2)),
            _explorer,
        ),
        Walked("IsoFrequencyPanel", widgets.IsoFrequencyPanel),
        Walked("LayerPanel", _layer_panel, _layer),
        Walked(
            "LossWalkPanel",
            lambda: widgets.LossWalkPanel(*classifier(), clocks="pll:25/216/2"),
            _walk,
        ),
        Walked("OptimiserPanel", _optimiser_panel, _optimiser),
        Walked(
            "OwnNetworkPanel",
            lambda: widgets.OwnNetworkPanel(str(small_file()), CLOCKS),
            _own,
            (("text", b"no network"), ("mine", small_model(8, 4)), ("yours", small_model(8, 4))),
        ),
        Walked("PredictionPanel", lambda: widgets.PredictionPanel("relock")),
        Walked("SensorPanel", lambda: widgets.SensorPanel(str(small_file()))),
        Walked(
            "SignificancePanel", lambda: widgets.SignificancePanel(*classifier(3)), _significance
        ),
    )
}


# ---- what has to hold at every step --------------------------------------------------------------


def tree(widget):
    """Yield a widget and everything in it that is not hidden."""
    if widget.layout.display == "none":
        return
    yield widget
    if isinstance(widget, ipywidgets.Box) and not isinstance(widget, ChartView):
        for child in widget.children:
            yield from tree(child)


def tasks(panel):
    """Return what does a panel's work."""
    return [one for one in tree(panel) if isinstance(one, Task)]


def content(result):
    """Return what a result's views show."""
    return [
        (view.drawn if view.chart is not None else None)
        if isinstance(view, ChartView)
        else view.value
        for view in result.views
    ]


def check(walked, panel):
    """Hold what is shown against what it was made for, and against the controls."""
    for widget in tree(panel):
        if isinstance(widget, ipywidgets.HTML):
            assert "should not have happened" not in widget.value, widget.value
    for result in panel.results:
        shown = [bool(part) for part in content(result)]
        if result.found is None:
            assert not any(shown), "views of nothing"
        if not any(shown) and result.found is not None:
            assert "dvfs-message error" in result.told, "an empty place without a word"
        try:
            differs = result._ask() != result.asked
        except DvfsError:
            differs = True
        parent = result._parent
        differs |= parent is not None and (parent.found is None or CHANGED in parent.told)
        old = differs and result.found is not None
        assert (CHANGED in result.told) == old
        assert all((OLD in view._dom_classes) == old for view in result.views)
        if old:
            assert f"of {result.asked}; " in result.told
        before = content(result)
        result.redraw()
        assert repr(before) == repr(content(result)), "what is shown is not of the controls"
    if not panel.results and hasattr(panel, "_update"):
        before = [one.value for one in tree(panel) if isinstance(one, ipywidgets.HTML)]
        panel._update()
        assert before == [one.value for one in tree(panel) if isinstance(one, ipywidgets.HTML)]
    walked.says(panel)


# ---- steps ---------------------------------------------------------------------------------------


def choices(control):
    """Return the values that a control is set to, each with how it is set; empty for others."""
    if isinstance(control, ipywidgets.SelectMultiple):
        count = len(control.options)
        sets = [chosen for size in range(count + 1) for chosen in combinations(range(count), size)]
        return [("index", chosen) for chosen in sets]
    if hasattr(control, "options"):
        return [("index", index) for index in range(len(control.options))]
    if isinstance(control, ipywidgets.Checkbox):
        return [("value", False), ("value", True)]
    if isinstance(control, ipywidgets.IntSlider):
        span = control.max - control.min
        places = [control.min + span * place // (_PLACES - 1) for place in range(_PLACES)]
        return [("value", value) for value in dict.fromkeys(places)]
    if isinstance(control, ipywidgets.FloatText):
        return [("value", value) for value in (0.0, 2.0, -1.5, float("nan"))]
    return []


def controls(panel):
    """Return what a person can set now."""
    return [one for one in tree(panel) if choices(one) and not one.disabled]


def _press(here, panel, rng, walked):
    """Press a button that can be pressed, or do what begins or ends work."""
    acts = []
    if here.pending is not None:
        acts += [lambda outcome=outcome: here.finish(outcome) for outcome in OUTCOMES] * 2
        acts += [one.cancel_button.click for one in tasks(panel) if one.busy]
    buttons = [
        one
        for one in tree(panel)
        if isinstance(one, ipywidgets.Button)
        and not one.disabled
        and one not in [its_task.cancel_button for its_task in tasks(panel)]
    ]
    acts += [one.click for one in buttons]
    acts += [
        lambda name=name, data=data: panel.take(f"{name}.tflite", data)
        for name, data in walked.files
    ]
    if acts:
        rng.choice(acts)()


def walk(name, rng, steps, most_charts=None):
    """Walk at random; what does not hold is an AssertionError that tells the way."""
    walked, way = WALKED[name], []
    with world(most_charts) as here:
        panel = walked.make()
        try:
            check(walked, panel)
            for _ in range(steps):
                settable = controls(panel)
                if settable and rng.random() < 0.5:
                    control = rng.choice(settable)
                    trait, value = rng.choice(choices(control))
                    way.append(f"{control.description} {trait} {value}")
                    setattr(control, trait, value)
                else:
                    way.append(f"press, {'busy' if here.pending else 'idle'}")
                    _press(here, panel, rng, walked)
                    way[-1] += f" → {'busy' if here.pending else 'idle'}"
                check(walked, panel)
        except Exception as error:
            error.add_note(f"{name}: " + "; ".join(way))
            raise


def settle(here, panel, outcome="done"):
    """Let work end until there is none."""
    while here.pending is not None:
        here.finish(outcome)
    assert all(not one.busy for one in tasks(panel))


def every_pair(name, most_charts=None):
    """Set every pair of values of two controls, and press everything at each."""
    walked = WALKED[name]
    with world(most_charts) as here:
        panel = walked.make()
        settle(here, panel)
        names = [one.description for one in controls(panel)]
        groups = list(combinations(range(len(names)), 2)) or [(0,)] * bool(names)
        if _combinations(controls(panel)) <= _FEW:
            groups = [tuple(range(len(names)))]
        for group in groups:
            values = [choices(controls(panel)[place]) for place in group]
            for chosen in product(*values):
                for place, (trait, value) in zip(group, chosen, strict=True):
                    control = controls(panel)[place]
                    # Another layer may have fewer granularities.
                    if (trait, value) in choices(control):
                        setattr(control, trait, value)
                        settle(here, panel)
                check(walked, panel)
                for button in [one for one in tree(panel) if isinstance(one, ipywidgets.Button)]:
                    if not button.disabled and button.layout.display != "none":
                        button.click()
                        settle(here, panel)
                check(walked, panel)
                told = any("message error" in one.note.value for one in tasks(panel))
                assert told or not any(one.is_old and _can_ask(one) for one in panel.results)


def _can_ask(result):
    try:
        result._ask()
    except DvfsError:
        return False
    return True


def _combinations(settable):
    count = 1
    for control in settable:
        count *= len(choices(control))
    return count
