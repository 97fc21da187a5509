"""Statistics and campaigns on readings that are made up, and their files."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import BoardLostError, FileFormatError, MeasurementError
from dvfs_kernel.evidence.measurement.ammeter import Ammeter
from dvfs_kernel.evidence.measurement.campaign import Campaign, Plan, Subject
from dvfs_kernel.evidence.measurement.estimate import Estimate
from dvfs_kernel.evidence.measurement.sample_file import Sample, SampleFile, read_samples
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.link.ina219_sampling import Layers, Sampling
from dvfs_kernel.link.replies import CurrentReadings, Ina219Reading

FAST = Schedule.uniform(3, 50_000_000)
SLOW = Schedule.uniform(3, 50_000_000, hfo=ClockSetting("hse"))


# ---- estimates ---------------------------------------------------------------------------------


def test_an_interval_as_a_textbook_has_it():
    """t(0.975, 4) = 2.776 of any table; the standard error of 1 … 5 is sqrt(2.5 / 5)."""
    estimate = Estimate.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert estimate.mean == 3.0
    assert estimate.half_width == pytest.approx(2.776 * math.sqrt(0.5), rel=1e-3)


def test_one_value_tells_no_spread_and_none_is_refused():
    assert Estimate.of([2.0]).half_width == math.inf
    assert Estimate.of([2.0]).to_dict() == {"mean": 2.0, "half_width": None, "count": 1}
    with pytest.raises(MeasurementError, match="no value"):
        Estimate.of([])


def test_intervals_hold_the_truth_as_often_as_they_say():
    random = np.random.default_rng(7)
    estimates = [Estimate.of(random.normal(5.0, 2.0, 4)) for _ in range(3000)]
    held = np.mean([abs(e.mean - 5.0) <= e.half_width for e in estimates])
    assert held == pytest.approx(0.95, abs=0.015)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(0, 0.01), st.floats(0, 0.01))
def test_relative_errors_of_a_product_add_as_squares(a, b, error_a, error_b):
    product = Estimate(a, a * error_a, 5) * Estimate(b, b * error_b, 4)
    assert product.mean == pytest.approx(a * b)
    assert product.relative == pytest.approx(math.hypot(error_a, error_b))
    assert product.count == 4


# ---- campaigns ---------------------------------------------------------------------------------


class Bench:
    """A deployment whose current and durations are formulas, with noise and drift."""

    def __init__(self, *, noise=0.0, drift=0.0, lost_after=None):
        self.random = np.random.default_rng(3)
        self.noise, self.drift, self.lost_after = noise, drift, lost_after
        self.blocks = 0
        self.schedule = None
        self.warmups = []
        self.session = self
        self.network = type("Network", (), {"layers": (None,) * 3})

    def set_schedule(self, schedule):
        self.schedule = schedule

    def read_ina219(self, **_):
        return Ina219Reading(0, 0, round(3.3 / 4e-3) << 3, 0, 0, 0)

    def measure_current(self, activity, *, samples, sampling, address):
        assert isinstance(activity, Layers)
        assert address == 0x40
        if self.blocks == self.lost_after:
            raise BoardLostError("the board went away")
        self.blocks += 1
        self.warmups.append(activity.warmup)
        current_a = 0.09 if self.schedule is FAST else 0.03
        current_a *= (1 + self.drift) ** self.blocks
        counts = current_a / 1e-4 + self.random.normal(0, self.noise, samples)
        pass_s = (0.06 if self.schedule is FAST else 0.25) * activity.count / 3
        return CurrentReadings(
            passes=10,
            total_ticks=round(pass_s * 10 * abi.TICK_HZ),
            total_cycles=1,
            ticks=np.arange(1, samples + 1) * sampling.period_ticks,
            shunt_counts=counts.round().astype(np.int64),
        )


def campaign(bench, *, baseline=True, **more):
    return Campaign(
        bench,
        Ammeter(),
        [Subject("slow", SLOW)],
        baseline=Subject("fast", FAST) if baseline else None,
        **more,
    )


def test_energy_is_voltage_times_current_times_duration():
    bench = Bench()
    measured = campaign(bench)
    assert measured.run()
    (result,) = measured.results()
    assert measured.rounds == 3
    assert result.energy_j.mean == pytest.approx(3.3 * 0.03 * 0.25)
    assert result.against_baseline.mean == pytest.approx(0.03 * 0.25 / (0.09 * 0.06))
    assert result.pass_s.mean == pytest.approx(0.25)
    assert set(bench.warmups) == {2}


def test_rounds_go_on_until_the_interval_is_narrow():
    quick, long = campaign(Bench(noise=1)), campaign(Bench(noise=20))
    assert quick.run()
    plan = Plan(rounds_max=60)
    long = campaign(Bench(noise=20), plan=plan)
    assert long.run()
    assert long.rounds > quick.rounds
    (result,) = long.results()
    assert result.current_a.relative <= plan.precision
    assert abs(result.current_a.mean - 0.03) <= 2 * result.current_a.half_width


def test_too_few_rounds_are_told():
    measured = campaign(Bench(noise=50), plan=Plan(rounds_max=4, precision=1e-4))
    assert not measured.run()
    assert measured.rounds == 4


def test_drift_cancels_against_the_baseline():
    plan = Plan(rounds_min=12, precision=1.0)
    with_baseline = campaign(Bench(drift=0.01), plan=plan)
    without = campaign(Bench(drift=0.01), baseline=False, plan=plan)
    for measured in (with_baseline, without):
        measured.run()
    (steady,), (drifting,) = with_baseline.results(), without.results()
    assert steady.current_a.relative < 0.03 * drifting.current_a.relative
    assert with_baseline.baseline_drift() == pytest.approx(1.01**22 - 1, rel=0.02)
    assert without.baseline_drift() is None
    assert without.results()[0].against_baseline is None


def test_what_was_measured_stays_when_the_board_goes():
    taken = []
    measured = campaign(Bench(lost_after=5), take=taken.extend)
    with pytest.raises(BoardLostError):
        measured.run()
    assert measured.rounds == 2
    (result,) = measured.results()
    assert result.current_a.count == 2
    assert len(taken) == 5 * Plan().samples


def test_nothing_measured_is_no_result():
    measured = campaign(Bench(lost_after=0))
    with pytest.raises(BoardLostError):
        measured.run()
    assert measured.results() == []


def test_a_layer_counts_with_the_time_it_takes_in_its_network():
    bench = Bench()
    measured = Campaign(bench, Ammeter(), [Subject("layer", FAST, 1, 1, time_s=0.013)])
    measured.run()
    (result,) = measured.results()
    assert result.pass_s.mean == pytest.approx(0.02)
    assert result.energy_j.mean == pytest.approx(3.3 * 0.09 * 0.013)


def test_the_sensors_own_limits_are_told_apart_from_repetition():
    measured = campaign(Bench())
    measured.run()
    (result,) = measured.results()
    # 1 mA of offset and half a step of 30 mA, 0.5 % + 1 % of gain and shunt, 0.5 % of voltage
    share = (1e-3 + 0.05e-3) / 0.03 + 0.015 + 0.005
    assert result.systematic_j == pytest.approx(result.energy_j.mean * share, rel=1e-6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"samples": 0}, "samples is 0; 1 to 124 is allowed"),
        ({"rounds_min": 1}, "rounds_min is 1; 2 to 20 is allowed"),
        ({"precision": 0}, "precision is 0; above 0"),
    ],
)
def test_plans_that_cannot_be(wrong, message):
    with pytest.raises(MeasurementError, match=message):
        Plan(**wrong)


def test_campaigns_that_cannot_be():
    with pytest.raises(MeasurementError, match="nothing to measure"):
        Campaign(Bench(), Ammeter(), [])
    with pytest.raises(MeasurementError, match="different names, not fast, fast"):
        Campaign(Bench(), Ammeter(), [Subject("fast", FAST)], baseline=Subject("fast", SLOW))


def test_the_sampling_keeps_its_distance_from_the_slowest_sensor():
    for averaged in (1, 2, 4, 8, 16, 32, 64, 128):
        sampling = Sampling(averaged)
        assert sampling.period_ticks / abi.TICK_HZ > 1.1 * sampling.conversion_s
        assert sampling.configuration & 7 == 5  # shunt, continuous
    assert Sampling(128).conversion_s == pytest.approx(68.1e-3)


# ---- files -------------------------------------------------------------------------------------

SAMPLES = [
    Sample(0, 'a, "b"', 0, 3, 1.5, 0.0757, 958, 0.0958, 0.06),
    Sample(1, "ü", 2, 1, 2.5, 0.1514, -3, -0.0003, 0.01),
]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_samples_read_back_as_they_were(tmp_path, suffix):
    path = tmp_path / f"raw{suffix}"
    with SampleFile(path, {"board": "nucleo", "shunt_ohm": 0.1}) as file:
        file.add(SAMPLES[:1])
        file.add(SAMPLES[1:])
    metadata, samples = read_samples(path)
    assert samples == SAMPLES
    assert metadata["board"] == "nucleo"
    assert metadata["schema"] == "dvfs-kernel/current-samples"


def test_samples_are_in_the_file_before_it_is_closed(tmp_path):
    path = tmp_path / "raw.csv"
    file = SampleFile(path, {})
    file.add(SAMPLES)
    assert read_samples(path)[1] == SAMPLES
    text = path.read_text()
    path.write_text(text[:-5])  # as after a power cut
    assert read_samples(path)[1] == SAMPLES[:1]
    file.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no file of samples"),
        ("time,current\n1,2\n", "no file of samples"),
        ('# {"schema": "other"}\n', "first line does not say dvfs-kernel/current-samples"),
        (
            '# {"schema": "dvfs-kernel/current-samples", "schema_version": 9}\n',
            "version 9 of dvfs-kernel/current-samples; only 1",
        ),
        (
            '# {"schema": "dvfs-kernel/current-samples", "schema_version": 1}\na,b\n1,2\n',
            "the columns are a, b; due are round",
        ),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / "raw.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_samples(path)


def test_a_damaged_number_is_refused(tmp_path):
    path = tmp_path / "raw.csv"
    with SampleFile(path, {}) as file:
        file.add(SAMPLES)
    path.write_text(path.read_text().replace("958", "9x8"))
    with pytest.raises(FileFormatError, match="a sample cannot be read"):
        read_samples(path)


def test_parquet_without_pyarrow_and_other_endings_are_refused(tmp_path, monkeypatch):
    with pytest.raises(MeasurementError, match=r"has to end with \.csv or \.parquet"):
        SampleFile(tmp_path / "raw.txt", {})
    path = tmp_path / "damaged.parquet"
    path.write_bytes(b"PAR1 or not")
    with pytest.raises(FileFormatError, match="no file of samples"):
        read_samples(path)
    monkeypatch.setattr("dvfs_kernel.evidence.measurement.sample_file.find_spec", lambda _: None)
    with pytest.raises(MeasurementError, match=r"pip install 'dvfs-kernel\[parquet\]'"):
        SampleFile(tmp_path / "raw.parquet", {})
    with pytest.raises(MeasurementError, match="needs pyarrow"):
        read_samples(path)


def test_metadata_is_json_in_one_line(tmp_path):
    path = tmp_path / "raw.csv"
    SampleFile(path, {"note": "two\nlines"}).close()
    first = path.read_text().splitlines()[0]
    assert json.loads(first.removeprefix("#"))["note"] == "two\nlines"
