"""How far predictions may be off: more where runs that do the same differ from each other."""

from types import SimpleNamespace

import numpy as np
import pytest

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.errors import VerificationError
from dvfs_kernel.exploration.exploration import spread_of_runs
from dvfs_kernel.exploration.sample_check import Sample, SampleCheck
from dvfs_kernel.exploration.tolerance import allowed_energy_j, allowed_time_s

STATE = ClockState.of(ClockSetting.parse("pll:25/216/2"))


def check(error, spread):
    """One run of one layer whose time was predicted wrong."""
    sample = Sample(
        layer=0, granularity=0, state=STATE, hops=False, hclk_hz=216_000_000,
        predicted_s=1 + error, executed_s=1.0, predicted_j=1.0, executed_j=1.0,
    )  # fmt: skip
    return SampleCheck(((sample,),), spread)


def test_a_spread_widens_what_is_allowed():
    assert allowed_time_s(1.0) == pytest.approx(0.010008)
    assert allowed_time_s(1.0, 0.02) == pytest.approx(0.050008)
    assert allowed_energy_j(1.0, 0.02) == pytest.approx(0.06, abs=1e-5)
    assert allowed_time_s(0.0, 0.5) == 8e-6


def test_samples_are_held_to_what_runs_differ_by():
    check(0.009, 0.0).verify()
    with pytest.raises(VerificationError, match=r"3\.00% off in time .* 1\.0% and 2\.0% are"):
        check(0.03, 0.0).verify()
    check(0.03, 0.011).verify()
    with pytest.raises(VerificationError, match=r"3\.2% and 4\.2% are allowed"):
        check(0.04, 0.011).verify()
    assert check(0.0, 0.011).to_dict()["run_time_tolerance"] == pytest.approx(0.032)


def test_the_spread_is_of_layers_with_one_form():
    """A layer that has granularities takes another time with each."""
    records = [
        SimpleNamespace(time_s=np.array(times_s), latency_s=sum(times_s))
        for times_s in ([1.0, 5.0, 2.0], [1.5, 6.0, 2.0], [1.25, 7.0, 2.25])
    ]
    fits = ((0,), (0, 2, 4), (0,))
    assert spread_of_runs(SimpleNamespace(fits=fits), records) == 0.75 / 10.5
    assert spread_of_runs(SimpleNamespace(fits=((0, 2),) * 3), records) == 0.0
