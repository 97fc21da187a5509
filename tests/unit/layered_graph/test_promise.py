"""What docs/solver.md promises of numbers, held against sums in fractions.

The long form is `tests/support/solver_promise.py`.
"""

from __future__ import annotations

import numpy as np
import pytest
from exact_schedules import all_schedules
from solver_instances import KINDS, draw, numbers
from solver_promise import check_instance

from dvfs_kernel.layered_graph import LayeredGraph, solve_intervals, solve_samples

TENTH = 0.1


@pytest.mark.parametrize("first", range(0, 480, 60))
def test_answers_are_those_of_all_schedules_summed_in_fractions(first):
    for number in range(first, first + 60):
        check_instance(number)


@pytest.mark.parametrize("seed", range(20))
def test_the_sums_of_evaluate_are_rounded_once_a_step(seed):
    arguments = draw(np.random.default_rng(seed), switching=True)
    schedules = all_schedules(arguments)
    graph = LayeredGraph(**arguments) if schedules else None
    for item in schedules:
        assert graph.evaluate(list(item.choice)) == (item.time, item.energy)


def test_no_two_points_of_a_frontier_have_one_time():
    # 0.3 + 0.4 and 0.5 + 0.2 are one number or two neighbours, by the order in which they are met
    steps = np.arange(1, 9)
    layer = steps * TENTH
    frontier = LayeredGraph(
        [layer, layer, layer], [9.0 - steps, 9.0 / steps, 9.0 - steps]
    ).frontier()
    assert (np.diff(frontier.time) > 0).all()
    assert (np.diff(frontier.energy) < 0).all()


def test_energies_that_become_equal_leave_the_quicker_schedule():
    # 0.3 and 0.1 + 0.2 differ by one unit in the last place, which adding 2 takes away
    graph = LayeredGraph(time=[[5, 3], [2]], energy=[[0.3, 0.1 + 0.2], [2.0]])
    frontier = graph.frontier()
    assert (frontier.time.tolist(), frontier.energy.tolist()) == ([5.0], [2.3])
    assert graph.solve(9.0).energy == 2.3


def test_times_that_become_equal_leave_the_more_frugal_schedule():
    # 1 + ulp is 2 after adding 1: a bound of 2 is kept by both options
    graph = LayeredGraph(time=[[1.0, 1.0 + 2.0**-52], [1.0]], energy=[[5.0, 3.0], [0.0]])
    assert graph.solve(2.0).energy == 3.0
    assert graph.frontier().time.tolist() == [2.0]
    assert graph.frontier().at(graph.least_time).energy == 3.0


def test_a_bound_that_only_rounding_lets_a_schedule_keep():
    ulp = np.spacing(0.1)
    graph = LayeredGraph(
        time=[[0.1 + ulp], [0.1, 0.1 + 3 * ulp], [0.1 + 3 * ulp, 0.1 + ulp]],
        energy=[[-0.06], [1, -1], [0, 0.5]],
    )
    for bound in (0.30000000000000004, 0.3000000000000001):
        kept = [
            energy
            for a in range(2)
            for b in range(2)
            for time, energy in [graph.evaluate([0, a, b])]
            if time <= bound
        ]
        assert graph.solve(bound).energy == min(kept)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["time", "energy"])
def test_numbers_of_any_kind_are_solved_and_end(kind, what):
    # more layers than can be enumerated: every question agrees with every other one
    rng = np.random.default_rng([KINDS.index(kind), what == "time"])
    shape = (14, 5)
    arguments = {"time": rng.random(shape), "energy": rng.random(shape)}
    arguments[what] = numbers(rng, kind, shape)
    graph = LayeredGraph(**arguments)
    frontier = graph.frontier()
    assert frontier.status == "optimal"
    for index in range(0, len(frontier), max(len(frontier) // 5, 1)):
        bound = frontier.time[index]
        found = graph.solve(bound)
        assert (found.status, found.energy) == ("optimal", frontier.energy[index])
        best = graph.k_best(bound, 4)
        assert best[0].energy == found.energy
        assert [item.energy for item in best] == sorted(item.energy for item in best)


def test_robust_forms_hold_sums_of_the_one_order_against_the_bound():
    # 0.1 + 0.2 + 0.3 is one unit in the last place more than 0.3 + 0.2 + 0.1
    time = [[0.1, 0.05], [0.2, 0.1], [0.3, 0.2]]
    energy = [[1.0, 2.0]] * 3
    nothing = [[0.0, 0.0]] * 3
    for bound in (0.6000000000000001, 0.6):
        cheapest = 3.0 if bound >= 0.1 + 0.2 + 0.3 else 4.0
        assert solve_intervals(time, nothing, energy, bound, budget=1).energy == cheapest
        samples = [[row, row] for row in time]
        assert solve_samples(samples, energy, bound).energy == cheapest


@pytest.mark.parametrize("whole", [1e15, 9e15, 1e16, 2.0**53, 1e17])
def test_whole_numbers_that_sums_cannot_hold_exactly(whole):
    rng = np.random.default_rng(3)
    steps = rng.integers(0, 9, (6, 4))
    graph = LayeredGraph(rng.integers(1, 9, (6, 4)), whole + steps)
    frontier = graph.frontier()
    for time, energy in zip(frontier.time, frontier.energy, strict=True):
        assert graph.solve(time).energy == energy
        assert graph.k_best(time, 3)[0].energy == energy


def test_whole_deviations_do_not_make_times_whole():
    # what is less than an ulp of a deviation is lost in their sum, but not in the schedule's time
    time, deviation = [[0.0, 1e-20], [1e-20, 0.0]], [[1.0, 0.0], [1.0, 1.0]]
    energy = [[5.0, 1.0], [1.0, 4.0]]
    found = solve_intervals(time, deviation, energy, 1.0, budget=1)
    assert (found.choice.tolist(), found.energy, found.protected_time) == ([1, 0], 2.0, 1.0)


def test_a_dominated_option_that_budgets_need_may_have_a_time_that_is_not_whole():
    graph = LayeredGraph(
        time=[[2.0, 2.1], [3.0], [4.0], [0.0]],
        energy=[[1.0, 1.0], [1.0], [1.0], [1.0]],
        resources={"flash": [[9.0, 1.0], [1.0], [1.0], [1.0]]},
    )
    longest = graph.evaluate([1, 0, 0, 0])[0]
    assert graph.solve(longest, budgets={"flash": 5}).choice.tolist() == [1, 0, 0, 0]
