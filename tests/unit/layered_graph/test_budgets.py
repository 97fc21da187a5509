"""Budgets beside time: against the enumeration of all schedules, and integer programming."""

from __future__ import annotations

import itertools

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


@settings(MANY, max_examples=150)
@given(problems(), QUANTILES, st.booleans())
def test_frontier_against_enumeration(arguments, quantiles, one_search):
    try:
        graph, schedules = enumerated(arguments)
    except UnreachableError:
        return
    bound, budgets = drawn_limits(arguments, schedules, quantiles)
    with pytest.MonkeyPatch.context() as patch:
        if not one_search:
            patch.setattr("dvfs_kernel.layered_graph.budgeted_frontier._ONE_SEARCH_LABELS", 0)
        allowed = sorted(item[1::-1] for item in schedules if kept(item, bound, budgets))
        if not allowed:
            with pytest.raises(InfeasibleBudgetError):
                graph.frontier(budgets=budgets, longest=bound)
            return
        frontier = graph.frontier(budgets=budgets, longest=bound)
    expected, lowest = [], np.inf
    for time, energy in allowed:
        if energy < lowest:
            expected.append((time, energy))
            lowest = energy
    assert list(zip(frontier.time.tolist(), frontier.energy.tolist(), strict=True)) == expected
    assert frontier.error == 0.0
    for point in frontier:
        assert graph.evaluate(point.choice) == (point.time, point.energy)
        assert all(point.resources[name] <= most for name, most in budgets.items())
    assert frontier.at(bound).energy == expected[-1][1]
    with pytest.raises(InfeasibleBoundError):
        frontier.at(np.nextafter(frontier.time[0], -np.inf))


def clocked(seed, layers=12, forms=4, clocks=4):
    """Return arguments as a network has them: clocks change costs, forms take resources too."""
    rng = np.random.default_rng(seed)
    work = rng.lognormal(0, 0.6, (layers, 1, 1)) * (1 - 0.15 * np.arange(forms))[:, None]
    speed = 1 + np.arange(clocks)
    time = work / speed * rng.uniform(0.95, 1.05, (layers, forms, clocks))
    energy = work * (1 + 0.3 * speed**1.5) * rng.uniform(0.95, 1.05, (layers, forms, clocks))
    flash = rng.integers(1, 500, (layers, 1)) * (1 + 3 * np.arange(forms))
    loss = rng.integers(0, 9, (layers, 1)) * np.arange(forms)
    state = np.broadcast_to(np.arange(clocks), time.shape)
    resources = {
        name: np.repeat(values, clocks, axis=1)
        for name, values in (("flash", flash), ("loss", loss))
    }
    switch = 0.05 * (1 - np.eye(clocks))
    return {
        "time": time.reshape(layers, -1),
        "energy": energy.reshape(layers, -1),
        "state": state.reshape(layers, -1),
        "switch_time": switch,
        "switch_energy": switch / 2,
        "resources": resources,
    }


def between(values, share):
    """Return a budget between the least and the most that schedules take."""
    least, most = values.min(axis=1).sum(), values.max(axis=1).sum()
    return float(np.floor(least + share * (most - least)))


