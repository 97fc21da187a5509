"""Budgets beside time: against the enumeration of all schedules, and integer programming."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dvfs_kernel.errors import (
    InfeasibleBoundError,
    InfeasibleBudgetError,
    LayeredGraphError,
    SearchTooLargeError,
    UnreachableError,
)
from dvfs_kernel.layered_graph import LayeredGraph, from_networkx, to_networkx

MANY = settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@st.composite
def problems(draw):
    """Draw the arguments of a small problem; the numbers come from a seed, for speed."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layers, most = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    kinds = st.sampled_from(["whole", "tenths", "real"])
    kind, resource_kind = draw(kinds), draw(kinds)
    sizes = rng.integers(1, most + 1, layers)
    span = int(rng.choice([2, 10, 1000]))

    def numbers(shape, kind=kind):
        if kind == "whole":
            return rng.integers(0, span + 1, shape).astype(float)
        if kind == "tenths":
            return rng.integers(0, span + 1, shape) / 10
        return rng.random(shape)

    arguments = {
        "time": [numbers(size) for size in sizes],
        "energy": [numbers(size) - (numbers(1) if rng.random() < 0.3 else 0) for size in sizes],
    }
    count = draw(st.integers(0, 3))
    lowest = 0.5 if rng.random() < 0.3 else 0.0  # some resources can be negative
    arguments["resources"] = {
        f"r{index}": [
            numbers(size, resource_kind) - lowest * numbers(size, resource_kind) for size in sizes
        ]
        for index in range(count)
    }
    if draw(st.booleans()):
        states = int(rng.integers(1, 4))
        boundaries = layers - 1 if rng.random() < 0.3 and layers > 2 else None
        shape = (states, states) if boundaries is None else (boundaries, states, states)
        arguments["state"] = [rng.integers(0, states, size) for size in sizes]
        arguments["switch_time"], arguments["switch_energy"] = numbers(shape), numbers(shape)
        if rng.random() < 0.2:
            arguments["switch_time"][rng.random(shape) < 0.3] = np.inf
        if rng.random() < 0.5:
            for end in ("entry_time", "entry_energy", "exit_time", "exit_energy"):
                arguments[end] = numbers(states)
                if rng.random() < 0.1:
                    arguments[end][rng.random(states) < 0.4] = np.inf
    return arguments


def enumerated(arguments):
    """Return (energy, time, resources, choice) of all schedules, summed from first to last."""
    graph = LayeredGraph(**arguments)
    found = []
    for choice in itertools.product(*[range(len(row)) for row in arguments["time"]]):
        time, energy = graph.evaluate(np.array(choice))
        if np.isfinite([time, energy]).all():
            taken = []
            for rows in arguments["resources"].values():
                total = 0.0
                for row, option in zip(rows, choice, strict=True):
                    total += float(row[option])
                taken.append(total)
            found.append((energy, time, tuple(taken), choice))
    return graph, found


def drawn_limits(arguments, schedules, quantiles):
    """Return a bound and budgets: sums that schedules have, so that they are met exactly."""
    times = sorted(item[1] for item in schedules)
    bound = times[int(quantiles[0] * (len(times) - 1))]
    budgets = {}
    for index, name in enumerate(arguments["resources"]):
        amounts = sorted(item[2][index] for item in schedules)
        budgets[name] = amounts[int(quantiles[1 + index] * (len(amounts) - 1))]
    return bound, budgets


def kept(item, bound, budgets):
    return item[1] <= bound and all(
        amount <= most for amount, most in zip(item[2], budgets.values(), strict=True)
    )


QUANTILES = st.tuples(*[st.floats(0, 1)] * 4)


@MANY
@given(problems(), QUANTILES)
def test_against_enumeration(arguments, quantiles):
    try:
        graph, schedules = enumerated(arguments)
    except UnreachableError:
        return
    bound, budgets = drawn_limits(arguments, schedules, quantiles)
    allowed = sorted(item for item in schedules if kept(item, bound, budgets))
    if not allowed:
        with pytest.raises(InfeasibleBudgetError) as error:
            graph.solve(bound, budgets=budgets)
        assert error.value.bound == bound
        return
    solution = graph.solve(bound, budgets=budgets)
    assert solution.status == "optimal"
    assert solution.energy == allowed[0][0] == solution.lower_bound
    assert (solution.time, solution.energy) == graph.evaluate(solution.choice)
    assert solution.time <= bound
    taken = next(item[2] for item in allowed if item[3] == tuple(solution.choice))
    assert solution.resources == dict(zip(budgets, taken, strict=True))
