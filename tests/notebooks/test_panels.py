"""Panels without a browser: bad input, cells out of order, cancelled work, moved sliders."""

import asyncio
import itertools
import math
import re
import threading

import pytest
from networks import convolution, one_layer, tensor

from dvfs_kernel.errors import BoardError, PanelError
from dvfs_kernel.widgets import (
    BoardsPanel,
    ClockSwitchPanel,
    ClockTreePanel,
    ExercisePanel,
    ExplorerPanel,
    IsoFrequencyPanel,
    LayerPanel,
    OptimiserPanel,
    OwnNetworkPanel,
    PredictionPanel,
)
from dvfs_kernel.widgets.exercises import EXERCISES
from dvfs_kernel.widgets.markup import message, table
from dvfs_kernel.widgets.panel import Panel
from dvfs_kernel.widgets.predictions import PREDICTIONS
from dvfs_kernel.widgets.task import Task


def is_error(html):
    return 'class="dvfs-message error"' in html


# ---- clocks ------------------------------------------------------------------------------------


def test_a_clock_tree_takes_every_end_of_every_slider():
    panel = ClockTreePanel()
    ends = [(w.min, w.max) for w in (panel.hse, panel.pllm, panel.plln)]
    for hse, pllm, plln, pllp, ahb in itertools.product(*ends, (2, 8), (1, panel.ahb.options[-1])):
        panel.hse.value, panel.pllm.value, panel.plln.value = hse, pllm, plln
        panel.pllp.value, panel.ahb.value = pllp, ahb
        assert is_error(panel.message.value) == (panel.facts.value == "")
        assert is_error(panel.message.value) == ("✗" in panel.drawing.value)


def test_a_forbidden_setting_says_why_and_the_next_one_works():
    panel = ClockTreePanel()
    facts = panel.facts.value
    panel.plln.value += 1
    assert is_error(panel.message.value)
    assert "432" in panel.message.value  # the limit of the VCO
    panel.plln.value -= 1
    assert not is_error(panel.message.value)
    assert panel.facts.value == facts


def test_every_frequency_has_settings_or_says_which_is_nearest():
    panel = IsoFrequencyPanel()
    for mhz in (panel.sysclk.min, 14, 97, 99, 150, panel.sysclk.max):
        panel.sysclk.value = mhz
        assert f"SYSCLK {mhz} MHz" in str(panel.view.chart.title) or "nearest" in (
            panel.message.value
        )
        assert "<table>" in panel.rows.value


# ---- questions ---------------------------------------------------------------------------------


class Knowing(Panel):
    """A panel that knows every number."""

    def figures(self):
        names = ("best_granularity", "most_stalled_layer", "quickest_percent", "pareto_percent")
        more = ("hop_change_percent", "saved_at_30_percent", "windows_of_a_cell")
        thinned = ("little_percent", "saved_time_percent", "newly_wrong")
        return dict.fromkeys((*names, *more, *thinned), -4.0)


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_takes_its_own_answer_and_no_other(name):
    panel = ExercisePanel(name, Knowing("knows"))
    right = EXERCISES[name].answer(Knowing("knows"))
    assert math.isfinite(right)
    panel.answer.value = right
    panel.check.click()
    assert "Right" in panel.message.value
    for wrong, way in ((right + abs(right) + 1, "less"), (right - abs(right) - 1, "more")):
        panel.answer.value = wrong
        panel.check.click()
        assert is_error(panel.message.value)
        assert f"it is {way}" in panel.message.value
    assert f"{right:.4g}" in panel.solution.value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_no_number_is_refused(value):
    panel = ExercisePanel("wait-states")
    panel.answer.value = value
    panel.check.click()
    assert "a finite number is allowed" in panel.message.value


def test_an_exercise_whose_panel_has_nothing_yet_says_so_and_works_later():
    panel = Panel("empty")
    exercise = ExercisePanel("pareto-share", panel)
    assert "Press Check" in exercise.solution.value
    exercise.check.click()
    assert "wait until it is done" in exercise.message.value
    panel.figures = lambda: {"pareto_percent": 12.0}
    exercise.answer.value = 12.0
    exercise.check.click()
    assert "Right" in exercise.message.value
    assert "12 %" in exercise.solution.value


