"""Every wrong argument is refused by name, with the offending value and what is allowed."""

from __future__ import annotations

import time as clock

import networkx as nx
import numpy as np
import pytest

from dvfs_kernel.errors import (
    DvfsError,
    InfeasibleBoundError,
    LayeredGraphError,
    SearchTooLargeError,
    UnreachableError,
)
from dvfs_kernel.layered_graph import (
    LayeredGraph,
    from_networkx,
    maximise_profit,
    minimise_cost,
    solve_intervals,
    solve_samples,
)

GOOD = {"time": [[4.0, 2.0], [5.0, 1.0]], "energy": [[1.0, 3.0], [2.0, 7.0]]}
STATE = [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"time": [[4, 2], [np.nan, 1]]}, "time of layer 1, option 0 is nan"),
        ({"time": [[4, np.inf], [5, 1]]}, "time of layer 0, option 1 is inf"),
        ({"time": [[4, 2], [5, -1]]}, "time of layer 1, option 1 is -1.0; it must not be"),
        ({"energy": [[1, 3], [2, -np.inf]]}, "energy of layer 1, option 1 is -inf"),
        ({"energy": [[1, 3], [2, 1e200]]}, r"energy of layer 1, option 1 is 1e\+200"),
        ({"time": [[4, 2], []]}, "layer 1 has no options"),
        ({"time": [], "energy": []}, "time has no layers"),
        ({"time": 3}, "time is 3; it must be a 2-D array"),
        ({"time": [4, 2]}, "time of layer 0 has 0 dimensions"),
        ({"time": [["4", "2"], [5, 1]]}, "time of layer 0 is of type"),
        ({"time": [[4j, 2], [5, 1]]}, "time of layer 0 is of type complex128"),
        ({"energy": [[1, 3]]}, "energy has 1 layers; it must have 2"),
        ({"energy": [[1, 3], [2]]}, "energy of layer 1 has 1 options; it must have 2"),
        ({"state": [[0, 1], [0, -1]]}, "state of layer 1, option 1 is -1"),
        ({"state": [[0, 1], [0, 0.5]]}, "state of layer 1 is of type float64"),
        ({"state": STATE, "switch_time": [[0.0]]}, "switching, entry and exit are given"),
        ({"state": STATE, "switch_time": [[0.0, 1.0]]}, "switch_time has shape"),
        ({"state": STATE, "switch_time": [[0, np.nan], [0, 0]]}, r"switch_time\[0, 1\] is nan"),
        ({"state": STATE, "switch_time": [[0, -1], [0, 0]]}, r"switch_time\[0, 1\] is -1.0"),
        ({"state": STATE, "switch_time": np.zeros((3, 2, 2))}, "switch_time has shape"),
        ({"state": STATE, "entry_energy": [0.0, -np.inf]}, r"entry_energy\[1\] is -inf"),
    ],
)
def test_refused(changed, message):
    with pytest.raises(LayeredGraphError, match=message):
        LayeredGraph(**GOOD | changed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bound": np.nan}, "the bound is NaN"),
        ({"bound": 5, "tolerance": -0.1}, "tolerance is -0.1"),
        ({"bound": 5, "tolerance": np.nan}, "tolerance is nan"),
        ({"bound": 5, "time_limit_s": -1}, "time_limit_s is -1"),
    ],
)
def test_refused_questions(arguments, message):
    with pytest.raises(LayeredGraphError, match=message):
        LayeredGraph(**GOOD).solve(**arguments)


def test_other_refused_questions():
    graph = LayeredGraph(**GOOD)
    with pytest.raises(LayeredGraphError, match="count is 0"):
        graph.k_best(5, 0)
    with pytest.raises(LayeredGraphError, match="epsilon is -1"):
        graph.frontier(epsilon=-1)
    with pytest.raises(LayeredGraphError, match="bound is NaN"):
        graph.frontier().at(np.nan)
    with pytest.raises(LayeredGraphError, match="step is 0"):
        graph.shadow_price(5, 0)
    with pytest.raises(LayeredGraphError, match="takes option 2 of layer 1"):
        graph.evaluate([0, 2])
    with pytest.raises(LayeredGraphError, match=r"choice has shape \(1,\)"):
        graph.evaluate([0])
    with pytest.raises(LayeredGraphError, match="choice has shape"):
        graph.evaluate([0.0, 1.0])
    with pytest.raises(LayeredGraphError, match="quantile is 0"):
        solve_samples([[[1.0]]], [[1.0]], 2, quantile=0)
    with pytest.raises(LayeredGraphError, match="none may be"):
        solve_samples([[[-1.0]]], [[1.0]], 2)
    with pytest.raises(LayeredGraphError, match="layers of shapes"):
        solve_samples([[1.0]], [[1.0]], 2)
    with pytest.raises(LayeredGraphError, match="no samples"):
        solve_samples([np.zeros((0, 1))], [[1.0]], 2)
    with pytest.raises(LayeredGraphError, match="budget is -1"):
        solve_intervals([[1.0]], [[1.0]], [[1.0]], 2, budget=-1)
    with pytest.raises(LayeredGraphError, match="margin is 1"):
        solve_intervals([[1.0]], [[1.0]], [[1.0]], 2, margin=1)


