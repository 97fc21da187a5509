"""Classic knapsacks, robust forms, shadow prices, and graphs to and from networkx."""

from __future__ import annotations

import doctest
import importlib
import itertools
import pkgutil

import networkx as nx
import numpy as np
import pytest

import dvfs_kernel.layered_graph
from dvfs_kernel.errors import InfeasibleBoundError, LayeredGraphError
from dvfs_kernel.layered_graph import (
    LayeredGraph,
    from_networkx,
    maximise_profit,
    minimise_cost,
    solve_intervals,
    solve_samples,
    to_networkx,
)


def choices(layers, options):
    return [np.array(choice) for choice in itertools.product(range(options), repeat=layers)]


@pytest.mark.parametrize("seed", range(10))
def test_classic_forms_complement_each_other(seed):
    # section 11.1 of the book: p' = P − p, w' = W − w turns one form into the other
    rng = np.random.default_rng(seed)
    profit, weight = rng.integers(0, 50, (2, 6, 5))
    capacity = int(weight.min(axis=1).sum() + 20)
    most = maximise_profit(profit, weight, capacity)
    least = minimise_cost(50 - profit, 50 - weight, 6 * 50 - capacity)
    assert most.value == 6 * 50 - least.value
    assert least.weight >= 6 * 50 - capacity


@pytest.mark.parametrize("seed", range(12))
def test_intervals_against_brute_force(seed):
    rng = np.random.default_rng(seed)
    layers, options = 4, 3
    time, deviation, energy = rng.integers(1, 20, (3, layers, options)).astype(float)
    state = rng.integers(0, 2, (layers, options))
    switch = rng.integers(0, 5, (2, 2)).astype(float)
    graph = LayeredGraph(time, energy, state, switch_time=switch)
    rows = np.arange(layers)
    for budget in (0, 1, 2, None):
        count = layers if budget is None else budget

        def worst(choice, count=count):
            most = np.sort(deviation[rows, choice])[::-1][:count].sum()
            return graph.evaluate(choice)[0] + most

        listed = [
            (energy[rows, choice].sum(), worst(choice)) for choice in choices(layers, options)
        ]
        for bound in np.quantile([time for _, time in listed], [0.05, 0.4, 0.9]):
            found = solve_intervals(
                time, deviation, energy, bound, budget=budget, state=state, switch_time=switch
            )
            assert found.status == "optimal"
            assert found.energy == min(value for value, time in listed if time <= bound)
            assert found.protected_time == worst(found.choice) <= bound
        with pytest.raises(InfeasibleBoundError) as error:
            solve_intervals(
                time, deviation, energy, 1.0, budget=budget, state=state, switch_time=switch
            )
        assert error.value.least_time == min(time for _, time in listed)


def test_margin_is_kept_free():
    found = solve_intervals([[4, 2]], [[0, 0]], [[1, 3]], 5, margin=0.2)
    assert found.choice.tolist() == [0]
    assert solve_intervals([[4, 2]], [[0, 0]], [[1, 3]], 5, margin=0.3).choice.tolist() == [1]


@pytest.mark.parametrize("seed", range(12))
def test_samples_against_brute_force(seed):
    rng = np.random.default_rng(seed)
    layers, options, samples = 4, 3, 10
    nominal = rng.integers(2, 30, (layers, 1, options))
    time = nominal + rng.integers(0, 12, (layers, samples, options)).astype(float)
    energy = rng.integers(1, 30, (layers, options)).astype(float)
    state = rng.integers(0, 2, (layers, options))
    switch = rng.integers(0, 5, (2, 2)).astype(float)
    zero = LayeredGraph(np.zeros((layers, options)), energy, state, switch_time=switch)
    rows = np.arange(layers)
    for quantile in (0.5, 0.85, 1.0):
        needed = int(np.ceil(quantile * samples))

        def held(choice, needed=needed, time=time):
            totals = time[rows, :, choice].sum(axis=0) + zero.evaluate(choice)[0]
            return np.sort(totals)[needed - 1]

        listed = [(energy[rows, choice].sum(), held(choice)) for choice in choices(layers, options)]
        for bound in np.quantile([time for _, time in listed], [0.1, 0.5, 0.9]):
            found = solve_samples(
                time, energy, bound, quantile=quantile, state=state, switch_time=switch
            )
            assert found.status == "optimal"
            assert found.energy == min(value for value, time in listed if time <= bound)
            assert found.protected_time == held(found.choice) <= bound


def test_samples_of_a_large_problem_keep_the_bound():
    rng = np.random.default_rng(1)
    base = rng.random((40, 1, 20)) + 0.5
    time = base * (1 + 0.05 * rng.random((40, 30, 20)))
    energy = 1 / base[:, 0] + 0.1 * rng.random((40, 20))
    found = solve_samples(time, energy, 40.0, quantile=0.9)
    totals = np.sort(time[np.arange(40), :, found.choice].sum(axis=0))
    assert totals[26] == pytest.approx(found.protected_time)
    assert found.protected_time <= 40
    assert found.lower_bound <= found.energy <= found.lower_bound * 1.05


