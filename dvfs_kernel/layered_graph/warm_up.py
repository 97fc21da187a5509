"""Loads the solver's compiled code, or compiles it, before it is wanted."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.problem import LayeredGraph

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["warm_up", "warming_up"]

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


@contextmanager
def warming_up(*, budgets: bool = False) -> Iterator[None]:
    """Warm up in a thread while a block runs that waits for other processes.

    The block's end waits for the thread, and raises what went wrong in it. A block that raises does
    not wait: Ctrl-C would take half a minute otherwise, and nothing is left that needs the solver.
    """
    failures: list[Exception] = []

    def work() -> None:
        try:
            warm_up(budgets=budgets)
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits for the thread
            failures.append(error)

    thread = Thread(target=work, name="dvfs-warm-up", daemon=True)
    thread.start()
    yield
    thread.join()
    if failures:
        raise failures[0]
