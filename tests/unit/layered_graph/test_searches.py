"""Ways through the searches that small problems do not take by themselves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dvfs_kernel.layered_graph import LayeredGraph

PACKAGE = "dvfs_kernel.layered_graph"


def clocked(seed, layers, options, states, *, whole):
    """Return a graph whose faster states need more energy, with a price for changing them."""
    rng = np.random.default_rng(seed)
    state = rng.integers(0, states, (layers, options))
    work = rng.lognormal(0, 0.6, (layers, 1)) * (1 + 0.2 * rng.random((layers, options)))
    time = work / (1 + state)
    energy = work * (1 + 0.4 * state**1.5)
    switch_time = 0.05 * (1 - np.eye(states))
    switch_energy = 0.03 * rng.random((states, states)) * (1 - np.eye(states))
    arrays = [time, energy, switch_time, switch_energy]
    if whole:
        arrays = [np.rint(array * 100) for array in arrays]
    time, energy, switch_time, switch_energy = arrays
    return LayeredGraph(time, energy, state, switch_time=switch_time, switch_energy=switch_energy)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_thinned_searches_do_not_change_the_optimum(monkeypatch, seed, whole):
    graph = clocked(seed, 25, 14, 4, whole=whole)
    bounds = graph.least_time * np.array([1.02, 1.2, 1.7])
    plain = [graph.solve(bound) for bound in bounds]
    monkeypatch.setattr(f"{PACKAGE}.solve._TRIAL_LABELS", 5)
    for bound, before in zip(bounds, plain, strict=True):
        after = graph.solve(bound)
        assert after.status == before.status == "optimal"
        assert after.energy == before.energy


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_one_bound_and_frontier_agree(seed, whole):
    graph = clocked(seed, 20, 12, 5, whole=whole)
    points = graph.frontier()
    for bound in np.linspace(points.time[0], points.time[-1], 25):
        assert graph.solve(bound).energy == points.at(bound).energy


def test_thinning_does_not_change_the_frontier(monkeypatch):
    graph = clocked(1, 20, 12, 5, whole=False)
    before = graph.frontier()
    for stretches, prices in ((1.0, 80), (3.0, 8), (5000.0, 200)):
        monkeypatch.setattr(f"{PACKAGE}.frontier._STRETCHES", stretches)
        monkeypatch.setattr(f"{PACKAGE}.frontier._PRICES", prices)
        after = graph.frontier()
        np.testing.assert_array_equal(after.time, before.time)
        np.testing.assert_array_equal(after.energy, before.energy)


def test_a_frontier_cut_short_says_how_far_off_it_is():
    graph = clocked(2, 40, 20, 5, whole=False)
    exact = graph.frontier()
    for limits in ({"label_limit": 2000}, {"label_limit": 20_000}, {"time_limit_s": 0.0}):
        rough = graph.frontier(**limits)
        assert rough.error > 0
        for bound in np.linspace(exact.time[0], exact.time[-1], 40):
            least = exact.at(bound).energy
            assert least <= rough.at(bound).energy <= least + rough.error + 1e-12
        point = rough.solution(len(rough) // 2)
        assert graph.evaluate(point.choice) == (point.time, point.energy)


def test_many_states_with_costs_of_their_own():
    rng = np.random.default_rng(8)
    states = 20
    graph = LayeredGraph(
        *rng.random((2, 12, 40)),
        rng.integers(0, states, (12, 40)),
        switch_time=0.2 * rng.random((11, states, states)),
        switch_energy=0.2 * rng.random((11, states, states)),
    )
    points = graph.frontier()
    for index in range(0, len(points), 29):
        assert graph.solve(points.time[index]).energy == points.energy[index]
    several = graph.k_best(points.time[10], 30)
    assert several[0].energy == points.energy[10]
    assert all(a.energy <= b.energy for a, b in itertools.pairwise(several))
