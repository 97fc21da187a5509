"""The commands explore, optimise, deploy and run on a small network, and what they refuse."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from json_document import mistakes
from report_numbers import check_numbers
from small_model import small_model

from dvfs_kernel import report
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.inference.deployment_plan import Plan

pytestmark = pytest.mark.board

SPACE = ("--clocks", "pll:25/150/2,pll:25/216/2", "-g", "0", "2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("study")
    (made / "small.tflite").write_bytes(small_model(32, 1))
    (made / "text.tflite").write_text("this is no flatbuffer")
    (made / "junk.json").write_text("{")
    return made


@pytest.fixture
def dvfs(folder, monkeypatch):
    monkeypatch.chdir(folder)

    def call(*arguments, cache="runs"):
        kept = () if "--no-cache" in arguments or cache is None else ("--cache", cache)
        return CliRunner().invoke(cli, [*arguments, *kept])

    return call


@pytest.fixture(scope="module")
def reported(folder):
    """Run the whole method once; the other tests find its runs in the cache."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(
            cli, ["run", "small.tflite", "--qos", "20", "60", *SPACE, "--cache", "runs"]
        )
    finally:
        os.chdir(before)
    assert result.exit_code == 0, result.output
    return result


def test_run_leaves_a_report_and_what_it_was_made_of(reported, folder):
    made = folder / "dvfs-small"
    assert reported.stdout.strip().endswith("report.html")
    assert "<html" in (made / "report.html").read_text(encoding="utf-8")
    # Reading it checks it against the schema.
    document = report.load(made / "report.json")
    assert mistakes(document) == []
    assert [bound["qos"] for bound in document["bounds"]] == [0.2, 0.6]
    assert document["exploration"]["granularities"] == [0, 2]
    rows = list(csv.DictReader((made / "exploration.csv").read_text().splitlines()))
    assert len(rows) == document["exploration"]["candidates"]
    plans = [path for path in made.glob("*.json") if path.name != "report.json"]
    assert sorted(Plan.load(path).bound for path in plans) == ["20 %", "60 %"]
    for path in plans:
        assert mistakes(json.loads(path.read_text())) == []
    for bound in document["bounds"]:
        executed = {run["name"]: run["executed"]["window_j"] for run in bound["runs"]}
        assert bound["solution"]["status"] == "optimal"
        assert all(run["same_output"] for run in bound["runs"])
        assert executed["dvfs"] < executed["tinyengine"]


def test_numbers_agree_on_the_page_in_the_document_and_in_the_terminal(reported, folder):
    made = folder / "dvfs-small"
    document = report.load(made / "report.json")
    check_numbers(document, (made / "report.html").read_text(encoding="utf-8"))
    for bound in document["bounds"]:
        assert f"bound {bound['name']}: {bound['bound_s'] * 1e3:.3f} ms;" in reported.stdout
        reference_j = bound["runs"][0]["executed"]["window_j"]
        for run in bound["runs"]:
            took, planned = run["executed"], run["predicted"]
            cells = [
                f"{took['latency_s'] * 1e3:.3f}",
                "kept" if run["keeps_bound"] else "missed",
                f"{took['window_j'] * 1e3:.3f}",
                f"{1 - took['window_j'] / reference_j:.2%}",
                str(run["relocks"]),
                str(run["hops"]),
                f"{planned['window_j'] / took['window_j'] - 1:+.2%}".replace(
                    "+0.00", "0.00"
                ).replace("-0.00", "0.00"),
                "same",
            ]
            printed = [line.split()[-8:] for line in reported.stdout.splitlines()]
            assert cells in printed, run["name"]


