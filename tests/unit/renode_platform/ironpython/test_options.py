"""The variables of Renode's script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.clocks.pll_lock import PLL_LOCK_CORNERS, PllLock
from renode_platform.ironpython.options import from_variables

VARIABLES = {
    "repl": "@/a/board.repl", "hse": 0, "pll_lock": "typ", "cycles": "", "serial": "paced",
    "mpu": "on", "access": 0,
}  # fmt: skip


def options(**changes):
    return from_variables({**VARIABLES, **changes}.get)


def test_the_defaults_are_the_chip_s():
    plain = options()
    assert (plain.repl, plain.hse_hz, plain.pll_lock, plain.table) == (
        "/a/board.repl", None, "typ", "",
    )  # fmt: skip
    assert plain.paced
    assert plain.guarded


def test_a_number_is_a_lock_time_in_microseconds():
    assert options(pll_lock=150).pll_lock == 150_000_000
    assert options(pll_lock=0.5).pll_lock == 500_000
    assert options(pll_lock=75.1).pll_lock == 75_100_000


@given(st.integers(1, 10**13))
def test_a_lock_time_is_that_of_the_host_to_the_picosecond(picoseconds):
    assert options(pll_lock=str(PllLock(picoseconds))).pll_lock == picoseconds


@pytest.mark.parametrize("corner", PLL_LOCK_CORNERS)
def test_a_corner_goes_by_its_name(corner):
    assert options(pll_lock=str(PllLock(corner))).pll_lock == corner


@pytest.mark.parametrize("value", ["fast", "", "-1", "1e3", "."])
def test_what_is_no_lock_time_is_told(value):
    with pytest.raises(ValueError, match=r"^pll_lock is .*; allowed: min, mid, typ, max, or micro"):
        options(pll_lock=value)


def test_what_is_given_is_taken():
    given = options(hse=8_000_000, serial="stock", mpu="off", cycles="@/a/table.txt", access=6)
    assert (given.hse_hz, given.paced, given.guarded) == (8_000_000, False, False)
    assert given.table == "/a/table.txt"
    assert given.access_cycles == 6


@pytest.mark.parametrize("variable", ["serial", "mpu"])
def test_an_unknown_word_is_named_with_the_allowed_ones(variable):
    with pytest.raises(ValueError, match=rf"^{variable} is 'x'; allowed: "):
        options(**{variable: "x"})
