"""A few relocks from and to every state, and all others from them."""

import numpy as np
import pytest
from explorations import HSE_HZ
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.clocks.lists import clock_list
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import IDLE, ClockState, states_of
from dvfs_kernel.exploration.switching.completion import complete_relocks
from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
from dvfs_kernel.exploration.switching.walks import plan_walks, sampled_changes

SETTINGS = clock_list("default", HSE_HZ).settings
STATES = states_of([*SETTINGS, ClockSetting("hse")], HSE_HZ)
some_settings = st.lists(st.sampled_from(SETTINGS), min_size=1, max_size=6, unique=True)


def is_relock(before, after):
    return before.reaches(after) and before.factors != after.factors


@given(some_settings, st.integers(1, 4))
def test_every_state_is_left_and_entered_and_what_needs_no_lock_is_made(settings, each):
    states = states_of(settings, HSE_HZ)
    changes = sampled_changes(states, each)
    assert len(set(changes)) == len(changes)
    assert all(before.reaches(after) for before, after in changes)
    for before in states:
        relocks = [after for one, after in changes if one == before and is_relock(one, after)]
        possible = [after for after in states if is_relock(before, after)]
        most = 1 if before.pll is None else each
        assert len(relocks) == min(most, len(possible))
        for after in states:
            if before.reaches(after) and not is_relock(before, after):
                assert (before, after) in changes
    plls = [state for state in states if state.pll is not None and not state.on_hse]
    assert {after for one, after in changes if is_relock(one, after)} == set(plls)


@given(some_settings, st.integers(3, 40))
def test_walks_make_the_changes_that_are_wanted(settings, length):
    states = states_of(settings, HSE_HZ)
    changes = sampled_changes(states)
    made = set()
    for walk in plan_walks(states, length, changes):
        assert len(walk) == length
        steps = list(zip((IDLE, *walk), walk, strict=False))
        assert all(before.reaches(after) for before, after in steps)
        made.update(steps)
    assert made >= set(changes)


def test_a_real_network_needs_a_handful_of_walks():
    assert len(plan_walks(STATES, 55, sampled_changes(STATES))) <= 5
    assert len(plan_walks(STATES, 55)) >= 25


def drawn(seed, states=STATES):
    """Costs whose relocks consist of a part of leaving and a part of entering."""
    rng = np.random.default_rng(seed)
    count = len(states)
    costs = SwitchCosts.modelled(states, HSE_HZ)
    for name, size in (("time_s", 1e-5), ("energy_j", 1e-6)):
        leaving, entering = rng.uniform(-size, size, (2, count))
        matrix = getattr(costs, name)
        for row, before in enumerate(states):
            for column, after in enumerate(states):
                if is_relock(before, after):
                    matrix[row, column] += leaving[row] + entering[column]
    return costs


def sampled(costs, changes):
    """Keep only the changes that were made; the others are computed."""
    part = SwitchCosts.modelled(costs.states, costs.hse_hz)
    for before, after in changes:
        place = part.index(before), part.index(after)
        part.time_s[place], part.energy_j[place] = costs.cost(before, after)
        part.measured[place] = True
    return part


@pytest.mark.parametrize("seed", range(3))
def test_relocks_that_were_not_made_follow_from_those_that_were(seed):
    costs = drawn(seed)
    part = sampled(costs, sampled_changes(STATES))
    completed = complete_relocks(part)
    possible = np.isfinite(costs.time_s)
    assert completed.time_s[possible] == pytest.approx(costs.time_s[possible], rel=1e-9)
    assert completed.energy_j[possible] == pytest.approx(costs.energy_j[possible], rel=1e-9)
    assert np.array_equal(completed.time_s[part.measured], part.time_s[part.measured])
    # What was made is told from what was worked out.
    assert np.array_equal(completed.measured, part.measured)
    assert not np.isfinite(completed.time_s[~possible]).any()


def test_without_a_measured_relock_the_computed_ones_stay():
    part = SwitchCosts.modelled(STATES, HSE_HZ)
    assert complete_relocks(part) == part


def test_a_board_with_one_clock_has_nothing_to_complete():
    state = ClockState.of(ClockSetting("hse"))
    part = SwitchCosts.modelled((IDLE, state), HSE_HZ)
    assert complete_relocks(part) == part