@pytest.mark.usefixtures("reported")
def test_a_second_run_says_that_its_runs_were_kept(dvfs, folder):
    result = dvfs("run", "small.tflite", "--qos", "20", *SPACE, "-o", "again", "--period", "1s")
    assert result.exit_code == 0, result.output
    assert "the exploration's runs were all kept from before" in result.stdout
    assert "One inference every 1 s, from 1200 mAh:" in result.stdout
    page = (folder / "again" / "report.html").read_text(encoding="utf-8")
    assert "was kept from an earlier command" in page
    assert report.load(folder / "again" / "report.json")["duty"] == {"period_s": 1.0}


@pytest.mark.usefixtures("reported")
def test_a_plan_is_taken_wherever_a_schedule_is(dvfs, folder):
    plan = folder / "dvfs-small" / "schedule-qos20.json"
    result = dvfs("infer", "small.tflite", "--schedule", str(plan), cache=None)
    assert result.exit_code == 0, result.output
    (folder / "bare.json").write_text(Plan.load(plan).schedule.to_json())
    refused = dvfs("deploy", "bare.json")
    assert refused.exit_code == 1
    assert (
        "bare.json: the schema is 'dvfs-kernel/schedule', version 1: a schedule, which names no"
        in refused.stderr
    )
    assert "`dvfs infer NETWORK --schedule FILE` runs it" in refused.stderr


@pytest.mark.usefixtures("reported")
def test_explore_writes_the_table_that_run_writes(dvfs, folder):
    result = dvfs("explore", "small.tflite", *SPACE, "-o", "options.csv")
    assert result.exit_code == 0, result.output
    written = (folder / "options.csv").read_bytes()
    assert written == (folder / "dvfs-small" / "exploration.csv").read_bytes()


@pytest.mark.usefixtures("reported")
def test_a_plan_of_optimise_is_deployed(dvfs, folder):
    result = dvfs("optimise", "small.tflite", "--qos", "20", *SPACE, "-o", "plans")
    assert result.exit_code == 0, result.output
    (path,) = (folder / "plans").iterdir()
    assert str(path.name) in result.stdout
    deployed = dvfs("deploy", str(path), "--json")
    assert deployed.exit_code == 0, deployed.output
    data = json.loads(deployed.stdout)
    assert mistakes(data) == []
    assert data["same_output"] is True
    assert data["executed"]["latency_s"] <= data["plan"]["window_s"]
    assert abs(data["latency_error"]) <= 0.01
    assert abs(data["energy_error"]) <= 0.02


@pytest.mark.usefixtures("reported")
def test_a_plan_of_another_network_is_refused(dvfs, folder):
    dvfs("optimise", "small.tflite", "--qos", "20", *SPACE, "-o", "others")
    (path,) = (folder / "others").iterdir()
    refused_with(dvfs("deploy", str(path), "--network", "vww"), 1, "made for another network")
    refused_with(dvfs("deploy", str(path), "--hse", "25MHz"), 1, "counts on an HSE of 50 MHz")
    data = json.loads(path.read_text())
    data["predicted"]["latency_s"] *= 1.05
    path.write_text(json.dumps(data))
    result = dvfs("deploy", str(path))
    assert result.exit_code == 1
    assert re.search(r"latency was predicted \+\d\.\d\d% off; 1% is allowed", result.stderr)


