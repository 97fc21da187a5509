"""What the report says first, and that it hides nothing."""

import pytest
from report_document import run_named

from dvfs_kernel.report.verdict import cards, findings, verdict


def texts(document, weight):
    return [finding.text for finding in findings(document) if finding.weight == weight]


def test_the_verdict_answers_the_question(document):
    saved, strongest, trust, error = verdict(document)
    # 8.1 mJ against 13 mJ, and against the single clock's 8.7 mJ.
    assert saved == (
        "At the 50 % bound (30.00\u202fms), DVFS saves 37.7\u202f% of the window's energy "
        "against tinyengine."
    )
    assert strongest == "It needs 6.9\u202f% less than the strongest baseline there, single clock."
    assert "Of 2 schedules 2 are proved" in trust
    assert "2 were executed" in trust
    assert "at most 0.00\u202f% in latency" in error
    assert findings(document) == []


def test_a_card_for_each_bound(document):
    tight, relaxed = cards(document)
    assert (tight.bound, relaxed.bound) == ("10 %", "50 %")
    assert tight.saved == ("15.0\u202f%", "less than TinyEngine")
    assert tight.against == ("6.6\u202f%", "less than the strongest baseline, race to stop")
    assert tight.proved
    assert tight.executed


def set_window(run, joule):
    run["executed"]["window_j"] = run["predicted"]["window_j"] = joule


def test_a_baseline_that_beats_dvfs_is_a_finding(document):
    set_window(run_named(document, 1, "race-to-stop"), 0.0073)
    (text,) = texts(document, "finding")
    assert text == (
        "At the 50 % bound, race to stop beats DVFS, with 7.300\u202fmJ against 8.100\u202fmJ "
        "(9.9\u202f% less). Ship that instead."
    )
    assert "needs 11.0\u202f% more than the strongest" in verdict(document)[1]
    assert cards(document)[1].against == (
        "11.0\u202f%",
        "more than the strongest baseline, race to stop",
    )


def test_a_baseline_as_good_as_dvfs_is_a_finding(document):
    set_window(run_named(document, 0, "single-clock"), 0.0085)
    (text,) = texts(document, "finding")
    assert "single clock is as good as DVFS" in text
    assert cards(document)[0].against == ("as much", "as the strongest baseline, single clock")


def test_a_baseline_that_is_late_beats_nobody(document):
    run = run_named(document, 1, "race-to-stop")
    set_window(run, 0.0073)
    run["keeps_bound"] = False
    run["executed"]["latency_s"] = 0.0315
    assert texts(document, "finding") == [
        "At the 50 % bound, race to stop misses the bound by 1.50\u202fms."
    ]


def test_dvfs_that_costs_more_is_said_first(document):
    for bound in (0, 1):
        set_window(run_named(document, bound, "dvfs"), 0.02)
    assert "DVFS costs 53.8\u202f% of the window's energy" in verdict(document)[0]
    assert cards(document)[0].saved == ("100.0\u202f%", "more than TinyEngine")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"same_output": False}, "dvfs gives another output than the baseline."),
        ({"keeps_bound": False}, "dvfs misses the bound, with 2 PLL relocks."),
        (
            {"executed": dict.fromkeys(("latency_s", "inference_j", "idle_j", "window_j"))},
            "the DVFS schedule was not executed; its numbers are predictions.",
        ),
    ],
)
def test_what_does_not_hold_is_a_warning(document, change, message):
    run_named(document, 0, "dvfs").update(change)
    assert texts(document, "warning") == [f"At the 10 % bound, {message}"]
    assert not cards(document)[0].executed


def test_a_schedule_without_proof_is_a_warning(document):
    document["bounds"][0]["solution"].update(status="time_limit", gap_j=1.2e-4)
    (text,) = texts(document, "warning")
    assert "ended with 'time_limit'" in text
    assert "120\u202fµJ" in text
    assert not cards(document)[0].proved
    assert "Of 2 schedules 1 are proved" in verdict(document)[2]


@pytest.mark.parametrize(("part", "factor"), [("latency_s", 1.02), ("window_j", 0.97)])
def test_a_prediction_that_is_off_is_a_warning(document, part, factor):
    run_named(document, 0, "dvfs")["executed"][part] *= factor
    (text,) = texts(document, "warning")
    assert "is allowed" in text


def test_an_exploration_that_is_off_is_a_warning(document):
    check = document["exploration"]["check"]
    check["worst_time"] = 0.015
    (text,) = texts(document, "warning")
    assert "by 1.50\u202f% in time; 1\u202f% is allowed" in text
    check["time_tolerance"] = 0.02
    assert findings(document) == []


def test_an_lfo_that_no_layer_uses_is_a_finding(document):
    for bound in (0, 1):
        for layer in run_named(document, bound, "dvfs")["layers"]:
            layer["lfo"] = None
    (text,) = texts(document, "finding")
    assert "(5 of 8 are decoupled)" in text
    document["exploration"]["granularities"] = [0]
    assert findings(document) == []


def test_a_document_without_a_baseline_says_so(document):
    for bound in document["bounds"]:
        bound["runs"] = [run for run in bound["runs"] if run["name"] == "dvfs"]
    assert verdict(document)[0].startswith("The document holds no energies")
    assert cards(document)[0].against is None
    assert cards(document)[0].saved == ("–", "against TinyEngine: not known")