def test_infeasible_bounds_say_what_is_possible():
    graph = LayeredGraph(**GOOD)
    for ask in (graph.solve, graph.frontier().at, lambda bound: graph.k_best(bound, 2)):
        with pytest.raises(InfeasibleBoundError, match=r"least possible time is 3\.0") as error:
            ask(2.9)
        assert (error.value.bound, error.value.least_time) == (2.9, 3.0)
        assert isinstance(error.value, DvfsError)
        assert isinstance(error.value, ValueError)
    with pytest.raises(InfeasibleBoundError):
        graph.solve(-np.inf)
    with pytest.raises(InfeasibleBoundError):
        graph.frontier(longest=1)
    with pytest.raises(InfeasibleBoundError, match=r"the most possible is 9\.0"):
        minimise_cost(GOOD["energy"], GOOD["time"], demand=10)
    with pytest.raises(InfeasibleBoundError):
        maximise_profit(GOOD["energy"], GOOD["time"], capacity=2)
    with pytest.raises(InfeasibleBoundError):
        solve_intervals(GOOD["time"], GOOD["time"], GOOD["energy"], 4)
    with pytest.raises(InfeasibleBoundError):
        solve_samples([[[4.0, 2.0]], [[5.0, 1.0]]], GOOD["energy"], 2)


def test_no_way_through():
    with pytest.raises(UnreachableError):
        LayeredGraph(**GOOD, state=[[0, 0], [1, 1]], switch_time=[[0, np.inf], [0, 0]])


def test_extremes_are_answered():
    graph = LayeredGraph(**GOOD)
    assert graph.solve(np.inf).energy == 3
    assert graph.solve(np.inf).choice.tolist() == [0, 0]
    assert LayeredGraph([[0.0]], [[0.0]]).solve(0).energy == 0
    assert LayeredGraph([[0.0, 0.0]] * 3, [[-1.0, -2.0]] * 3).frontier().energy.tolist() == [-6]
    tiny = LayeredGraph([[1e-300, 2e-300]] * 4, [[2e-300, 1e-300]] * 4)
    assert tiny.solve(6e-300).status == "optimal"
    huge = LayeredGraph([[1e149, 2e149]] * 4, [[2e149, 1e149]] * 4)
    assert huge.solve(6e149).energy == pytest.approx(6e149)
    mixed = LayeredGraph([[1e-9, 1e9], [1e9, 1e-9]], [[1e9, 1e-9], [1e-9, 1e9]])
    assert [point.energy for point in mixed.frontier()] == [2e9, 1e9 + 1e-9, 2e-9]


def test_a_million_options():
    rng = np.random.default_rng(1)
    time, energy = rng.random((2, 4, 250_000))
    graph = LayeredGraph(time, energy)
    solution = graph.solve(1.0)
    assert solution.status == "optimal"
    assert graph.evaluate(solution.choice) == (solution.time, solution.energy)
    wide = LayeredGraph(rng.random((1, 1_000_000)), rng.random((1, 1_000_000)))
    assert wide.solve(0.5).status == "optimal"


def test_limits_are_kept_and_the_gap_is_proved():
    rng = np.random.default_rng(2)
    # real numbers, energy nearly a function of time: many near-ties, the hardest kind
    time = rng.random((60, 40)) + 1
    energy = -time + 1e-3 * rng.random((60, 40))
    graph = LayeredGraph(time, energy)
    bound = graph.least_time * 1.2
    graph.solve(bound, tolerance=0.1)  # compile first
    started = clock.monotonic()
    solution = graph.solve(bound, time_limit_s=0.3)
    assert clock.monotonic() - started < 3.0  # the machine may be busy
    assert solution.status in {"time limit", "optimal"}
    assert solution.lower_bound <= solution.energy
    assert graph.evaluate(solution.choice) == (solution.time, solution.energy)
    assert solution.time <= bound
    limited = graph.solve(bound, label_limit=1000)
    assert limited.status == "label limit"
    assert limited.lower_bound <= min(solution.energy, limited.energy)
    assert solution.lower_bound <= limited.energy
    rough = graph.solve(bound, tolerance=1e-3)
    assert rough.gap <= 1e-3 * abs(rough.energy)
    frontier = graph.frontier(time_limit_s=0.3)
    assert frontier.at(bound).energy - frontier.error <= solution.energy


def test_too_many_schedules_for_the_labels_allowed():
    graph = LayeredGraph(*np.random.default_rng(4).random((2, 8, 6)))
    with pytest.raises(SearchTooLargeError, match="label_limit = 10"):
        graph.k_best(graph.least_time + 1, 3000, label_limit=10)


def test_states_without_options():
    assert LayeredGraph(**GOOD, state=STATE, entry_time=[0.0, 0.0, 0.0]).states == 3


def test_costs_so_far_apart_that_prices_overflow():
    graph = LayeredGraph([[1e-150, 2e-150], [1e140, 0.0]], [[1e150, 1.0], [-1e150, 1e-150]])
    assert graph.solve(1.0).choice.tolist() == [1, 1]
    assert graph.solve(np.inf).choice.tolist() == [1, 0]
    assert graph.solve(1e-150).choice.tolist() == [0, 1]
    assert len(graph.frontier()) == 3
    close = LayeredGraph([[1.0, 1.0 + 2.0**-52]] * 3, [[1e150, -1e150]] * 3)
    # 1 + (1 + ulp) is rounded to 2, and with another such option to 3: this keeps the bound, too
    assert close.solve(3.0).choice.tolist() == [0, 1, 1]
    assert close.solve(3.0).energy == pytest.approx(-1e150)
    assert close.solve(4.0).energy == pytest.approx(-3e150)


@pytest.mark.parametrize("attribute", ["nothing", None, [1.0]])
def test_networkx_attributes_that_are_not_numbers(attribute):
    graph = nx.DiGraph()
    graph.add_edge("a", "b", time=attribute)
    with pytest.raises(LayeredGraphError, match="time of the edge from 'a' to 'b' is"):
        from_networkx(graph)
    graph = nx.DiGraph()
    graph.add_node("a", energy=attribute)
    with pytest.raises(LayeredGraphError, match="energy of the node 'a' is"):
        from_networkx(graph)