def refused_with(result, code, message):
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    text = " ".join(result.stderr.split())
    assert "Traceback" not in text
    assert re.search(message, text), text
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["explore", "optimise", "run"])
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("resnet152", 1, "'resnet152' is no network: .*vww"),
        ("missing.tflite", 1, "missing.tflite: there is no such file"),
        ("text.tflite", 1, "text.tflite"),
        ("small.tflite --clocks pll:25/432/2", 1, "432"),
        ("small.tflite --clocks fast", 1, "fast"),
        ("small.tflite --clocks ,", 1, "clock"),
        ("small.tflite --hse 90MHz", 1, "90"),
        ("small.tflite --hse 90parsec", 2, "no frequency"),
        ("small.tflite -g 256", 2, "256"),
        ("small.tflite --executor cloud", 1, "cloud"),
        ("small.tflite --executor local:0", 1, "local:0"),
        ("small.tflite --input missing.npy", 1, "missing.npy"),
        ("small.tflite --no-cache --cache elsewhere", 2, "--cache names a folder that --no-cache"),
    ],
)
def test_bad_input_is_told_in_one_message(dvfs, folder, command, arguments, code, message):
    before = set(folder.rglob("*"))
    refused_with(dvfs(command, *arguments.split(), cache=None), code, message)
    assert set(folder.rglob("*")) == before


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("command", ["optimise", "run"])
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("--qos 10 30 10", 1, "a bound stands twice"),
        ("--latency 10ms 0.01s", 1, "a bound stands twice"),
        ("--qos -5", 2, "-5"),
        ("--latency soon", 2, "'soon' is no time"),
        ("--latency 1us", 1, r"the latency of 0\.001 ms; the least possible is 2\.\d+ ms"),
    ],
)
def test_bad_bounds_are_told_in_one_message(dvfs, command, arguments, code, message):
    arguments = ("small.tflite", *arguments.split(), *SPACE, "-o", "refused")
    refused_with(dvfs(command, *arguments), code, message)
    assert not list(Path().glob("refused/*"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.json", "missing.json: No such file"),
        ("junk.json", "junk.json: not a JSON file"),
        ("small.tflite", "small.tflite: not a JSON file"),
    ],
)
def test_what_is_no_plan_is_not_deployed(dvfs, name, message):
    refused_with(dvfs("deploy", name), 1, message)


def test_a_cache_that_is_a_file_is_named(dvfs):
    refused_with(dvfs("explore", "small.tflite", cache="junk.json"), 2, "junk.json")
    refused_with(dvfs("explore", "small.tflite", cache="junk.json/runs"), 1, "junk.json/runs")


@pytest.mark.usefixtures("reported")
def test_a_corrupted_cache_is_named_and_nothing_is_made_of_it(dvfs, folder):
    kept = sorted((folder / "runs").rglob("*.run"))
    contents = [path.read_bytes() for path in kept]
    try:
        for path in kept:
            path.write_bytes(path.read_bytes()[:100])
        refused_with(dvfs("explore", "small.tflite", *SPACE), 1, r"the kept run .*\.run is damaged")
    finally:
        for path, content in zip(kept, contents, strict=True):
            path.write_bytes(content)


def test_ctrl_c_ends_with_130_and_writes_no_report(dvfs, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("dvfs_kernel.studies.run_study", interrupt)
    result = dvfs("run", "small.tflite", *SPACE, "-o", "interrupted")
    assert result.exit_code == 130
    assert "interrupted" in result.stderr
    assert result.stdout == ""
    assert not Path("interrupted").exists()


def test_a_request_to_end_ends_in_order_and_the_same_command_goes_on(folder, tmp_path):
    words = ("run", folder / "small.tflite", "--qos", "20", *SPACE, "--cache", tmp_path / "runs",
             "--executor", "local:1", "-o", tmp_path / "report")  # fmt: skip
    command = [sys.executable, "-m", "dvfs_kernel", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob("runs/*/*.run")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (143, "terminated\n")
    assert not list((tmp_path / "report").glob("*"))
    assert not list(tmp_path.rglob("*.tmp"))


def test_plans_of_an_earlier_run_do_not_look_like_this_ones(dvfs, folder, reported):
    made = folder / "dvfs-small"
    assert reported.exit_code == 0
    plan = (made / "schedule-qos20.json").read_bytes()
    (made / "schedule-mine.json").write_bytes(plan)  # kept under a name of one's own
    (made / "schedule-qos7.json").write_text("no plan")
    result = dvfs("run", "small.tflite", "--qos", "60", *SPACE)
    assert result.exit_code == 0, result.output
    names = {path.name for path in made.glob("schedule-*")}
    assert names == {"schedule-qos60.json", "schedule-mine.json", "schedule-qos7.json"}
