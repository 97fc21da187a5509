"""The verbs about evidence: what they refuse, and what their results say, without a board."""

import math
from pathlib import Path

import pytest

import dvfs_kernel as dvfs
from dvfs_kernel.api import measure as measuring
from dvfs_kernel.api import self_test as self_testing
from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.evidence.calibration.board import BoardCalibration
from dvfs_kernel.evidence.calibration.identification import Calibration
from dvfs_kernel.evidence.measurement.campaign import Measured, Subject
from dvfs_kernel.evidence.measurement.trace_alignment import AlignedEnergy
from dvfs_kernel.evidence.self_test import readings
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.link.ina219_sampling import Sampling
from dvfs_kernel.networks.tflite_reader import read_bytes

# ---- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schedule": "s.json", "clock": "hse"}, "schedule already says clocks"),
        ({"lfo": "hse"}, "it needs granularity with 1 or more"),
        ({"lfo": "hse", "granularity": 0}, "it needs granularity with 1 or more"),
        ({"shunt": 1e-4}, "shunt is 0.0001; 0.001 to 10 is allowed"),
        ({"precision": 0.9}, "precision is 0.9; 1e-05 to 0.5 is allowed"),
        ({"samples": 125}, "samples is 125; 1 to 124 is allowed"),
        ({"rounds": 2}, "rounds is 2; 3 to 1000 is allowed"),
        ({"average": 3}, "average is 3; 1, 2, 4, 8, 16, 32, 64, 128 is allowed"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_measurement_that_contradicts_itself_is_refused_before_anything_is_loaded(
    arguments, message
):
    with pytest.raises(dvfs.ArgumentError) as refused:
        dvfs.measure("there is no such network", **arguments)
    assert message in str(refused.value)


def test_other_arguments_are_refused_before_any_work():
    with pytest.raises(dvfs.ArgumentError, match=r"address is 0x50; 0x40 to 0x4f is allowed"):
        dvfs.self_test(address=0x50)
    with pytest.raises(dvfs.ArgumentError, match="shunt is 11"):
        dvfs.self_test(shunt=11)
    with pytest.raises(dvfs.ArgumentError, match="shunt is 11"):
        dvfs.compare_boards("virtual", shunt=11)
    with pytest.raises(dvfs.ArgumentError, match=r"supply is 5; 1\.7 to 3\.6 is allowed"):
        dvfs.trace("trace.csv", "run.json", supply=5)
    with pytest.raises(dvfs.FileFormatError, match=r"none\.toml: No such file"):
        dvfs.validate(profile="none.toml")
    with pytest.raises(dvfs.MeasurementError, match="no file"):
        dvfs.calibrate([])


def test_ranges_are_those_of_the_rooms_that_know_them():
    assert measuring._SAMPLES == (1, abi.CURRENT_SAMPLES_MAX)
    assert [Sampling(window).averaged for window in measuring._AVERAGES] == [2**n for n in range(8)]
    assert self_testing._ADDRESSES == readings.ADDRESSES


# ---- results -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    from small_model import small_model  # noqa: PLC0415  writes a model

    return read_bytes(small_model(8, 1), "small")


def estimate(mean):
    return dvfs.Estimate(mean, mean / 100, 3)


def measurement(network, *energies_j, ending="the precision was reached in 3 rounds", early=False):
    """Return a result with the energies of the inference and of as many layers."""
    schedule = Schedule.uniform(len(network.layers), 8_000_000)
    subjects = [Subject("inference", schedule)] + [
        Subject(f"{index} {layer.name}", schedule, index, 1, 1e-3)
        for index, layer in enumerate(network.layers)
    ]
    results = tuple(
        Measured(subject, estimate(0.1), estimate(4e-3), estimate(energy_j), energy_j / 50, None)
        for subject, energy_j in zip(subjects, energies_j, strict=False)
    )
    return dvfs.MeasurementResult(
        network, {"board": "virtual"}, 4e-3, 3.3, 3, ending, early, None, results
    )


def test_layers_of_a_measurement_add_up_to_the_inference(network):
    result = measurement(network, 10e-3, 2e-3, 3e-3, 6e-3)
    assert repr(result) == "<Measurement of small: 10.000 ± 0.100 mJ, 3 rounds>"
    assert result.energy_j.mean == 10e-3
    name = network.layers[1].name
    assert result.layers[name].energy_j.mean == 3e-3
    assert result.layers[name].index == 1
    *_, rest = parts = result.parts
    assert [part.kind for part in parts] == ["layer"] * 3 + ["rest"]
    # Each was measured by itself: together they may be more than the whole.
    assert rest.energy_j == pytest.approx(-1e-3)
    assert sum(part.energy_j for part in parts) == pytest.approx(10e-3)
    assert sum(part.time_s for part in parts) == pytest.approx(4e-3)
    assert "10.0000" in result._repr_html_()
    assert result.rows[0]["energy_error_j"] == pytest.approx(1e-4)
    result.verify()


def test_a_measurement_that_ended_early_keeps_what_there_is(network):
    result = measurement(network, ending="ended early after 0 rounds: interrupted", early=True)
    assert repr(result) == "<Measurement of small: nothing, ended early after 3 rounds>"
    assert (result.energy_j, result.current_a, result.parts) == (None, None, [])
    assert len(result.layers) == 0
    assert result.to_dict()["results"] == []
    with pytest.raises(dvfs.MeasurementError, match=r"^ended early after 0 rounds: interrupted$"):
        result.verify()


def test_layers_of_a_trace_add_up_to_the_inference():
    run = {
        "network": {"name": "small"},
        "schedule": {},
        "profile": {"layers": [{"index": 0, "name": "stem"}, {"index": 1, "name": "head"}]},
    }
    single = dvfs.Estimate(4e-3, math.inf, 1)
    aligned = AlignedEnergy(
        (single, estimate(2e-3)), estimate(7e-3), (20e-3, 10e-3), 31e-3, 1.0, 3, 0, 1e-5
    )
    result = dvfs.TraceResult(run, 2.0, aligned)
    assert repr(result) == "<Trace of small: 7.000 mJ in 31.000 ms, 3 inferences>"
    head = result.layers["head"]
    assert head.current_a == pytest.approx(0.1)
    assert head.edge_j == pytest.approx(2e-6)
    assert sum(part.energy_j for part in result.parts) == pytest.approx(7e-3)
    assert sum(part.time_s for part in result.parts) == pytest.approx(31e-3)
    assert result.layers[0].to_row()["energy_error_j"] is None
    assert "head" in result._repr_html_()


def test_a_calibration_tells_what_was_fitted_and_writes_a_profile(tmp_path):
    profile = BoardProfile.of("mine", current={"static_a": 4e-3})
    fit = Calibration(
        {"current.static_a": dvfs.Estimate(4e-3, 1e-4, 9)},
        {"timing.ppb_cycles": "no influence"},
        0.02,
        0.003,
    )
    present = {"current.static_a": 3e-3, "timing.ppb_cycles": 3.0}
    board = BoardCalibration(profile, fit, present, (0.01, 0.02), (0.001, 0.002))
    result = dvfs.CalibrationResult((Path("a.csv"), Path("folder/b.csv")), board)
    assert repr(result) == (
        "<Calibration: 1 parameters fitted, 1 kept, durations 0.10% and currents 0.20% off>"
    )
    assert result.left_out_error == (0.02, 0.003)
    assert [(row["is"], row["kept"]) for row in result.rows] == [
        (4e-3, None),
        (3.0, "no influence"),
    ]
    assert result.to_dict()["schema"] == "dvfs-kernel/calibration"
    path = result.save(tmp_path / "mine.toml")
    assert BoardProfile.load(path) == result.profile
    assert path.read_text().startswith("# Fitted by dvfs calibrate to a.csv, b.csv.\n")
    assert "no influence" in result._repr_html_()


def test_findings_are_no_errors_until_they_are_asked_to_be():
    findings = (dvfs.Finding("clock", ok=True, text="8 MHz"),
                dvfs.Finding("sensor", ok=False, text="SCL is low"))  # fmt: skip
    result = dvfs.SelfTestResult(None, findings)
    assert repr(result) == "<Self-test: clock ok, sensor FAULT>"
    assert (result.ok, result.faults) == (False, ("sensor",))
    assert "SCL is low" in result._repr_html_()
    with pytest.raises(dvfs.BoardError, match=r"^the self-test found faults: sensor$"):
        result.verify()
    dvfs.SelfTestResult(None, findings[:1]).verify()


def test_a_validation_tells_errors_by_group():
    figures = (
        dvfs.Figure("rules", "add", 1.0, 1.0, "cycles", "manual", "sourced"),
        dvfs.Figure("times", "start", 10.0, 11.0, "us", "data sheet", "predicted"),
    )
    result = dvfs.ValidationResult(figures, {"CoreMark": "github"})
    assert repr(result) == "<Validation by 2 figures: rules 0.0%, times 10.0% off>"
    assert [row["error"] for row in result.rows] == [0.0, pytest.approx(0.1)]
    assert [group["group"] for group in result.to_dict()["groups"]] == ["rules", "times"]
    assert result.summaries[0].title.startswith("pipeline rules")
    assert "times" in result._repr_html_()
