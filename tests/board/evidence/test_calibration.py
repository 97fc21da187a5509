"""Calibration against a virtual board whose parameters are others than it is believed to have."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from json_document import mistakes
from small_model import small_model

from dvfs_kernel.boards import spec
from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.evidence.calibration.board import calibrate_board
from dvfs_kernel.evidence.calibration.model import adjustable, predict, profile_of
from dvfs_kernel.evidence.calibration.observations import (
    Measurements,
    Observation,
    read_measurements,
)
from dvfs_kernel.evidence.measurement.estimate import Estimate
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.networks.input_tensor import sample_input
from dvfs_kernel.networks.tflite_reader import read_bytes

pytestmark = pytest.mark.board

HSE_HZ = 50_000_000
NETWORK = read_bytes(small_model(24, 1), "small")
DATA = sample_input(NETWORK.tensors[NETWORK.input])
NAMES = [
    "timing.mispredict_cycles",
    "timing.load_latency",
    "timing.ppb_cycles",
    "current.static_a",
    "current.core_c_per_v",
    "current.itcm_ram_c_per_v",
]
BLOCKS = 5
NOISE = 5e-4


def observations(estimates=None):
    """The whole network and its layers at three clocks."""
    count = len(NETWORK.layers)
    subjects = [
        (Schedule.uniform(count, HSE_HZ, hfo=ClockSetting.parse(clock)), first, layers)
        for clock in ("pll:25/216/2", "pll:25/100/2", "hse")
        for first, layers in ((0, count), (1, 1))
    ]
    if estimates is None:
        estimates = [
            [Estimate(value, value / 1e3, BLOCKS)] * len(subjects) for value in (0.1, 1e-3)
        ]
    return Measurements(
        "small",
        "0",
        HSE_HZ,
        4,
        1e-5,
        tuple(
            Observation("layers", *subject, current_a, pass_s)
            for subject, current_a, pass_s in zip(subjects, *estimates, strict=True)
        ),
    )


def measured_on(profile):
    """What a board with a profile is measured to take, with noise."""
    rng = np.random.default_rng(1)
    pass_s, current_a = (
        [Estimate.of(value * rng.normal(1, NOISE, BLOCKS)) for value in row]
        for row in predict(NETWORK, DATA, observations(), profile)
    )
    return observations((current_a, pass_s))


def test_parameters_of_another_board_are_found_within_their_intervals():
    timing = TimingParameters()
    silicon = {
        "timing.mispredict_cycles": timing.mispredict_cycles + 4,
        "timing.load_latency": timing.load_latency + 1,
        "current.static_a": adjustable()["current.static_a"] * 1.4,
        "current.core_c_per_v": adjustable()["current.core_c_per_v"] * 0.8,
    }
    steps = []
    result = calibrate_board(
        NETWORK,
        DATA,
        measured_on(profile_of(silicon)),
        name="silicon",
        parameters=NAMES,
        progress=lambda *step: steps.append(step),
    )
    found = result.calibration
    assert steps[-1] == ("parameters", len(NAMES) + 1, len(NAMES) + 1)
    assert set(found.fitted) | set(found.kept) == set(NAMES)
    assert set(silicon) <= set(found.fitted)
    assert "no influence" in found.kept["current.itcm_ram_c_per_v"]
    for name, estimate in found.fitted.items():
        true = silicon.get(name, result.present[name])
        # 95 % each: all of them at once hold in less.
        assert abs(estimate.mean - true) < 1.5 * estimate.half_width, name
    assert (
        dict(result.profile.timing).items()
        >= {"mispredict_cycles": timing.mispredict_cycles + 4}.items()
    )
    assert found.error_after < found.error_before / 2
    assert max(result.off_after) < max(result.off_before) / 5


def test_what_may_be_fitted_is_what_no_published_figure_settles():
    names = adjustable()
    assert {"timing.ppb_cycles", "current.work_c_per_v"} <= set(names)
    assert not {"timing.mispredict_cycles", "current.v12_scale1_v"} & set(names)
    assert all(value > 0 for value in names.values())
    profile = profile_of({name: 1.4 * value for name, value in names.items()}, "mine")
    assert isinstance(profile, BoardProfile)
    assert len(profile.timing) + len(profile.current) == len(names)


@pytest.mark.parametrize("name", ["speed", "timing.speed", "timing.returns_predicted"])
def test_what_is_no_parameter_is_refused(name):
    with pytest.raises(MeasurementError, match=f"{name}' is no parameter that can be fitted"):
        calibrate_board(NETWORK, DATA, observations(), parameters=[name])


# ---- the command -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.tflite").write_bytes(small_model(8, 1))


def dvfs(*arguments):
    return CliRunner().invoke(cli, list(arguments))


def measure(monkeypatch, name, clock, profile=None):
    """Measure a board that has a profile which nobody knows of."""
    arguments = ["measure", "small.tflite", "--clock", clock, "--hse", "8MHz", "--raw", name]
    arguments += ["--board", "virtual", "--samples", "2", "--rounds", "3", "--precision", "0.4"]
    opened = spec.BoardSpec.open
    with monkeypatch.context() as patch:
        if profile is not None:
            patch.setattr(
                spec.BoardSpec,
                "open",
                lambda self, **options: opened(
                    spec.BoardSpec(hse_hz=self.hse_hz, profile=profile), **options
                ),
            )
        result = dvfs(*arguments, "--average", "4")
    assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("folder")
def test_a_profile_of_a_board_is_measured_fitted_and_used(monkeypatch):
    core = adjustable()["current.core_c_per_v"]
    board = BoardProfile.of("silicon", current={"core_c_per_v": 1.5 * core})
    files = []
    for place, clock in enumerate(("pll:4/100/2", "hse", "pll:4/150/2")):
        files.append(f"clock{place}.csv")
        measure(monkeypatch, files[-1], clock, board)
    found = read_measurements([Path(name) for name in files])
    assert (found.network, found.hse_hz, found.averaged) == ("small", 8_000_000, 4)
    assert [one.subject for one in found.observations] == ["baseline", "inference"] * 3
    assert len(found.conditions) == 4
    arguments = ["calibrate", *files, "--network", "small.tflite", "-o", "mine.toml"]
    arguments += ["--parameter", "current.core_c_per_v", "--parameter", "timing.ppb_cycles"]
    refused = dvfs(*arguments[:4], "--network", "vww")
    assert refused.exit_code == 1
    assert "measured was" in refused.stderr
    result = dvfs(*arguments, "--name", "mine", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert mistakes(document) == []
    assert document["fitted"]["current.core_c_per_v"]["mean"] == pytest.approx(1.5 * core, rel=0.1)
    assert "timing.ppb_cycles" in document["kept"]
    before, after = document["current_error"]
    assert after < before / 3
    assert BoardProfile.load(Path("mine.toml")).name == "mine"
    inferred = dvfs("infer", "small.tflite", "--profile", "mine.toml", "--json")
    plain = dvfs("infer", "small.tflite", "--json")
    taken_j = [json.loads(one.stdout)["profile"]["totals"]["energy_j"] for one in (inferred, plain)]
    assert taken_j[0] > 1.05 * taken_j[1]


@pytest.mark.usefixtures("folder")
def test_measurements_that_tell_nothing_are_refused_and_nothing_is_written(monkeypatch):
    measure(monkeypatch, "fast.csv", "pll:4/216/2")
    result = dvfs("calibrate", "fast.csv", "--network", "small.tflite", "--parameter",
                  "current.static_a")  # fmt: skip
    assert result.exit_code == 1
    assert "at least 3 are needed" in " ".join(result.stderr.split())
    assert not Path("board.toml").exists()
    text = Path("fast.csv").read_text()
    Path("other.csv").write_text(text.replace('"network": "small"', '"network": "large"'))
    with pytest.raises(MeasurementError, match=r"other\.csv was measured with large"):
        read_measurements([Path("fast.csv"), Path("other.csv")])
    with pytest.raises(MeasurementError, match="no file"):
        read_measurements([])