@pytest.mark.parametrize("name", PREDICTIONS)
def test_every_choice_of_a_prediction_is_answered(name):
    panel = PredictionPanel(name)
    prediction = PREDICTIONS[name]
    assert panel.message.value == ""
    assert prediction.answer is None or prediction.answer() in prediction.options
    for option in prediction.options:
        panel.choice.value = option
        known = prediction.answer is not None
        assert ("Noted" in panel.message.value) != known
        assert not known or ("That is" in panel.message.value) == (option == prediction.answer())


@pytest.mark.parametrize("kind", [ExercisePanel, PredictionPanel])
def test_a_question_that_is_not_there_names_those_that_are(kind):
    with pytest.raises(PanelError, match=r"'riddle'; there are .*, "):
        kind("riddle")


# ---- long work ---------------------------------------------------------------------------------


def test_work_that_is_cancelled_ends_at_its_next_report_and_the_task_is_free_again():
    async def scenario():
        task, ended, go = Task(), asyncio.Event(), threading.Event()
        found = []

        def work(progress):
            progress("runs", 0, 2)
            assert go.wait(30)
            progress("runs", 1, 2)
            return "all"

        task.start(work, found.append, ended.set)
        assert task.busy
        task.start(work, found.append)
        assert "still under way" in task.note.value
        task.cancel()
        go.set()
        await asyncio.wait_for(ended.wait(), 30)
        assert (task.busy, found) == (False, [])
        assert "Cancelled" in task.note.value
        ended.clear()
        task.start(work, found.append, ended.set)
        await asyncio.wait_for(ended.wait(), 30)
        assert (found, task.note.value) == (["all"], "")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (BoardError("the board is gone"), "the board is gone"),
        (PermissionError(13, "no"), "no"),
        (ZeroDivisionError("why"), "should not have happened"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_what_goes_wrong_is_a_message_and_the_task_is_free_again(error, shown, late):
    if late and isinstance(error, PermissionError):
        shown = "should not have happened"  # what shows a result writes no file
    task, ended = Task(), []

    def fail(_):
        raise error

    task.start((lambda _: 1) if late else fail, fail, lambda: ended.append(True))
    assert is_error(task.note.value)
    assert shown in task.note.value
    assert (task.busy, ended) == (False, [True])


# ---- networks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"no network at all", bytes(4096)], ids=["empty", "text", "zeros"]
)
def test_an_upload_that_is_no_network_says_so_and_the_next_one_works(data, small_network):
    panel = OwnNetworkPanel()
    panel.take("mine.tflite", data)
    assert is_error(panel.message.value)
    assert panel.run.disabled
    panel.take("mine.tflite", small_network.read_bytes())
    assert "✓ mine.tflite" in panel.message.value
    assert not panel.run.disabled
    panel.take("cut.tflite", small_network.read_bytes()[:500])
    assert is_error(panel.message.value)
    assert panel.run.disabled
    assert panel.facts.value == ""


def test_a_name_of_a_file_is_no_markup(small_network):
    panel = OwnNetworkPanel()
    panel.take("<b>x</b>.tflite", small_network.read_bytes())
    assert "<b>x" not in panel.message.value


def test_no_bound_and_no_network_are_refused(small_network):
    panel = OwnNetworkPanel()
    panel.study.renew()
    assert "no network yet" in panel.study.told
    panel.take("mine.tflite", small_network.read_bytes())
    panel.bounds.value = ()
    panel.run.click()
    assert "No bound is chosen" in panel.study.told
    panel.bounds.value = (10,)
    assert panel.study.told == ""


@pytest.mark.board
def test_a_board_that_is_not_there_leaves_the_others_alone(small_network):
    panel = BoardsPanel(str(small_network))
    assert "virtual" in panel.facts.value
    panel.chosen["nucleo"].value = True
    panel.run.click()
    assert "nucleo did not run" in panel.absent.value
    assert "virtual" in panel.facts.value
    for box in panel.chosen.values():
        box.value = False
    panel.run.click()
    assert "choose at least one" in panel.found.told
    assert "of virtual, nucleo, HSE 50 MHz; the choice was changed since" in panel.found.told
    assert not panel.run.disabled


