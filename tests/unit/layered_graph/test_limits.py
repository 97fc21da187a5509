"""Limits on time and memory hold on instances far too large for them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dvfs_kernel.errors import SearchTooLargeError
from dvfs_kernel.layered_graph import LayeredGraph, solve_intervals, solve_samples
from dvfs_kernel.layered_graph.warm_up import warm_up

LIMIT_S = 0.3
MOST_S = 1.1 * LIMIT_S + 0.2  # of processor time, which other work on the machine does not take
BUSY_S = 20.0  # what a busy machine may add until it is looked at the clock


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    warm_up(budgets=True)
    graph = LayeredGraph([[1, 2]] * 3, [[2, 1]] * 3)
    graph.k_best(4, 2)
    graph.frontier(epsilon=0.5)


def layered(layers, options, states, **more):
    """Return a graph whose options are hardly dominated, with costs of its own at each boundary."""
    rng = np.random.default_rng([layers, options, states])
    time = rng.random((layers, options)) + 0.1
    energy = 3.0 - time + 1e-3 * rng.random(time.shape)
    switch = 0.01 * rng.random((2, layers - 1, states, states))
    return LayeredGraph(
        time,
        energy,
        rng.integers(0, states, time.shape),
        switch_time=switch[0],
        switch_energy=switch[1],
        **{name: make(time, rng) for name, make in more.items()},
    )


def resources(time, rng):
    return {"flash": rng.random(time.shape), "loss": time + rng.random(time.shape)}


GRAPHS = {
    "deep": lambda: layered(2000, 40, 6),
    "many states": lambda: layered(150, 300, 150),
    "wide": lambda: layered(30, 4000, 2),
}


@pytest.mark.parametrize("which", GRAPHS)
def test_questions_about_large_graphs_end_in_time(which):
    graph = GRAPHS[which]()
    bound = graph.least_time + 0.3 * graph.layers
    limits = {"time_limit_s": LIMIT_S}
    asked = {
        "solve": lambda: graph.solve(bound, **limits),
        "frontier": lambda: graph.frontier(**limits),
        "close frontier": lambda: graph.frontier(epsilon=1e-6, **limits),
        "k best": lambda: graph.k_best(bound, 200, **limits),
    }
    for name, ask in asked.items():
        in_time(name, ask)


def test_searches_with_budgets_end_in_time():
    graph = layered(300, 60, 8, resources=resources)
    budgets = {"flash": 0.45 * 300, "loss": 1.1 * 300}
    bound = graph.least_time + 0.3 * graph.layers
    limits = {"time_limit_s": LIMIT_S}
    in_time("solve", lambda: graph.solve(bound, budgets=budgets, **limits))
    in_time("frontier", lambda: graph.frontier(budgets=budgets, **limits))


def test_robust_forms_end_in_time():
    rng = np.random.default_rng(0)
    time, energy, deviation = rng.random((3, 80, 40))
    bound = 0.3 * 80
    limits = {"time_limit_s": LIMIT_S}
    in_time(
        "intervals", lambda: solve_intervals(time, deviation, energy, bound, budget=9, **limits)
    )
    samples = time[:, None] + 0.1 * rng.random((80, 20, 40))
    in_time("samples", lambda: solve_samples(samples, energy, bound, quantile=0.9, **limits))


def in_time(name, ask):
    busy, begun = time.process_time(), time.monotonic()
    with contextlib.suppress(SearchTooLargeError):  # nothing was found so soon
        ask()
    assert time.process_time() - busy <= MOST_S, name
    assert time.monotonic() - begun <= MOST_S + BUSY_S, name


MEASURE = """
import json, sys
from pathlib import Path
import numpy as np
from dvfs_kernel.layered_graph import LayeredGraph
from dvfs_kernel.layered_graph.warm_up import warm_up

def peak_mib():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024

warm_up()
rng = np.random.default_rng(0)
time = rng.random((120, 40)) + 0.1
graph = LayeredGraph(time, 3.0 - time + 1e-2 * rng.random(time.shape))
before = peak_mib()
frontier = graph.frontier(label_limit=int(sys.argv[1]))
print(json.dumps([frontier.status, peak_mib() - before]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_search_takes_no_more_memory_than_its_labels_stand_for():
    labels = 6_000_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(labels)], check=True, capture_output=True, text=True
    )
    status, taken_mib = json.loads(done.stdout)
    assert status == "label limit"
    # beside the labels: the bounds, and what the allocator keeps
    assert taken_mib <= 1.1 * labels * 16 / 2**20 + 40


def test_a_frontier_says_which_limit_ended_it():
    graph = layered(40, 30, 4)
    assert graph.frontier(label_limit=1000).status == "label limit"
    assert graph.frontier(label_limit=1000).solution(0).status == "label limit"
    assert graph.frontier(time_limit_s=0.0).status == "time limit"
    small = LayeredGraph([[1, 2]] * 3, [[2, 1]] * 3)
    assert small.frontier().status == small.frontier().solution(0).status == "optimal"
    assert small.frontier(epsilon=1.5).status == "tolerance"


def test_points_counted_from_the_end_are_the_same_points():
    frontier = LayeredGraph([[1.0, 2.0, 3.0]] * 2, [[9.0, 5.0, 1.0]] * 2).frontier()
    for index in range(len(frontier)):
        ahead, behind = frontier.solution(index), frontier.solution(index - len(frontier))
        assert (ahead.energy, ahead.multiplier) == (behind.energy, behind.multiplier)
    with pytest.raises(IndexError):
        frontier.solution(len(frontier))


def test_k_best_ends_with_what_limit_it_had():
    graph = layered(60, 30, 3)
    with pytest.raises(SearchTooLargeError, match="200 schedules ended by its time limit"):
        graph.k_best(graph.least_time * 1.5, 200, time_limit_s=0.0)
    with pytest.raises(SearchTooLargeError, match="label_limit = 50"):
        graph.k_best(graph.least_time * 1.5, 200, label_limit=50)
