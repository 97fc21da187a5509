"""Optima in windows whose idling costs differ by how long it lasts, against every path there is."""

import itertools

import explorations
import numpy as np
import pytest
from explorations import STATES
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.clocks.state import IDLE
from dvfs_kernel.errors import InfeasibleLatencyError
from dvfs_kernel.link import abi
from dvfs_kernel.optimisation import IdleCost, window_problem
from dvfs_kernel.optimisation.idle_cost import IdleLine
from dvfs_kernel.optimisation.window_optimum import least_energy


def idle_of(rng):
    """Steps down at some idle times, as the firmware's does; waiting differs by state."""
    first_s, second_s = np.sort(rng.uniform(2e-4, 6e-3, 2))
    waiting_w, resting_w, power_w = np.sort(rng.uniform(1e-3, 0.2, 3))[::-1]
    return IdleCost(
        abi.IdleMode.GATED,
        power_w,
        rng.uniform(0, 1e-5),
        (
            IdleLine(first_s, waiting_w, rng.uniform(0, 1e-6), waits=True),
            IdleLine(second_s, resting_w, rng.uniform(0, 1e-5)),
        ),
        {state: float(part) for state, part in zip(STATES, rng.uniform(0.1, 1, 5), strict=True)},
    )


def every_window_j(explored, costs, idle, window_s, latency_s):
    """Yield what each path takes that is quick enough."""
    for rows in itertools.product(*map(explored.of_layer, range(explored.layers))):
        time_s = energy_j = 0.0
        before = IDLE
        for row in rows:
            state = STATES[row["state"]]
            entry_s, entry_j = costs.cost(before, state)
            time_s += entry_s + float(row["time_s"])
            energy_j += entry_j + float(row["energy_j"])
            before = state
        if time_s <= latency_s:
            yield energy_j + idle.energy_j(window_s - time_s, before)


@pytest.mark.parametrize("seed", range(30))
def test_the_optimum_is_the_best_of_all_paths_however_the_window_ends(seed):
    rng = np.random.default_rng(seed)
    explored, costs = explorations.exploration(rng), explorations.switching(rng)
    idle = idle_of(rng)
    problem = window_problem(explored, costs, idle)
    for factor in (1.001, 1.2, 1.6, 3.0):
        window_s = problem.graph.least_time * factor
        latency_s = window_s * (1 if seed % 2 else 0.9995)
        optimum = least_energy(problem, window_s, latency_s)
        least_j = min(every_window_j(explored, costs, idle, window_s, latency_s))
        solution = optimum.solution
        assert optimum.prediction.latency_s <= latency_s * (1 + 1e-12)
        assert optimum.prediction.window_j(window_s, idle) == pytest.approx(solution.energy)
        # Proved, or with a bound that holds.
        assert solution.lower_bound <= least_j * (1 + 1e-9)
        assert solution.energy >= least_j * (1 - 1e-9)
        if solution.status == "optimal":
            assert solution.energy == pytest.approx(least_j, rel=1e-9)
            assert solution.gap == 0
        assert (problem.rows(solution.choice) == optimum.rows).all()


def test_a_window_that_nothing_keeps_is_told_with_the_least_that_is_possible():
    rng = np.random.default_rng(1)
    problem = window_problem(
        explorations.exploration(rng), explorations.switching(rng), idle_of(rng)
    )
    least_s = problem.graph.least_time
    with pytest.raises(InfeasibleLatencyError) as caught:
        least_energy(problem, 2.0, least_s * 0.99)
    assert caught.value.least_time == pytest.approx(least_s)
    assert caught.value.bound == least_s * 0.99


@given(st.floats(0, 0.01), st.integers(0, 99))
def test_an_idle_time_lies_on_one_line_and_steps_are_told_near_them_alone(time_s, seed):
    idle = idle_of(np.random.default_rng(seed))
    least_s = [at_s for at_s, _ in idle.lines]
    assert least_s == sorted(least_s)
    line = idle.line(time_s, STATES[1])
    assert line.energy_j(time_s) == idle.energy_j(time_s, STATES[1])
    near = any(abs(at_s - time_s) < 2e-5 for at_s in least_s[1:])
    assert idle.step_j(time_s, 5e-6, STATES[1]) == 0 or near
    for at_s in least_s[1:]:
        step_j = idle.step_j(at_s, 5e-6, STATES[1])
        after_j = idle.energy_j(np.nextafter(at_s, 1), STATES[1])
        assert step_j >= abs(idle.energy_j(at_s, STATES[1]) - after_j) * (1 - 1e-9) > 0