@pytest.mark.board
def test_a_layer_follows_its_sliders_and_runs_on_the_board(small_network):
    panel = LayerPanel(str(small_network), granularities=(0, 1, 6))
    granularities = panel.granularity.options
    told = {}
    for g in granularities:
        panel.granularity.value = g
        told[g] = panel.facts.value, panel.chart.chart.description
    assert len(set(told.values())) == len(granularities) > 2
    panel.granularity.value = granularities[1]
    panel.run.click()
    assert "memory (access)" in panel.counters.value
    ran = f"g = {granularities[1]}"
    panel.granularity.value = 0
    assert (
        f"{ran}, HFO {panel.hfo.value}, LFO hse; the choice was changed since"
        in panel.executed.told
    )
    assert ran in str(panel.timeline.chart.title)
    panel.granularity.value = granularities[1]
    assert panel.executed.told == ""  # the same choice again
    panel.granularity.value = 0
    panel.run.click()
    assert panel.executed.told == ""
    assert "memory (access)" not in panel.counters.value
    panel.layer.value = panel.layer.options[1][1]
    assert panel.layer.label in panel.facts.value


@pytest.mark.board
def test_the_optimiser_walks_its_frontier(small_network):
    panel = OptimiserPanel(str(small_network))
    solved = panel.solved.found
    quickest = solved.quickest_percent
    energies = []
    for percent in range(quickest, panel.qos.max, 7):
        panel.qos.value = percent
        assert panel.solved.told == ""
        bound_s = solved.bound_s(percent)
        ours = solved.compared(bound_s, "ours")[-1]
        assert ours.prediction.latency_s <= bound_s * (1 + 1e-9)
        took = ours.prediction
        power_w = solved.problem.idle.power_w
        energies.append(took.inference_j - power_w * took.latency_s)
    assert all(b <= a * (1 + 1e-9) for a, b in itertools.pairwise(energies))  # time costs nothing
    graph = panel.graph.chart
    panel.qos.value = quickest - 1
    assert "No schedule ends within" in panel.solved.told
    assert panel.graph.chart is panel.strip.chart is None
    panel.run.click()  # refused, with a message
    assert is_error(panel.executed.told)
    panel.qos.value = 30
    assert panel.solved.told == panel.executed.told == ""
    assert panel.graph.chart is not graph


@pytest.mark.board
@pytest.mark.parametrize("panel_of", [LayerPanel, ExplorerPanel, OptimiserPanel, OwnNetworkPanel])
def test_a_network_of_microseconds_without_a_decoupled_form_is_taken(panel_of):
    tensors = (tensor("a", (8, 8, 2)), tensor("b", (8, 8, 4)))
    panel = panel_of(one_layer(convolution(), *tensors), clocks="pll:25/216/2,pll:25/120/2")
    if hasattr(panel, "run"):
        panel.run.click()
    assert "report it" not in panel.task.note.value
    assert not is_error(panel.task.note.value)
    assert not is_error(panel.message.value)
    assert [result.told for result in panel.results] == [""] * len(panel.results)
    assert all(math.isfinite(value) for value in panel.figures().values())
    assert panel.figures()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: LayerPanel(path, 0), "layer: 0 cannot be chosen; allowed: layer 1: "),
        (lambda path: LayerPanel(path, 9), "layer: 9 cannot be chosen; allowed: layer 1: "),
        (
            lambda _: ClockSwitchPanel("pll:9/9/9"),
            "from: pll:9/9/9 cannot be chosen; allowed: pll:",
        ),
    ],
)
def test_a_first_choice_that_is_none_names_those_that_are(make, words, small_network):
    with pytest.raises(PanelError, match=re.escape(words)):
        make(str(small_network))


# ---- markup ------------------------------------------------------------------------------------


def test_texts_are_no_markup():
    assert "&lt;i&gt;" in message("<i>")
    assert "&lt;i&gt;" in table("<i>", ["<i>"], [("<i>",)])
    assert "<i>" not in table("<i>", ["<i>"], [("<i>",)])


def test_numbers_stand_right_and_words_left():
    html = table("t", ["a", "b", "c"], [("x", 1, "2.5 %"), ("y", 2, "-0.1 %")])
    assert html.count('class="number"') == 6
    assert '<td class="number">2.5 %</td>' in html
    assert "<td>x</td>" in html
