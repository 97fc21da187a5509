"""Every answer against the enumeration of all schedules, on thousands of small problems."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dvfs_kernel.errors import InfeasibleBoundError, UnreachableError
from dvfs_kernel.layered_graph import LayeredGraph

MANY = settings(
    max_examples=800,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

# whole numbers collide often and have a lattice; tenths round; thirds of anything round more
NUMBERS = st.sampled_from(["whole", "tenths", "real"])


@st.composite
def problems(draw, *, switching):
    """Draw the arguments of a small problem; the numbers come from a seed, for speed."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(NUMBERS)
    layers = draw(st.integers(1, 5))
    most = draw(st.integers(1, 4))
    sizes = rng.integers(1, most + 1, layers)
    span = int(rng.choice([3, 10, 1000]))

    def numbers(shape):
        if kind == "whole":
            return rng.integers(0, span + 1, shape).astype(float)
        if kind == "tenths":
            return rng.integers(0, span + 1, shape) / 10
        return rng.random(shape)

    time = [numbers(size) for size in sizes]
    energy = [numbers(size) - (numbers(1) if rng.random() < 0.3 else 0.0) for size in sizes]
    if not switching:
        return {"time": time, "energy": energy}
    states = int(rng.integers(1, 4))
    boundaries = layers - 1 if rng.random() < 0.3 and layers > 2 else None
    shape = (states, states) if boundaries is None else (boundaries, states, states)
    switch_time, switch_energy = numbers(shape), numbers(shape)
    if rng.random() < 0.5:  # as clocks do it: equal costs, nothing to stay
        switch_time[...], switch_energy[...] = numbers(1), numbers(1)
        switch_time[..., np.arange(states), np.arange(states)] = 0
        switch_energy[..., np.arange(states), np.arange(states)] = 0
    if rng.random() < 0.2:
        switch_time[rng.random(shape) < 0.3] = np.inf
    arguments = {
        "time": time,
        "energy": energy,
        "state": [rng.integers(0, states, size) for size in sizes],
        "switch_time": switch_time,
        "switch_energy": switch_energy,
    }
    if rng.random() < 0.5:
        arguments |= {
            "entry_time": numbers(states),
            "entry_energy": numbers(states),
            "exit_time": numbers(states),
            "exit_energy": numbers(states),
        }
        for end in ("entry_time", "exit_time", "entry_energy"):  # some ends are forbidden
            if rng.random() < 0.2:
                arguments[end][rng.random(states) < 0.4] = np.inf
    return arguments


def enumerate_schedules(arguments):
    """Return (time, energy, choice) of every allowed schedule, summed from first to last."""
    time, energy = arguments["time"], arguments["energy"]
    state = arguments.get("state", [np.zeros(len(row), int) for row in time])
    result = []
    for choice in itertools.product(*[range(len(row)) for row in time]):
        sums = [0.0, 0.0]
        for index, (end, switch) in enumerate(
            (("entry_time", "switch_time"), ("entry_energy", "switch_energy"))
        ):
            costs = (time, energy)[index]
            if end in arguments:
                sums[index] = arguments[end][state[0][choice[0]]]
            for layer, option in enumerate(choice):
                if layer and switch in arguments:
                    matrix = arguments[switch]
                    matrix = matrix if matrix.ndim == 2 else matrix[layer - 1]
                    sums[index] += matrix[state[layer - 1][choice[layer - 1]], state[layer][option]]
                sums[index] += costs[layer][option]
            leave = end.replace("entry", "exit")
            if leave in arguments:
                sums[index] += arguments[leave][state[-1][choice[-1]]]
        if np.isfinite(sums).all():
            result.append((float(sums[0]), float(sums[1]), choice))
    return result


def pareto(schedules):
    points, best = [], np.inf
    for time, energy, _ in sorted(schedules):
        if energy < best:
            points.append((time, energy))
            best = energy
    return points


def check_all(arguments, quantile):
    schedules = enumerate_schedules(arguments)
    if not schedules:
        with pytest.raises(UnreachableError):
            LayeredGraph(**arguments)
        return
    graph = LayeredGraph(**arguments)
    times = sorted(time for time, _, _ in schedules)
    assert graph.least_time == times[0]
    bound = times[int(quantile * (len(times) - 1))]
    allowed = sorted((energy, time) for time, energy, _ in schedules if time <= bound)

    solution = graph.solve(bound)
    assert solution.status == "optimal"
    assert (solution.time, solution.energy) == graph.evaluate(solution.choice)
    assert solution.time <= bound
    assert solution.energy == allowed[0][0] == solution.lower_bound

    frontier = graph.frontier()
    expected = pareto(schedules)
    assert list(zip(frontier.time.tolist(), frontier.energy.tolist(), strict=True)) == expected
    assert frontier.error == 0.0
    for point in frontier:
        assert graph.evaluate(point.choice) == (point.time, point.energy)
    assert frontier.at(bound).energy == solution.energy

    best = graph.k_best(bound, 5)
    assert [(item.energy, item.time) for item in best] == allowed[:5]
    assert len({tuple(item.choice) for item in best}) == len(best)
    for item in best:
        assert graph.evaluate(item.choice) == (item.time, item.energy)

    earlier = np.nextafter(times[0], -np.inf)
    with pytest.raises(InfeasibleBoundError) as error:
        graph.solve(earlier)
    assert error.value.least_time == times[0]


@MANY
@given(problems(switching=False), st.floats(0, 1))
def test_without_switching(arguments, quantile):
    check_all(arguments, quantile)


@MANY
@given(problems(switching=True), st.floats(0, 1))
def test_with_switching(arguments, quantile):
    check_all(arguments, quantile)


@settings(MANY, max_examples=250)
@given(problems(switching=True), st.floats(0, 0.3))
def test_epsilon_frontier_is_that_close(arguments, fraction):
    schedules = enumerate_schedules(arguments)
    if not schedules:
        return
    graph = LayeredGraph(**arguments)
    exact = pareto(schedules)
    epsilon = fraction * (exact[0][1] - exact[-1][1])
    frontier = graph.frontier(epsilon=epsilon)
    assert frontier.error <= epsilon + 1e-9
    for time, energy in exact:
        point = frontier.at(time)
        assert graph.evaluate(point.choice) == (point.time, point.energy)
        assert energy <= point.energy
        rounding = 1e-12 * time if frontier.error else 0.0
        assert frontier.at(time + rounding).energy <= energy + frontier.error + 1e-12


@settings(MANY, max_examples=250)
@given(problems(switching=True), st.floats(0, 1))
def test_frontier_up_to_a_longest_time(arguments, quantile):
    schedules = enumerate_schedules(arguments)
    if not schedules:
        return
    times = sorted(time for time, _, _ in schedules)
    longest = times[int(quantile * (len(times) - 1))]
    frontier = LayeredGraph(**arguments).frontier(longest=longest)
    expected = [point for point in pareto(schedules) if point[0] <= longest]
    assert list(zip(frontier.time.tolist(), frontier.energy.tolist(), strict=True)) == expected
