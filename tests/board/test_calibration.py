"""Calibration against a virtual board whose parameters are others than it is believed to have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from small_model import small_model

from dvfs_kernel.calibration.fit import calibrate
from dvfs_kernel.calibration.model import adjustable, evidence_of, predict
from dvfs_kernel.calibration.observations import Measurements, Observation, read_measurements
from dvfs_kernel.cli import cli
from dvfs_kernel.clocks import ClockSetting
from dvfs_kernel.emulator.timing import TimingParameters
from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.input_tensor import sample_input
from dvfs_kernel.measurement.estimate import Estimate
from dvfs_kernel.schedule import Schedule
from dvfs_kernel.tflite_reader import read_bytes

pytestmark = pytest.mark.board

HSE_HZ = 50_000_000
NETWORK = read_bytes(small_model(24, 1), "small")
DATA = sample_input(NETWORK.tensors[NETWORK.input])
NAMES = ["mispredict_cycles", "load_latency", "ppb_cycles"]
BLOCKS = 5
NOISE = 5e-4


def observations(pass_s=None):
    """The whole network and its layers at three clocks."""
    count = len(NETWORK.layers)
    subjects = [
        (Schedule.uniform(count, HSE_HZ, hfo=ClockSetting.parse(clock)), first, layers)
        for clock in ("pll:25/216/2", "pll:25/100/2", "hse")
        for first, layers in ((0, count), (1, 1))
    ]
    pass_s = [Estimate(1e-3, 1e-6, BLOCKS)] * len(subjects) if pass_s is None else pass_s
    return Measurements(
        "small",
        "0",
        HSE_HZ,
        4,
        tuple(
            Observation("layers", *subject, Estimate(0.1, 1e-4, BLOCKS), duration)
            for subject, duration in zip(subjects, pass_s, strict=True)
        ),
    )


def test_parameters_of_another_board_are_found_within_their_intervals():
    believed = {name: getattr(TimingParameters(), name) for name in NAMES}
    silicon = {"mispredict_cycles": believed["mispredict_cycles"] + 4}
    silicon["load_latency"] = believed["load_latency"] + 1
    rng = np.random.default_rng(1)
    exact_s = predict(NETWORK, DATA, observations(), silicon)
    measured = observations(
        [Estimate.of(duration * rng.normal(1, NOISE, BLOCKS)) for duration in exact_s]
    )
    steps = []
    evidence = evidence_of(
        NETWORK, DATA, measured, NAMES, progress=lambda *step: steps.append(step)
    )
    found = calibrate(evidence)
    assert steps[-1] == ("parameters", len(NAMES) + 1, len(NAMES) + 1)
    assert set(found.fitted) | set(found.kept) == set(NAMES)
    assert set(silicon) <= set(found.fitted)
    for name, estimate in found.fitted.items():
        true = silicon.get(name, believed[name])
        # Two changes together are not quite the sum of both: the pipeline hides a little of one.
        assert abs(estimate.mean - true) < 2 * estimate.half_width + 0.1
    assert found.error_after < found.error_before / 2


def test_what_may_be_fitted_is_what_no_published_figure_settles():
    assert "ppb_cycles" in adjustable()
    assert "mispredict_cycles" not in adjustable()
    assert all(value > 0 for value in adjustable().values())


def test_a_parameter_that_counts_nothing_is_refused():
    with pytest.raises(MeasurementError, match="'speed' is no timing parameter"):
        evidence_of(NETWORK, DATA, observations(), ["speed"])


def test_files_of_a_measurement_become_observations(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.tflite").write_bytes(small_model(8, 1))
    common = ["--board", "virtual", "--samples", "1", "--rounds", "3", "--precision", "0.4"]
    common += ["--window", "1"]
    for name, clock in (("fast.csv", "pll:4/216/2"), ("slow.csv", "hse")):
        arguments = ["measure", "small.tflite", "--clock", clock, "--hse", "8MHz", "--raw", name]
        result = CliRunner().invoke(cli, [*arguments, *common])
        assert result.exit_code == 0, result.output
    found = read_measurements([Path("fast.csv"), Path("slow.csv")])
    assert (found.network, found.hse_hz, found.averaged) == ("small", 8_000_000, 1)
    subjects = [one.subject for one in found.observations]
    assert subjects == ["baseline", "inference"] * 2
    baseline, fast, _, slow = found.observations
    assert slow.pass_s.mean > 10 * fast.pass_s.mean
    assert baseline.schedule == fast.schedule != slow.schedule
    assert len(found.conditions) == 2
    text = Path("slow.csv").read_text()
    Path("other.csv").write_text(text.replace('"network": "small"', '"network": "large"'))
    with pytest.raises(MeasurementError, match=r"other\.csv was measured with large"):
        read_measurements([Path("fast.csv"), Path("other.csv")])
    with pytest.raises(MeasurementError, match="no file"):
        read_measurements([])
    assert replace(found, observations=()).conditions == []
