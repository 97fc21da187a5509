"""States of the clock, walks over them, and the matrix of what changes cost."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.clocks.lists import clock_list
from dvfs_kernel.clocks.pll_lock import PLL_LOCK_CORNERS, PllLock
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import IDLE, ClockState, states_of
from dvfs_kernel.errors import ClockError, FileFormatError
from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
from dvfs_kernel.exploration.switching.walks import plan_walks, walk_schedule

HSE_HZ = 50_000_000
SETTINGS = clock_list("default", HSE_HZ).settings
FAST, SLOW = ClockState.parse("pll:25/216/2"), ClockState.parse("pll:25/100/2")
FAST_ASIDE = ClockState.parse("pll:25/216/2+hse")
HSE = ClockState.parse("hse")
SETS = st.sets(st.sampled_from(SETTINGS), min_size=1, max_size=6)


@given(st.sampled_from(states_of(SETTINGS, HSE_HZ)))
def test_text_round_trips(state):
    assert ClockState.parse(str(state)) == state


def test_states_of_a_board():
    assert [str(s) for s in states_of([SLOW.pll, SLOW.pll, FAST.pll], HSE_HZ)] == [
        "hsi",
        "pll:25/100/2",
        "pll:25/216/2",
        "hse",
        "pll:25/100/2+hse",
        "pll:25/216/2+hse",
    ]
    assert [str(s) for s in states_of([ClockSetting.parse("pll:8/216/2")], 0)] == [
        "hsi",
        "pll:8/216/2",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hse+hse", "the PLL cannot be locked on hse"),
        ("pll:25/216/2:ahb2+hse", "the AHB prescaler belongs to the PLL's clock"),
        ("hse:ahb2", "no AHB prescaler is allowed in a state without PLL"),
        ("nothing", "clock 'nothing'; allowed: hsi, hse"),
    ],
)
def test_states_that_cannot_be(text, words):
    with pytest.raises(ClockError, match=words):
        ClockState.parse(text)


def test_where_the_firmware_can_go():
    for before in (IDLE, HSE, SLOW, FAST, FAST_ASIDE):
        assert before.reaches(FAST)  # at worst by a lock
        assert before.reaches(FAST_ASIDE) == (before in (FAST, FAST_ASIDE))
        assert before.reaches(HSE) == before.reaches(IDLE) == (before in (IDLE, HSE))
    half = ClockState.parse("pll:25/216/2:ahb2")
    assert half.reaches(FAST_ASIDE)  # the prescaler is none of the PLL's factors


# ---- walks -------------------------------------------------------------------------------------


@given(SETS, st.integers(3, 60))
def test_walks_make_every_change_and_no_impossible_one(settings, length):
    states = states_of(settings, HSE_HZ)
    walks = plan_walks(states, length)
    made = set()
    for walk in walks:
        assert len(walk) == length
        for before, after in pairwise((IDLE, *walk)):
            assert before.reaches(after)
            made.add((before, after))
    assert made == {(a, b) for a in states for b in states if a.reaches(b)}


def test_walks_are_not_much_longer_than_they_have_to_be():
    # Without starts from the HSE, 15 settings need 15 x 15 changes, and 16 x 15 by way of the HSE,
    # each of which takes a layer to get there and another one on it.
    states = [s for s in states_of(SETTINGS, HSE_HZ) if s not in (IDLE, HSE)]
    layers = sum(len(walk) for walk in plan_walks(states, 55))
    least = 15 * 15 + 2 * 15 * 15 + 15
    assert least <= layers < 1.3 * least


def test_a_schedule_starts_from_idle_and_follows_its_walk():
    schedule = walk_schedule((FAST, FAST_ASIDE, SLOW, HSE), HSE_HZ)
    assert schedule.clocks[schedule.idle_clock] == ClockSetting("hsi")
    assert [str(schedule.clocks[plan.hfo]) for plan in schedule.layers] == [
        "pll:25/216/2",
        "hse",
        "pll:25/100/2",
        "hse",
    ]


def test_what_no_walk_can_do_is_refused():
    with pytest.raises(ClockError, match=r"pll:25/216/2 has to be among the states"):
        plan_walks([SLOW, FAST_ASIDE], 10)
    with pytest.raises(ClockError, match=r"2 layers cannot make every change .* 3 layers or more"):
        plan_walks([FAST, FAST_ASIDE], 2)
    many = tuple(ClockState.of(ClockSetting("pll", 25, n, 2)) for n in range(50, 90))
    with pytest.raises(ClockError, match="41 clocks at once; a schedule holds at most 32"):
        walk_schedule(many, HSE_HZ)


# ---- the matrix --------------------------------------------------------------------------------


@given(SETS, st.sampled_from([*map(PllLock, PLL_LOCK_CORNERS), PllLock.lasting(250e-6)]))
def test_computed_costs_are_finite_where_the_firmware_can_go(settings, lock):
    states = states_of(settings, HSE_HZ)
    costs = SwitchCosts.modelled(states, HSE_HZ, lock)
    for before in states:
        for after in states:
            time_s, energy_j = costs.cost(before, after)
            possible = before.reaches(after) or after == IDLE
            assert np.isfinite(time_s) == np.isfinite(energy_j) == possible
            if possible:
                assert time_s > 0
                assert 0.005 < energy_j / (3.3 * time_s) < 0.1  # between idle and full speed
            # Staying is cheapest; only from a faster clock, on which half the way is made,
            # can another one be entered sooner.
            if possible and before.setting.sysclk_hz(HSE_HZ) <= after.setting.sysclk_hz(HSE_HZ):
                assert time_s >= costs.cost(after, after)[0]
    assert not costs.measured.any()


def test_a_lock_takes_what_the_board_is_told():
    quick, slow = (
        SwitchCosts.modelled((SLOW, FAST), HSE_HZ, PllLock.lasting(s)) for s in (100e-6, 300e-6)
    )
    assert np.diag(quick.time_s) == pytest.approx(np.diag(slow.time_s))
    for place in ((0, 1), (1, 0)):
        assert slow.time_s[place] - quick.time_s[place] == pytest.approx(200e-6)


def test_over_drive_that_takes_longer_than_the_lock_shows():
    costs = SwitchCosts.modelled((SLOW, FAST), HSE_HZ, PllLock.lasting(10e-6))
    assert costs.cost(SLOW, FAST)[0] > 50e-6  # 10 us to be ready, 40 us to switch
    assert costs.cost(FAST, SLOW)[0] < 50e-6


def test_costs_come_back_from_json():
    costs = SwitchCosts.modelled(states_of([FAST.pll, SLOW.pll], HSE_HZ), HSE_HZ)
    text = json.dumps(costs.to_dict(), allow_nan=False)
    again = SwitchCosts.from_dict(json.loads(text))
    assert again == costs
    assert again != costs.select(costs.states[:-1])
    assert np.array_equal(again.time_s, costs.time_s)


def test_a_selection_keeps_the_costs():
    costs = SwitchCosts.modelled(states_of([FAST.pll, SLOW.pll], HSE_HZ), HSE_HZ)
    some = costs.select((FAST_ASIDE, SLOW))
    assert some.cost(FAST_ASIDE, SLOW) == costs.cost(FAST_ASIDE, SLOW)
    assert some.states == (FAST_ASIDE, SLOW)
    with pytest.raises(ClockError, match=r"no switching costs of hse; known are pll:25/216/2\+hse"):
        some.index(HSE)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "other"}, "only .'dvfs-kernel/switching', 1. can be read"),
        ({"schema_version": 2}, "can be read"),
        ({"states": ["fast"]}, "damaged switching costs: .*clock 'fast'"),
        ({"states": None}, "damaged switching costs"),
        ({"states": ["hsi", "hsi"]}, "a state stands twice"),
        ({"time_s": [[1.0]]}, r"time_s has shape \(1, 1\); \(6, 6\) is needed"),
        ({"energy_j": "x"}, "damaged switching costs"),
        ({"measured": [[True]]}, "measured has shape"),
    ],
)
def test_damaged_costs_are_refused(change, words):
    data = SwitchCosts.modelled(states_of([FAST.pll, SLOW.pll], HSE_HZ), HSE_HZ).to_dict()
    with pytest.raises(FileFormatError, match=words):
        SwitchCosts.from_dict({**data, **change})


@pytest.mark.parametrize("data", [None, [], {}, "x"])
def test_what_is_no_matrix_at_all_is_refused(data):
    with pytest.raises(FileFormatError, match="no switching costs"):
        SwitchCosts.from_dict(data)
