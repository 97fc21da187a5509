"""Average current and days on a battery: by what the document knows, without a run."""

import json
from itertools import pairwise

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from report_document import report_document, run_named

import dvfs_kernel as dvfs
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import ArgumentError, FileFormatError, QuantityError
from dvfs_kernel.report.battery import SELF_DISCHARGE, Duty, duty_of, duty_rows
from dvfs_kernel.report.document import to_json

DAY_S = 86_400.0


def rows(document, period_s=1.0, battery_c=4320.0):
    return {row.title: row for row in duty_rows(document, Duty(period_s, battery_c))}


def test_the_average_is_inference_and_stop_over_the_period(document):
    found = rows(document)["DVFS within 10 %"]
    whole_j = 8.5e-3 + 2e-6 + 1.5e-3 * (1.0 - 0.021)
    assert found.average_a == pytest.approx(whole_j / 3.3)
    lost_a = 4320.0 * SELF_DISCHARGE / (30 * DAY_S)
    assert found.days == pytest.approx(4320.0 / (found.average_a + lost_a) / DAY_S)


def test_tinyengine_sleeps_and_the_others_stop(document):
    assert {title: row.between for title, row in rows(document).items()} == {
        "tinyengine": "sleep",
        "race to stop": "stop",
        "DVFS within 10 %": "stop",
        "Best single clock within 50 %": "stop",
        "DVFS within 50 %": "stop",
    }


def test_a_schedule_that_begins_awake_is_not_what_stop_comes_after(document):
    run_named(document, 0, "dvfs")["idle"] = "sleep"
    run_named(document, 0, "dvfs-gated")["executed"]["inference_j"] = 8.8e-3
    whole_j = 8.8e-3 + 2e-6 + 1.5e-3 * (1.0 - 0.021)
    assert rows(document)["DVFS within 10 %"].average_a == pytest.approx(whole_j / 3.3)


def test_what_does_not_fit_into_the_period_says_so(document):
    found = rows(document, 0.0215)
    assert found["tinyengine"].average_a is not None
    assert found["DVFS within 50 %"].average_a is None
    assert found["DVFS within 10 %"].average_a is None  # half a millisecond is no time for Stop


@given(st.lists(st.floats(0.05, 1e6), min_size=2, max_size=5), st.floats(1.0, 1e6))
def test_longer_periods_and_larger_batteries_last_longer(periods_s, battery_c):
    document = report_document()
    days = [rows(document, s, battery_c)["DVFS within 10 %"].days for s in sorted(periods_s)]
    assert all(after >= before for before, after in pairwise(days))
    assert rows(document, periods_s[0], 2 * battery_c)["tinyengine"].days > 0


def test_an_example_is_called_one(document):
    assert duty_of(document) == Duty(1.0, 4320.0, asked=False)
    document["duty"] = {"period_s": 7.0}
    assert duty_of(document) == Duty(7.0, 4320.0, asked=True)
    assert duty_of(document, battery_c=10.0) == Duty(7.0, 10.0, asked=True)


def test_an_example_is_longer_than_the_inference(document):
    for bound in document["bounds"]:
        for run in bound["runs"]:
            run["executed"]["latency_s"] = 4.0
    assert duty_of(document).period_s == 10.0


def test_a_period_shorter_than_every_inference_is_refused(document):
    with pytest.raises(ArgumentError, match=r"10\.000.ms, shorter than the quickest inference"):
        duty_of(document, period_s=0.01)


def test_a_document_of_an_older_version_says_what_to_do(document):
    del document["idle"]
    with pytest.raises(FileFormatError, match="`dvfs run` of this version writes that"):
        duty_rows(document, Duty(1.0, 1.0))


@pytest.mark.parametrize(
    ("text", "coulomb"), [("1200mAh", 4320.0), ("1.2 Ah", 4320.0), ("10C", 10.0), (10, 10.0)]
)
def test_charges(text, coulomb):
    assert dvfs.CHARGE.parse(text) == pytest.approx(coulomb)


@pytest.mark.parametrize("text", ["1200mA", "-1mAh", "mAh", "0Ah"])
def test_what_is_no_charge_is_refused(text):
    with pytest.raises(QuantityError, match=r"no charge; .*mAh, Ah, C.*such as 1200mAh"):
        dvfs.CHARGE.parse(text)


def test_a_charge_without_a_unit_shows_what_was_meant():
    with pytest.raises(QuantityError, match=r"no unit \(mAh, Ah, C\).*did you mean 1200mAh"):
        dvfs.CHARGE.parse("1200")
    with pytest.raises(QuantityError, match="did you mean 2Ah"):
        dvfs.CHARGE.parse("2")


def test_periods_may_be_long():
    assert [dvfs.PERIOD.parse(t) for t in ("250ms", "10min", "2h")] == [0.25, 600.0, 7200.0]
    with pytest.raises(QuantityError):
        dvfs.PERIOD.parse("10")


def what_if(folder, document, *options):
    """Ask the command, and return its result and the folder's files."""
    source = folder / "report.json"
    source.write_text(to_json(document), encoding="utf-8")
    result = CliRunner().invoke(cli, ["report", str(source), *options])
    return result, (folder / "report.html"), json.loads(source.read_text(encoding="utf-8"))


def test_the_command_asks_what_if_and_page_and_document_agree(bare, tmp_path):
    result, page, kept = what_if(tmp_path, bare, "--period", "10s", "--battery", "225mAh")
    assert result.exit_code == 0, result.output
    assert kept["duty"] == {"period_s": 10.0, "battery_c": 810.0}
    text = page.read_text(encoding="utf-8")
    assert "One inference every 10 s" in text
    assert "225 mAh." in text
    days = rows(kept, 10.0, 810.0)["DVFS within 50 %"].days
    assert f">{days:.2f}<" in text or f">{days:.1f}<" in text


def test_a_question_that_cannot_be_is_refused_before_anything_is_written(bare, tmp_path):
    result, page, kept = what_if(tmp_path, bare, "--period", "5ms")
    assert result.exit_code == 2
    assert "--period is 5.0000\u202fms, shorter than the quickest inference" in result.stderr
    assert not page.exists()
    assert "duty" not in kept
    result, page, _ = what_if(tmp_path, bare, "--battery", "1200")
    assert result.exit_code == 2
    assert "did you mean 1200mAh" in result.stderr
    assert not page.exists()