@pytest.mark.parametrize("seed", range(4))
def test_loose_budgets_change_nothing(seed):
    arguments = clocked(seed)
    graph = LayeredGraph(**arguments)
    plain = LayeredGraph(**{**arguments, "resources": {}})
    bound = graph.least_time * 1.5
    before = plain.solve(bound)
    most = {name: float(taken.max(axis=1).sum()) for name, taken in arguments["resources"].items()}
    for budgets in ({}, {"flash": np.inf}, most):
        after = graph.solve(bound, budgets=budgets)
        assert after.choice.tolist() == before.choice.tolist()
        assert (after.time, after.energy, after.status) == (before.time, before.energy, "optimal")
        assert after.multiplier == before.multiplier
        rows = np.arange(graph.layers), after.choice
        assert after.resources["flash"] == arguments["resources"]["flash"][rows].sum()
    # what the best schedule takes is just enough for it
    assert graph.solve(bound, budgets=after.resources).energy == before.energy
    assert graph.frontier(budgets=most).choices().tolist() == plain.frontier().choices().tolist()
    assert graph.frontier().choices().tolist() == plain.frontier().choices().tolist()
    assert graph.k_best(bound, 2)[0].resources == graph.solve(bound).resources


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("seed", range(3))
def test_integer_programming_agrees(seed, share):
    optimize = pytest.importorskip("scipy.optimize")
    arguments = clocked(seed)
    graph = LayeredGraph(**arguments)
    budgets = {name: between(taken, share) for name, taken in arguments["resources"].items()}
    layers, options = arguments["time"].shape
    states = 4
    bound = graph.least_time * 2
    # one variable per option, and one per pair of states between two layers
    count, pairs = layers * options, (layers - 1) * states**2
    cost = np.append(
        arguments["energy"].ravel(), np.tile(arguments["switch_energy"].ravel(), layers - 1)
    )
    spent = [
        np.append(arguments["time"].ravel(), np.tile(arguments["switch_time"].ravel(), layers - 1))
    ]
    spent += [
        np.append(taken.ravel(), np.zeros(pairs)) for taken in arguments["resources"].values()
    ]
    rows, sums = [], []
    for layer in range(layers):
        row = np.zeros(count + pairs)
        row[layer * options : (layer + 1) * options] = 1
        rows.append(row)
        sums.append(1)
        for side, boundary in ((0, layer), (1, layer - 1)):
            if 0 <= boundary < layers - 1:
                for which in range(states):
                    row = np.zeros(count + pairs)
                    here = np.flatnonzero(arguments["state"][layer] == which)
                    row[layer * options + here] = 1
                    grid = np.zeros((states, states))
                    grid[(which, slice(None)) if side == 0 else (slice(None), which)] = -1
                    start = count + boundary * states**2
                    row[start : start + states**2] = grid.ravel()
                    rows.append(row)
                    sums.append(0)
    result = optimize.milp(
        cost,
        integrality=np.ones(cost.size),
        bounds=optimize.Bounds(0, 1),
        constraints=[
            optimize.LinearConstraint(np.array(rows), sums, sums),
            optimize.LinearConstraint(np.array(spent), -np.inf, [bound, *budgets.values()]),
        ],
        options={"mip_rel_gap": 0},
    )
    assert result.success
    solution = graph.solve(bound, budgets=budgets)
    assert solution.status == "optimal"
    assert solution.energy == pytest.approx(result.fun, rel=1e-7)
    assert solution.resource_multipliers["flash"] >= 0.0


@pytest.mark.parametrize("seed", range(3))
def test_a_search_cut_short_says_how_far_off_it_is(seed):
    arguments = clocked(seed, layers=40)
    graph = LayeredGraph(**arguments)
    budgets = {name: between(taken, 0.3) for name, taken in arguments["resources"].items()}
    bound = graph.least_time * 2
    exact = graph.solve(bound, budgets=budgets)
    assert exact.status == "optimal"
    for limits, status in (
        ({"time_limit_s": 0.0}, "time limit"),
        ({"label_limit": 40}, "label limit"),
        ({"tolerance": 0.5}, "tolerance"),
    ):
        rough = graph.solve(bound, budgets=budgets, **limits)
        assert rough.status == status
        assert rough.lower_bound <= exact.energy <= rough.energy
        assert rough.gap > 0
        assert graph.evaluate(rough.choice) == (rough.time, rough.energy)
        assert all(rough.resources[name] <= most for name, most in budgets.items())


def test_a_frontier_cut_short_says_how_far_off_it_is(monkeypatch):
    arguments = clocked(5, layers=15)
    graph = LayeredGraph(**arguments)
    budgets = {name: between(taken, 0.3) for name, taken in arguments["resources"].items()}
    monkeypatch.setattr("dvfs_kernel.layered_graph.budgeted_frontier._ONE_SEARCH_LABELS", 1000)
    longest = graph.least_time * 3
    epsilon = 0.05 * graph.solve(longest, budgets=budgets).energy
    rough = graph.frontier(budgets=budgets, longest=longest, epsilon=epsilon)
    assert 0 < rough.error <= epsilon
    for bound in np.linspace(rough.time[0], longest, 9):
        least = graph.solve(bound, budgets=budgets).energy
        assert least <= rough.at(bound).energy <= least + rough.error + 1e-12
    with pytest.raises(InfeasibleBudgetError, match="together"):
        graph.solve(np.nextafter(rough.time[0], -np.inf), budgets=budgets)


