"""Other ways to the same optimum: integer programming, dynamic programming, plain paths."""

from __future__ import annotations

import numpy as np
import pytest

from dvfs_kernel.layered_graph import LayeredGraph, maximise_profit


def random_graph(rng, layers, options, states, *, whole=False):
    shape = (layers, options)
    time = rng.integers(1, 60, shape).astype(float) if whole else rng.random(shape) + 0.1
    energy = (
        (60 / time + rng.integers(0, 9, shape)).round() if whole else 1 / time + rng.random(shape)
    )
    state = rng.integers(0, states, shape)
    switch = rng.integers(0, 9, (2, states, states)).astype(float)
    switch *= 1 - np.eye(states)
    if not whole:
        switch *= 0.02
    return time, energy, state, switch[0], switch[1]


@pytest.mark.parametrize("seed", range(6))
def test_integer_programming_agrees(seed):
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(seed)
    layers, options, states = 9, 12, 3
    time, energy, state, switch_time, switch_energy = random_graph(rng, layers, options, states)
    graph = LayeredGraph(time, energy, state, switch_time=switch_time, switch_energy=switch_energy)
    bound = graph.least_time * (1.1 + 0.1 * seed)
    # one variable per option, and one per pair of states between two layers
    count, pairs = layers * options, (layers - 1) * states * states
    cost = np.concatenate([energy.ravel(), np.tile(switch_energy.ravel(), layers - 1)])
    spent = np.concatenate([time.ravel(), np.tile(switch_time.ravel(), layers - 1)])
    rows, sums = [], []
    for layer in range(layers):
        row = np.zeros(count + pairs)
        row[layer * options : (layer + 1) * options] = 1
        rows.append(row)
        sums.append(1)
    for boundary in range(layers - 1):
        block = count + boundary * states * states
        for side in range(2):
            layer = boundary + side
            for which in range(states):
                row = np.zeros(count + pairs)
                row[layer * options + np.flatnonzero(state[layer] == which)] = 1
                grid = np.zeros((states, states))
                if side == 0:
                    grid[which] = -1
                else:
                    grid[:, which] = -1
                row[block : block + states * states] = grid.ravel()
                rows.append(row)
                sums.append(0)
    result = optimize.milp(
        cost,
        integrality=np.ones(cost.size),
        bounds=optimize.Bounds(0, 1),
        constraints=[
            optimize.LinearConstraint(np.array(rows), sums, sums),
            optimize.LinearConstraint(spent, -np.inf, bound),
        ],
        options={"mip_rel_gap": 0},
    )
    assert result.success
    assert graph.solve(bound).energy == pytest.approx(result.fun, rel=1e-7)


def least_cost_by_weight(cost, weight, most):
    """Solve for every whole weight by the textbook table."""
    table = np.full(most + 1, np.inf)
    table[0] = 0.0
    for costs, weights in zip(cost, weight, strict=True):
        new = np.full(most + 1, np.inf)
        for c, w in zip(costs, weights.astype(int), strict=True):
            if w <= most:
                new[w:] = np.minimum(new[w:], table[: most + 1 - w] + c)
        table = new
    return np.minimum.accumulate(table)


FAMILIES = ["uncorrelated", "weakly", "strongly", "subset-sum", "zig-zag", "even"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(8))
def test_whole_number_families_agree_with_the_table(family, seed):
    rng = np.random.default_rng([FAMILIES.index(family), seed])
    shape = (int(rng.integers(2, 14)), int(rng.integers(2, 12)))
    weight = rng.integers(1, 80, shape)
    profit = rng.integers(1, 80, shape)
    if family == "weakly":
        profit = np.maximum(1, weight + rng.integers(-5, 6, shape))
    elif family == "strongly":
        weight = np.sort(weight, axis=1)
        profit, weight = np.cumsum(weight + 10, axis=1), np.cumsum(weight, axis=1)
    elif family == "subset-sum":
        profit = weight
    elif family == "zig-zag":
        profit, weight = np.sort(profit, axis=1), np.sort(weight, axis=1)
    elif family == "even":
        profit = profit * 6
    lightest, heaviest = weight.min(axis=1).sum(), weight.max(axis=1).sum()
    table = -least_cost_by_weight(-profit, weight, int(heaviest))
    for fraction in (0.0, 0.1, 0.5, 0.9, 1.0):
        capacity = int(lightest + fraction * (heaviest - lightest))
        packing = maximise_profit(profit, weight, capacity)
        assert packing.status == "optimal"
        assert packing.value == packing.value_bound == table[capacity]
        taken = np.arange(shape[0]), packing.choice
        assert profit[taken].sum() == packing.value
        assert weight[taken].sum() == packing.weight <= capacity