def test_shadow_price_is_the_difference_of_optima():
    rng = np.random.default_rng(7)
    graph = LayeredGraph(*rng.random((2, 20, 10)))
    bound = graph.least_time + 1.0
    price = graph.shadow_price(bound, 0.1)
    assert price.solution.energy == graph.solve(bound).energy
    assert price.saved_by_more == price.solution.energy - graph.solve(bound + 0.1).energy
    assert price.lost_by_less == graph.solve(bound - 0.1).energy - price.solution.energy
    assert price.multiplier == pytest.approx(price.saved_by_more / 0.1, rel=0.3)
    assert graph.shadow_price(graph.least_time, 0.1).lost_by_less == np.inf
    assert graph.shadow_price(1e9, 1).multiplier == 0.0


def time_expanded_optimum(graph, bound):
    """Return the least energy by Dijkstra on (node, whole time) pairs."""
    drawn = to_networkx(graph)
    shift = 1 - min(energy for _, energy in drawn.nodes(data="energy"))  # no negative lengths
    expanded = nx.DiGraph()
    reached = {("source", 0)}
    for node in nx.topological_sort(drawn):
        for origin, spent in [pair for pair in reached if pair[0] == node]:
            for target, edge in drawn[node].items():
                later = spent + int(edge["time"] + drawn.nodes[target]["time"])
                if later <= bound:
                    length = edge["energy"] + drawn.nodes[target]["energy"] + shift
                    expanded.add_edge((origin, spent), (target, later), weight=length)
                    reached.add((target, later))
    lengths = nx.single_source_dijkstra_path_length(expanded, ("source", 0))
    ends = [length for (node, _), length in lengths.items() if node == "sink"]
    return min(ends) - shift * (graph.layers + 1)


@pytest.mark.parametrize("seed", range(5))
def test_shortest_path_in_the_time_expanded_graph(seed):
    rng = np.random.default_rng(seed)
    shape = (5, 4)
    graph = LayeredGraph(
        rng.integers(1, 9, shape),
        rng.integers(-3, 9, shape),
        rng.integers(0, 3, shape),
        switch_time=rng.integers(0, 3, (3, 3)),
        switch_energy=rng.integers(0, 4, (3, 3)),
        entry_time=[0, 1, 2],
        exit_energy=[0, 3, 0],
    )
    for extra in (0, 2, 6, 50):
        bound = graph.least_time + extra
        assert graph.solve(bound).energy == time_expanded_optimum(graph, bound)


@pytest.mark.parametrize("seed", range(5))
def test_there_and_back_through_networkx(seed):
    rng = np.random.default_rng(seed)
    switch = rng.random((3, 3))
    switch[0, 1] = np.inf
    graph = LayeredGraph(
        *rng.random((2, 6, 5)), rng.integers(0, 3, (6, 5)), switch_time=switch,
        entry_time=rng.random(3), exit_energy=rng.random(3),
    )  # fmt: skip
    bridge = from_networkx(to_networkx(graph))
    frontier, again = graph.frontier(), bridge.graph.frontier()
    np.testing.assert_allclose(again.time, frontier.time, rtol=1e-14)
    np.testing.assert_allclose(again.energy, frontier.energy, rtol=1e-14)
    nodes = bridge.path(again.solution(0).choice)
    assert nodes[0] == "source"
    assert nodes[-1] == "sink"
    assert [option for _, option in nodes[1:-1]] == frontier.solution(0).choice.tolist()


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([], "no nodes"),
        ([("a", "b"), ("b", "a")], "cycle"),
        ([("a", "b"), ("b", "c"), ("a", "c")], "it must lead to the next layer"),
    ],
)
def test_graphs_that_are_not_layered(edges, message):
    with pytest.raises(LayeredGraphError, match=message):
        from_networkx(nx.DiGraph(edges))
    with pytest.raises(LayeredGraphError, match="must be a DiGraph"):
        from_networkx(nx.Graph(edges))


def test_a_node_without_its_layer():
    graph = nx.DiGraph([("a", "b")])
    graph.nodes["a"]["layer"] = 0
    with pytest.raises(LayeredGraphError, match="layer of node 'b' is None"):
        from_networkx(graph)


def test_one_node():
    graph = nx.DiGraph()
    graph.add_node("only", time=2.0, energy=3.0)
    assert from_networkx(graph).graph.solve(2.0).energy == 3.0


MODULES = [module.name for module in pkgutil.iter_modules(dvfs_kernel.layered_graph.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(f"dvfs_kernel.layered_graph.{name}")
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(module, optionflags=options).failed == 0
