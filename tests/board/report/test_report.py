"""A report of real inferences: the sample explores, solves and executes VWW."""

import pytest
from report_sample import Sampler

from dvfs_kernel.networks import zoo
from dvfs_kernel.report import build, check, compare
from dvfs_kernel.report.figures import figures
from dvfs_kernel.report.numbers import percent, quantity
from dvfs_kernel.report.verdict import cards

pytestmark = pytest.mark.board


@pytest.fixture(scope="module")
def document():
    sample = Sampler(zoo.load("vww"), granularities=(0, 16), qos=(0.1, 0.5)).document()
    return check(sample | {"paper": compare(sample)})


def executed(document, bound, name):
    runs = document["bounds"][bound]["runs"]
    return next(run["executed"]["window_j"] for run in runs if run["name"] == name)


def test_the_page_tells_the_executed_savings(document):
    page = build(document, figures(document))
    for bound in (0, 1):
        saved = 1 - executed(document, bound, "dvfs") / executed(document, bound, "tinyengine")
        assert 0 < saved < 1
        assert percent(saved) in page
    # The laxest bound saves the most, and that is what the page says first.
    bound_s = quantity(document["bounds"][1]["bound_s"], "s")
    assert f"At the 50 % bound ({bound_s}), DVFS saves {percent(saved)}" in page


def test_every_number_of_the_paper_has_one_of_ours(document):
    assert len(document["paper"]) == 10
    for row in document["paper"]:
        assert row["ours"] is not None, row["quantity"]
        assert -1 <= row["ours"] <= 1
        assert row["remark"]


def test_the_schedules_were_proved_and_executed(document):
    for card in cards(document):
        assert card.proved
        assert card.executed


def test_a_decoupled_layer_is_drawn_larger(document):
    names = [figure.name for figure in figures(document)]
    assert names.count("timeline-layer") == 1
    drawn = document["timeline"]
    assert {row["sysclk_hz"] for row in drawn["clock"]} == {50_000_000, 216_000_000}