@pytest.mark.parametrize("seed", range(5))
def test_frontier_is_the_union_of_single_optima(seed):
    rng = np.random.default_rng(seed)
    time, energy, state, switch_time, switch_energy = random_graph(rng, 14, 20, 4)
    graph = LayeredGraph(time, energy, state, switch_time=switch_time, switch_energy=switch_energy)
    frontier = graph.frontier()
    assert len(frontier) > 100
    for index in range(0, len(frontier), 17):
        solution = graph.solve(frontier.time[index])
        assert (solution.time, solution.energy) == (frontier.time[index], frontier.energy[index])
        if index:
            earlier = graph.solve(np.nextafter(frontier.time[index], -np.inf))
            assert earlier.energy == frontier.energy[index - 1]
    assert graph.evaluate(frontier.choices()[3]) == (frontier.time[3], frontier.energy[3])


def test_repeated_layers_do_not_explode():
    # the same layer forty times: sums of equal numbers in another order differ by rounding only
    rng = np.random.default_rng(5)
    time, energy = rng.random(8) + 0.1, rng.random(8)
    graph = LayeredGraph([time] * 40, [energy] * 40)
    frontier = graph.frontier(epsilon=1e-9)
    assert frontier.error <= 2e-9
    for bound in np.linspace(graph.least_time, 1.5 * graph.least_time, 5):
        solution = graph.solve(bound)
        assert solution.status == "optimal"
        assert frontier.at(bound).energy <= solution.energy + frontier.error


@pytest.mark.parametrize(
    "change", ["layer constant", "permuted options", "units", "repeated options"]
)
@pytest.mark.parametrize("seed", range(4))
def test_invariance(change, seed):
    rng = np.random.default_rng(seed)
    time, energy, state, switch_time, switch_energy = random_graph(rng, 10, 9, 3, whole=True)
    switch = {"switch_time": switch_time, "switch_energy": switch_energy}
    graph = LayeredGraph(time, energy, state, **switch)
    bound = np.floor(graph.least_time * 1.3)
    before = graph.solve(bound)
    if change == "layer constant":
        time[3] += 7
        energy[4] -= 11
        after = LayeredGraph(time, energy, state, **switch).solve(bound + 7)
        assert after.energy == before.energy - 11
    elif change == "permuted options":
        order = rng.permuted(np.tile(np.arange(9), (10, 1)), axis=1)
        arrays = (np.take_along_axis(array, order, axis=1) for array in (time, energy, state))
        after = LayeredGraph(*arrays, **switch).solve(bound)
        assert after.energy == before.energy
    elif change == "units":
        # powers of two scale binary fractions without rounding
        scaled = {"switch_time": switch_time / 1024, "switch_energy": switch_energy * 64}
        after = LayeredGraph(time / 1024, energy * 64, state, **scaled).solve(bound / 1024)
        assert after.energy == before.energy * 64
    else:
        twice = (np.concatenate([array, array], axis=1) for array in (time, energy, state))
        after = LayeredGraph(*twice, **switch).solve(bound)
        assert after.energy == before.energy


def test_the_same_question_has_the_same_answer():
    rng = np.random.default_rng(3)
    time, energy, state, switch_time, switch_energy = random_graph(rng, 12, 9, 3, whole=True)
    answers = []
    for _ in range(3):
        graph = LayeredGraph(
            time, energy, state, switch_time=switch_time, switch_energy=switch_energy
        )
        bound = graph.least_time * 1.2
        answers.append(
            (
                graph.solve(bound).choice.tolist(),
                graph.frontier().choices().tolist(),
                [item.choice.tolist() for item in graph.k_best(bound, 9)],
            )
        )
    assert answers[0] == answers[1] == answers[2]
