"""Panels on what may be left out: a tiny classifier, its sliders moved, and bad input."""

import math

import numpy as np
import pytest
from tiny_classifier import its_data, tiny_classifier

from dvfs_kernel.report.charts import layer_times, significance_map
from dvfs_kernel.widgets import LossWalkPanel, SignificancePanel
from dvfs_kernel.widgets.picture_strip import picture_strip
from dvfs_kernel.widgets.thinning_walk import LOSSES

CLOCKS = "pll:25/216/2"


@pytest.fixture(scope="module")
def tiny():
    network = tiny_classifier()
    return network, its_data(network)


def is_error(html):
    return 'class="dvfs-message error"' in html


def test_a_threshold_that_rises_lets_more_go(tiny):
    panel = SignificancePanel(*tiny)
    assert panel.task.note.value == ""
    assert panel.layer.label == "1: second"
    shares, told = [], set()
    for label, _ in panel.threshold.options[:: len(panel.threshold.options) // 5]:
        panel.threshold.label = label
        cells = panel.view.chart.data.values
        shares.append(np.mean([cell["g"] for cell in cells]))
        told.add(panel.facts.value)
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert len(told) == len(shares)
    panel.threshold.index = len(panel.threshold.options) - 1
    assert "100.0%" in panel.facts.value
    assert 0 <= panel.figures()["little_percent"] < 100


@pytest.mark.parametrize("kind", [SignificancePanel, LossWalkPanel])
def test_what_is_no_data_is_a_message(kind, tiny, tmp_path):
    network, (train, test) = tiny
    for data, words in (
        (None, "needs"),
        (str(tmp_path / "nowhere"), "nowhere"),
        ((train.subset(40), test), "40 images"),
        (train, "one part"),
    ):
        panel = kind(network, data)
        assert is_error(panel.task.note.value)
        assert "should not have happened" not in panel.task.note.value
        assert words in panel.task.note.value
        assert panel.figures() == {}


@pytest.mark.board
def test_the_walk_follows_its_slider_and_runs_on_the_board(tiny):
    panel = LossWalkPanel(*tiny, clocks=CLOCKS)
    assert panel.task.note.value == ""
    # Within no more time than the baseline takes it stays on the fastest clock.
    assert panel.walk.told == ""
    panel.bound.options = [0, 2000]
    panel.bound.value = 2000
    walk = panel.walk.found
    latencies, labels = [], walk.thinnable.test.labels
    for loss in LOSSES:
        panel.loss.value = loss
        number = walk.within(loss)
        assert f"The plan that was chosen: {walk.variants[number].name}" in panel.facts.value
        assert panel.walk.told == ""
        assert walk.variants[number].point.point.assessment.loss_points <= loss
        latencies.append(walk.latency_s(number))
        wrong = walk.newly_wrong(number)
        assert all(walk.predictions[number][place] != labels[place] for place in wrong)
        assert all(walk.predictions[0][place] == labels[place] for place in wrong)
        assert panel.pictures.value.count("<img") == min(len(wrong), 12)
    assert latencies[-1] < latencies[0]
    assert all(math.isfinite(value) for value in panel.figures().values())
    panel.run.click()
    assert panel.took.value.count("<td>yes</td>") == 2
    assert "in a window of 2000 %" in panel.took.value
    assert panel.executed.told == ""
    panel.bound.value = 0
    assert "in a window of 2000 %; the choice was changed since" in panel.executed.told


def test_pictures_are_bytes_and_names_are_no_markup():
    pictures = [np.zeros((4, 4, channels), np.uint8) for channels in (1, 3)]
    html = picture_strip(pictures, ["<b>", "a"], ["b", "<i>"])
    assert html.count("data:image/png;base64,") == 2
    assert "<b>" not in html
    assert "&lt;i&gt;" in html


def test_charts_say_what_they_show():
    cells = [
        {"channel": c, "pair": p, "significance": 0.0, "gone": p == 0}
        for c in (0, 1)
        for p in (0, 1, 2)
    ]
    chart = significance_map(cells, "layer")
    chart.to_dict()
    assert "2 output channels by 3 pairs, 2 of 6 cells left out" in chart.description
    rows = [
        {"layer": "0", "side": side, "time_s": 1e-3, "text": ""} for side in ("before", "after")
    ]
    chart = layer_times(rows, "both")
    chart.to_dict()
    assert "before 1.000 ms, after 1.000 ms" in chart.description
