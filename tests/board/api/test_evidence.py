"""The verbs about evidence on the virtual board: the command line says the same."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from small_model import small_model

import dvfs_kernel as dvfs
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import BoardLostError
from dvfs_kernel.evidence.measurement.campaign import Campaign
from dvfs_kernel.evidence.measurement.sample_file import read_samples
from dvfs_kernel.evidence.validation import user_programs, validation
from renode_platform.devices.datasheet import VDD_V

pytestmark = pytest.mark.board

QUICK = {"samples": 1, "rounds": 3, "precision": 0.2, "average": 4}
OPTIONS = ["--samples", "1", "--rounds", "3", "--precision", "0.2", "--average", "4"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.tflite").write_bytes(small_model(8, 1))


def command(*arguments):
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def undated(document):
    return {name: value for name, value in document.items() if name != "date"}


def plain(document):
    """Return a document as it comes out of JSON."""
    return json.loads(json.dumps(document))


def test_a_measurement_is_what_the_command_prints(tmp_path):
    result = dvfs.measure(
        "small.tflite", board="virtual", by_layer=True, raw="raw.csv", progress=False, **QUICK
    )
    printed = json.loads(
        command("measure", "small.tflite", "--board", "virtual", "--by-layer", "--json", *OPTIONS)
    )
    assert undated(plain(result.to_dict())) == undated(printed)
    assert json.loads(result.save(tmp_path / "m.json").read_text()) == plain(result.to_dict())
    assert len(repr(result)) < 80
    assert [layer.index for layer in result.layers] == [0, 1, 2]
    assert sum(part.energy_j for part in result.parts) == pytest.approx(result.energy_j.mean)
    assert sum(part.time_s for part in result.parts) == pytest.approx(result.inference_s)
    metadata, samples = read_samples(Path("raw.csv"))
    assert metadata["schedule"] == result.about["schedule"]
    assert len(samples) == 3 * 5


@pytest.mark.parametrize("reason", [KeyboardInterrupt(), BoardLostError("it is gone")], ids=type)
def test_what_ends_a_measurement_early_keeps_what_there_is(monkeypatch, reason):
    own, blocks = Campaign._measure, iter(range(3))

    def measure(self, *arguments):
        if next(blocks, None) is None:
            raise reason
        own(self, *arguments)

    monkeypatch.setattr(Campaign, "_measure", measure)
    with dvfs.open_board("virtual") as board:
        result = dvfs.measure("small.tflite", board=board, raw="raw.csv", progress=False, **QUICK)
        assert dvfs.infer("small.tflite", board=board, progress=False).time_s > 0  # still open
    assert result.ended_early
    assert result.about["board"] == "virtual"
    assert result.rounds == 1
    assert result.energy_j.count == 1
    assert len(read_samples(Path("raw.csv"))[1]) == 3
    with pytest.raises(dvfs.MeasurementError, match="ended early after 1 rounds: i"):
        result.verify()


def test_a_schedule_brings_its_hse_and_a_board_that_is_open_has_one():
    network = dvfs.load("small.tflite")
    schedule = dvfs.Schedule.uniform(len(network.layers), 8_000_000)
    result = dvfs.measure(
        network, board="virtual", schedule=schedule, baseline=False, progress=False, **QUICK
    )
    assert result.about["schedule"]["hse_hz"] == 8_000_000
    assert result.results[0].against_baseline is None
    with dvfs.open_board("virtual") as board:
        with pytest.raises(dvfs.ArgumentError, match="board is open already"):
            dvfs.measure(network, board=board, hse="8MHz", **QUICK)
        with pytest.raises(dvfs.ScheduleError, match="is open with one of 50 MHz"):
            dvfs.measure(network, board=board, schedule=schedule, progress=False, **QUICK)


def test_a_self_test_is_what_the_command_prints():
    result = dvfs.self_test("virtual")
    assert result.to_list() == json.loads(command("selftest", "--board", "virtual", "--json"))
    assert repr(result) == "<Self-test: clock ok, sensor ok, supply ok, current ok>"
    result.verify()
    with dvfs.open_board("virtual") as board:
        elsewhere = dvfs.self_test(board, address=0x45)
    assert elsewhere.faults == ("sensor",)
    refused = CliRunner().invoke(cli, ["selftest", "--board", "virtual", "--address", "0x45"])
    assert refused.exit_code == 1
    assert refused.stderr == "Error: the self-test found faults: sensor\n"


def test_a_calibration_is_what_the_command_prints():
    files = []
    for place, clock in enumerate(("pll:4/100/2", "hse", "pll:4/150/2")):
        files.append(f"clock{place}.csv")
        with dvfs.open_board(
            "virtual",
            hse="8MHz",
            profile=dvfs.BoardProfile.of("silicon", current={"core_c_per_v": 2.5e-10}),
        ) as board:
            dvfs.measure(
                "small.tflite", board=board, clock=clock, raw=files[-1], progress=False,
                **QUICK | {"samples": 2},
            )  # fmt: skip
    names = ("current.core_c_per_v", "timing.ppb_cycles")
    result = dvfs.calibrate(
        files, network="small.tflite", name="mine", parameters=names, progress=False
    )
    assert not Path("board.toml").exists()
    options = ["--network", "small.tflite", "--name", "mine", "--json"]
    options += [part for name in names for part in ("--parameter", name)]
    assert plain(result.to_dict()) == json.loads(command("calibrate", *files, *options))
    written = Path("board.toml").read_text(encoding="utf-8")
    assert result.save("mine.toml").read_text(encoding="utf-8") == written
    assert set(result.fitted) | set(result.kept) == set(names)
    assert result.profile.name == "mine"
    profiled = dvfs.infer("small.tflite", profile=result.profile, progress=False)
    assert profiled.energy_j != dvfs.infer("small.tflite", progress=False).energy_j
    with pytest.raises(dvfs.MeasurementError, match="measured was"):
        dvfs.calibrate(files[0], network="vww")


def recorded(run):
    """Return what an instrument with four thousand samples an inference sees of a run."""
    (truth,) = run.truth.inferences
    begins_s = [stretch.start_ps * 1e-12 for stretch in truth.stretches]
    currents_a = [
        stretch.energy_j / stretch.duration_s / VDD_V if stretch.duration_s else 0
        for stretch in truth.stretches
    ]
    step_s = (truth.end_ps * 1e-12 - begins_s[0]) / 4000
    time_s = begins_s[0] + step_s * np.arange(-1, 4002)
    current_a = np.array(currents_a)[np.searchsorted(begins_s[1:], time_s, side="right")]
    level = (time_s >= begins_s[0]) & (time_s < truth.end_ps * 1e-12)
    lines = [f"{t},{i},{int(high)}" for t, i, high in zip(time_s, current_a, level, strict=True)]
    return "\n".join(["time_s,current_a,trigger", *lines]) + "\n"


def test_a_trace_of_a_run_is_what_the_command_prints():
    run = dvfs.infer("small.tflite", level="layer", progress=False)
    Path("trace.csv").write_text(recorded(run))
    run.save("run.json")
    result = dvfs.trace("trace.csv", run)
    assert plain(result.to_dict()) == json.loads(
        command("trace", "trace.csv", "run.json", "--json")
    )
    assert len(repr(result)) < 80
    assert [layer.name for layer in result.layers] == [layer.name for layer in run.layers]
    assert sum(part.energy_j for part in result.parts) == pytest.approx(result.energy_j.mean)
    assert result.energy_j.mean == pytest.approx(run.energy_j, rel=0.05)
    bare = dvfs.infer("small.tflite", level="off", progress=False)
    with pytest.raises(dvfs.ArgumentError, match="run was profiled at level off"):
        dvfs.trace("trace.csv", bare)


def test_boards_beside_each_other_are_what_the_command_writes():
    result = dvfs.compare_boards("virtual", network="small.tflite", energy=False, progress=False)
    printed = command("validate", "--board", "virtual", "--network", "small.tflite", "--no-energy")
    page = result.save("out")
    assert page == Path("out/comparison.html")
    assert page.read_text() == Path("dvfs-validation/comparison.html").read_text()
    written = json.loads(Path("dvfs-validation/comparison.json").read_text())
    assert plain(result.to_dict()) == written
    assert printed.splitlines()[-1] == "dvfs-validation/comparison.html"
    assert len(repr(result)) < 100
    assert not result.sensor_missing
    for schedule in result.schedules:
        layers = result.layers(schedule.name)
        assert sum(layer.time_s[0] for layer in layers) <= schedule.runs[0].time_s
        assert layers[0].name == result.rows[0]["name"]
    with pytest.raises(dvfs.ScheduleError, match="'fast' was not run; run were "):
        result.schedule("fast")
    assert "same output" in result._repr_html_()


def test_figures_are_what_the_command_writes(monkeypatch):
    # All groups take half a minute; two of them say as much of the document.
    for name in ("measure_cycles", "measure_times", "measure_network"):
        monkeypatch.setattr(validation, name, lambda _: [])
    result = dvfs.validate(progress=False)
    printed = json.loads(command("validate", "--json"))
    assert printed == plain(result.to_dict()) == json.loads(result.save("own.json").read_text())
    assert result.left_out == user_programs.WHERE_FROM
    assert len(repr(result)) < 120
