"""Loads the solver's compiled code, or compiles it, before it is wanted."""

from __future__ import annotations

import numpy as np

from dvfs_kernel.layered_graph.problem import LayeredGraph

__all__ = ["warm_up"]

_LAYERS, _OPTIONS, _STATES = 6, 8, 3


def warm_up(*, budgets: bool = False) -> None:
    """Solve a made-up instance for one bound and for all; if wanted, with budgets, too.

    The first call after an installation compiles, which takes half a minute of one core; in a
    thread it can do so while other processes work. Later ones load the code from disk.
    """
    random = np.random.default_rng(0)
    shape = (_STATES, _STATES)
    costs = 0.1 * (1 - np.eye(_STATES))
    graph = LayeredGraph(
        random.uniform(1, 2, (_LAYERS, _OPTIONS)),
        random.uniform(1, 2, (_LAYERS, _OPTIONS)),
        random.integers(0, _STATES, (_LAYERS, _OPTIONS)),
        switch_time=costs,
        switch_energy=costs * random.uniform(0.5, 1.5, shape),
        entry_time=np.full(_STATES, 0.1),
        entry_energy=np.full(_STATES, 0.1),
        resources={"flash": random.integers(1, 9, (_LAYERS, _OPTIONS))},
    )
    plain = LayeredGraph(
        random.uniform(1, 2, (_LAYERS, _OPTIONS)), random.uniform(1, 2, (_LAYERS, _OPTIONS))
    )
    graph.frontier()
    for one in (graph, plain):
        one.solve(1.4 * _LAYERS)
    if budgets:
        graph.solve(1.8 * _LAYERS, budgets={"flash": 3 * _LAYERS})
