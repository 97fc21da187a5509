"""A report of real inferences: a study of a small network, as `dvfs run` writes it."""

import pytest
from small_model import small_model

from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.lists import clock_list
from dvfs_kernel.exploration.runs import Bench, Store, Workload
from dvfs_kernel.networks.tflite_reader import read_bytes
from dvfs_kernel.report import build, check, compare
from dvfs_kernel.report.figures import figures
from dvfs_kernel.report.numbers import percent, quantity
from dvfs_kernel.report.study_document import study_document
from dvfs_kernel.report.verdict import cards, saved
from dvfs_kernel.studies import Bound, StudyPlan, run_study

pytestmark = pytest.mark.board

HSE_HZ = 50_000_000
# The timeline is the first one's.
BOUNDS = (Bound(qos=50), Bound(qos=10))


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    workload = Workload.of(read_bytes(small_model(32, 1), "small"), BoardSpec())
    plan = StudyPlan(clock_list("paper", HSE_HZ), BOUNDS, (0, 16))
    store = Store(tmp_path_factory.mktemp("runs"))
    with Bench(workload, store=store, executor="local:2") as bench:
        made = study_document(run_study(bench, plan), workload, "dvfs run small.tflite")
    return check(made | {"paper": compare(made)})


def executed(document, bound, name):
    runs = document["bounds"][bound]["runs"]
    return next(run["executed"]["window_j"] for run in runs if run["name"] == name)


def test_the_page_tells_the_executed_savings(document):
    page = build(document, figures(document))
    lax, tight = (
        1 - executed(document, bound, "dvfs") / executed(document, bound, "tinyengine")
        for bound in (0, 1)
    )
    assert 0 <= tight < lax < 1
    assert percent(tight) in page
    # The laxest bound saves the most, and that is what is said of it.
    said = next(saved(document))
    bound_s = quantity(document["bounds"][0]["bound_s"], "s")
    assert f"At the 50 % bound ({bound_s}), DVFS saves {percent(lax)} of the energy" in said


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


def test_the_timeline_is_that_of_the_first_bounds_schedule(document):
    names = [figure.name for figure in figures(document)]
    assert names.count("timeline") == 1
    drawn = document["timeline"]
    assert drawn["window_s"] == document["bounds"][0]["bound_s"]
    # It begins on the clock of the idle time, and its decoupled layer hops to the HSE.
    schedule = next(run for run in document["bounds"][0]["runs"] if run["name"] == "dvfs")
    clocks = {layer["sysclk_hz"] for layer in schedule["layers"]}
    assert clocks | {50_000_000} <= {row["sysclk_hz"] for row in drawn["clock"]}