@pytest.mark.parametrize("trial", [50, 3000])
def test_beams_and_idle_dominance_do_not_change_the_optimum(monkeypatch, trial):
    arguments = clocked(7, layers=25)
    arguments["resources"]["loss"] = arguments["resources"]["loss"] / 7  # sums round
    graph = LayeredGraph(**arguments)
    budgets = {name: between(taken, 0.2) for name, taken in arguments["resources"].items()}
    bound = graph.least_time * 2
    before = graph.solve(bound, budgets=budgets)
    monkeypatch.setattr("dvfs_kernel.layered_graph.budgeted._TRIAL_LABELS", trial)
    monkeypatch.setattr("dvfs_kernel.layered_graph.budgeted._BEAMS", (2, 5, 10))
    monkeypatch.setattr("dvfs_kernel.layered_graph.budgeted_search._HARDLY", 0.0)
    after = graph.solve(bound, budgets=budgets)
    assert after.status == before.status == "optimal"
    assert after.energy == before.energy


def small(**resources):
    return LayeredGraph([[4, 2], [5, 1]], [[1, 3], [2, 7]], resources=resources)


def test_budgets_that_cannot_be_kept():
    graph = small(flash=[[1, 8], [2, 9]], loss=[[5, 0], [6, 0]])
    with pytest.raises(InfeasibleBudgetError, match=r"budget 2.0 for flash.*least possible is 3.0"):
        graph.solve(9, budgets={"flash": 2})
    with pytest.raises(InfeasibleBudgetError, match="together; the least possible") as error:
        graph.solve(9, budgets={"flash": 4, "loss": 3})
    assert error.value.least == {"flash": 3.0, "loss": 0.0}
    assert (error.value.bound, error.value.least_time) == (9.0, 3.0)
    make, arguments = error.value.__reduce__()  # as it comes from a worker process
    assert str(make(*arguments)) == str(error.value)
    with pytest.raises(InfeasibleBoundError):
        graph.solve(2, budgets={"flash": 2})


def test_an_unfinished_search_for_any_schedule_at_all():
    # two budgets that leave one single sum: no relaxation says whether a schedule has it
    taken = np.random.default_rng(1).integers(1, 10**9, (30, 8))
    graph = LayeredGraph(taken, taken, resources={"a": taken, "b": 10**9 - taken})
    most = between(taken, 0.5)
    budgets = {"a": most, "b": 30 * 10**9 - most}
    with pytest.raises(SearchTooLargeError, match="before a schedule was found"):
        graph.solve(np.inf, budgets=budgets, time_limit_s=0.0)


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"flash": [[1, 2]]}, "flash has 1 layers; it must have 2"),
        ({"flash": [[1, 2], [3]]}, "flash of layer 1 has 1 options"),
        ({"flash": [[1, 2], [3, np.inf]]}, "flash of layer 1, option 1 is inf"),
        ({"time": [[1, 2], [3, 4]]}, "a resource is called 'time'"),
        ({"": [[1, 2], [3, 4]]}, "a resource is called ''"),
    ],
)
def test_resources_that_make_no_sense(resources, message):
    with pytest.raises(LayeredGraphError, match=message):
        small(**resources)


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        ({"ram": 1}, "budget for 'ram', which is not a resource.*: flash"),
        ({"flash": np.nan}, "budget for flash is nan"),
        ({"flash": "much"}, "budget for flash is 'much'"),
    ],
)
def test_budgets_that_make_no_sense(budgets, message):
    with pytest.raises(LayeredGraphError, match=message):
        small(flash=[[1, 2], [3, 4]]).solve(9, budgets=budgets)


def test_negative_amounts_and_budgets():
    graph = small(gain=[[-1, -8], [-2, -9]])
    assert graph.solve(9, budgets={"gain": -10}).choice.tolist() == [1, 0]
    with pytest.raises(InfeasibleBudgetError, match=r"least possible is -17.0"):
        graph.solve(9, budgets={"gain": -18})


def test_resources_through_networkx_and_shadow_prices():
    arguments = clocked(2, layers=5, forms=2, clocks=2)
    graph = LayeredGraph(**arguments)
    names = graph.resources
    drawn = to_networkx(graph)
    assert drawn.nodes[2, 1]["flash"] == arguments["resources"]["flash"][2, 1]
    drawn.remove_nodes_from(["source", "sink"])
    again = from_networkx(drawn, resources=names).graph
    budgets = {name: between(arguments["resources"][name], 0.4) for name in names}
    bound = graph.least_time * 1.6
    here = graph.solve(bound, budgets=budgets)
    assert again.solve(bound, budgets=budgets).energy == here.energy
    price = graph.shadow_price(bound, 0.2, budgets=budgets)
    assert price.solution.energy == here.energy
    assert price.saved_by_more == here.energy - graph.solve(bound + 0.2, budgets=budgets).energy
    assert graph.shadow_price(bound, bound, budgets=budgets).lost_by_less == np.inf
