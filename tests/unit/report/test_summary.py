"""What the report says first, and that it hides nothing."""

import pytest
from report_document import run_named

from dvfs_kernel.report.findings import findings
from dvfs_kernel.report.verdict import asked, cards, largest_error, saved, sure

LIKE = "the same kernels at full clock, idling as TinyEngine does"


def texts(document, weight):
    """Return each finding of a weight, its cases behind it."""
    return [" ".join((f.text, *f.cases)) for f in findings(document) if f.weight == weight]


def test_what_was_asked_stands_as_one_would_ask_it(document):
    assert asked(document) == (
        "Which clock should each layer of tiny <&> network run on, so that an inference and the "
        "wait after it need the least energy, while the inference takes at most 22.000\u202fms "
        "(10 %) or 30.000\u202fms (50 %)? Per cent are over 20.000\u202fms, what it takes at full "
        "clock."
    )
    for bound in document["bounds"]:
        bound["qos"] = None
    assert "Per cent" not in asked(document)


def test_the_schedule_is_one_sentence(document):
    tight, relaxed = cards(document)
    assert tight.do == (
        "Run 3 of 4 layers at 216 MHz and 1 at 75 MHz; 2 layers are decoupled, 2 with hops to "
        "the LFO; then wait in Stop."
    )
    assert relaxed.do.startswith("Run 2 of 4 layers at 75 MHz, 1 at 216 MHz and 1 at 100 MHz;")
    run_named(document, 0, "dvfs")["layers"] = []
    assert cards(document)[0].do == "Then Stop."


def test_the_verdict_answers_the_question(document):
    first, strongest = saved(document)
    # 8.1 mJ against 13 mJ, and against the single clock's 8.7 mJ.
    assert first == (
        f"At the 50 % bound (30.000\u202fms), DVFS saves 37.7\u202f% of the energy of {LIKE}."
    )
    assert strongest == (
        "It needs 6.9\u202f% less than the best that one could ship without changing clocks "
        "(single clock)."
    )
    assert findings(document) == []


def test_what_is_proved_is_the_prediction(document):
    trust, error, board = sure(document)
    assert trust.startswith("Proved is the prediction: for both bounds no schedule of the 37 ")
    assert "Both kept the bound when executed" in trust
    assert "Of all 16 runs here none is further from its prediction than 0.00\u202f%" in error
    assert "on board virtual" in board


def test_no_run_is_left_out_of_the_largest_error(document):
    """A baseline counts as the winners do, at every bound."""
    run = run_named(document, 1, "paper-mckp")
    run["executed"]["window_j"] = run["predicted"]["window_j"] * 1.25
    assert "and 20.00\u202f% in energy" in list(sure(document))[1]
    runs = [run for bound in document["bounds"] for run in bound["runs"]]
    assert largest_error(runs, "window_j") == pytest.approx(0.2)
    for run in runs:
        run["executed"] = dict.fromkeys(run["executed"])
    assert largest_error(runs, "window_j") is None
    assert len(list(sure(document))) == 2


def test_a_card_for_each_bound(document):
    tight, relaxed = cards(document)
    assert (tight.bound, relaxed.bound) == ("10 %", "50 %")
    assert tight.saved == ("15.0\u202f%", f"less than {LIKE}")
    assert tight.against == (
        "6.6\u202f%",
        "less than the best without changing clocks (race to stop)",
    )
    assert tight.proved
    assert tight.executed


def set_window(run, joule):
    run["executed"]["window_j"] = run["predicted"]["window_j"] = joule


def test_a_baseline_that_beats_dvfs_is_a_finding(document):
    set_window(run_named(document, 1, "race-to-stop"), 0.0073)
    (text,) = texts(document, "finding")
    assert text == (
        "Something simpler needs less than DVFS. Ship that instead. At the 50 % bound, race to "
        "stop: 7.3000\u202fmJ against 8.1000\u202fmJ, 9.9\u202f% less"
    )
    assert "needs 11.0\u202f% more than the best" in list(saved(document))[1]
    assert cards(document)[1].against == (
        "11.0\u202f%",
        "more than the best without changing clocks (race to stop)",
    )


def test_a_baseline_as_good_as_dvfs_is_a_finding(document):
    set_window(run_named(document, 0, "single-clock"), 0.0085)
    (text,) = texts(document, "finding")
    assert "Something simpler is as good as DVFS, to 0.05\u202f%" in text
    assert "At the 10 % bound, single clock: 8.5000\u202fmJ against 8.5000\u202fmJ" in text
    assert cards(document)[0].against == (
        "as much",
        "as the best without changing clocks (single clock)",
    )


def test_what_holds_at_several_bounds_is_said_once(document):
    for bound, joule in ((0, 0.0085), (1, 0.0081)):
        for name in ("race-to-stop", "single-clock"):
            set_window(run_named(document, bound, name), joule)
        run_named(document, bound, "paper-mckp")["keeps_bound"] = False
    found = findings(document)
    assert [(finding.weight, len(finding.cases)) for finding in found] == [
        ("finding", 4),
        ("finding", 2),
    ]


def test_a_baseline_that_is_late_beats_nobody(document):
    run = run_named(document, 1, "race-to-stop")
    set_window(run, 0.0073)
    run["keeps_bound"] = False
    run["executed"]["latency_s"] = 0.0315
    assert texts(document, "finding") == [
        (
            "What DVFS is compared with misses the bound. "
            "At the 50 % bound, race to stop by 1.50\u202fms"
        )
    ]


def test_dvfs_that_costs_more_is_said_first(document):
    for bound in (0, 1):
        set_window(run_named(document, bound, "dvfs"), 0.02)
    assert "DVFS costs 53.8\u202f% of the energy" in next(saved(document))
    assert cards(document)[0].saved == ("100.0\u202f%", f"more than {LIKE}")


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
    assert "for 1 of 2 bounds" in next(sure(document))


@pytest.mark.parametrize(("part", "factor"), [("latency_s", 1.02), ("window_j", 0.97)])
def test_a_prediction_that_is_off_is_a_warning(document, part, factor):
    run_named(document, 0, "dvfs")["executed"][part] *= factor
    (text,) = texts(document, "warning")
    assert "is allowed" in text
    assert f"too {'low' if factor > 1 else 'high'};" in text


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
    assert "Decoupled layers: 2 of 4 at 10 %, 3 of 4 at 50 %." in text
    document["exploration"]["granularities"] = [0]
    assert findings(document) == []


def test_a_document_without_a_baseline_says_so(document):
    for bound in document["bounds"]:
        bound["runs"] = [run for run in bound["runs"] if run["name"] == "dvfs"]
    assert next(saved(document)).startswith("The document holds no energies")
    assert cards(document)[0].against is None
    assert cards(document)[0].saved == ("–", f"against {LIKE}: not known")
