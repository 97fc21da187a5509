"""The lock latency of the PLL: one value, whatever form it is given or told in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dvfs_kernel as dvfs
from dvfs_kernel.clocks.pll_lock import PLL_LOCK_CORNERS, TYPICAL, PllLock
from dvfs_kernel.errors import ClockError
from renode_platform.devices import datasheet as ds

VCO_HZ = 432_000_000


@given(st.integers(1, 10**13))
def test_a_time_is_the_same_in_seconds_and_in_microseconds(picoseconds):
    lock = PllLock(picoseconds)
    assert PllLock.lasting(lock.plain) == lock
    assert dvfs.pll_lock(f"{lock}us") == dvfs.pll_lock(lock.plain) == lock
    assert lock.latency_ps(VCO_HZ) == picoseconds


@pytest.mark.parametrize("corner", PLL_LOCK_CORNERS)
def test_a_corner_goes_by_its_name(corner):
    lock = PllLock(corner)
    assert dvfs.pll_lock(corner) == lock
    assert str(lock) == lock.plain == corner
    assert lock.latency_ps(VCO_HZ) > 0


def test_what_was_measured_is_what_boards_take_by_themselves():
    assert TYPICAL.latency_ps(VCO_HZ) == ds.PLL_LOCK_MEASURED_PS
    assert dvfs.BoardSpec().pll_lock == TYPICAL
    assert dvfs.BoardSpec().key()["pll_lock"] == "typ"


@pytest.mark.parametrize("which", ["fast", "", 0, -5])
def test_what_is_no_lock_time_is_told(which):
    with pytest.raises(ClockError, match="is unknown; min, mid, typ, max or a time of at least"):
        PllLock(which)


def test_half_a_microsecond_is_no_less_on_one_board_than_on_another():
    lock = PllLock.lasting(75.5e-6)
    assert (lock.which, str(lock), lock.plain) == (75_500_000, "75.5", 75.5e-6)
