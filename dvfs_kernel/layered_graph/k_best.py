"""The k best distinct schedules within one bound on time."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError, SearchTooLargeError
from dvfs_kernel.layered_graph.compact import undominated
from dvfs_kernel.layered_graph.label_search import (
    FINISHED,
    OUT_OF_TIME,
    Ceilings,
    Limits,
    Manner,
)
from dvfs_kernel.layered_graph.labels import set_labels
from dvfs_kernel.layered_graph.potentials import bounds_at
from dvfs_kernel.layered_graph.search_limits import checked_bound, checked_limit
from dvfs_kernel.layered_graph.solution import Solution
from dvfs_kernel.layered_graph.solve import NO_TENTS, price_ladder, solve_until
from dvfs_kernel.layered_graph.trimming import cost_of_path, trace_back, without_hopeless

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph
    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.solution import Status

    Ints = NDArray[np.int64]

__all__ = ["k_best", "k_best_until"]

_FIRST_WIDTH = 1e-5  # of the energy, above the best, for the first search
_LEAST_WIDTH = 2.0**-40  # of all energies: so few searches cover them even so
_WIDER = 4.0


def k_best(
    problem: Prepared, bound: float, count: int, time_limit_s: float | None, label_limit: int
) -> list[Solution]:
    """Find the best distinct schedules (see `LayeredGraph.k_best`)."""
    if count < 1:
        raise LayeredGraphError(f"count is {count}; it must be at least 1")
    deadline_s = clock.monotonic() + checked_limit(time_limit_s)
    bound = checked_bound(problem, bound)
    return k_best_until(problem, bound, count, deadline_s, label_limit)


def k_best_until(
    problem: Prepared, bound: float, count: int, deadline_s: float, label_limit: int
) -> list[Solution]:
    """Find the best distinct schedules within a bound that can be kept, until a deadline.

    Raises
    ------
    SearchTooLargeError
        A limit came first.
    """
    best = solve_until(problem, bound, 0.0, deadline_s, label_limit)
    if best.status != "optimal":
        raise _stopped(count, best.status, label_limit)
    whole, kept = undominated(problem.sorted, count)
    slack_time = problem.slack[0]
    bound = problem.finite(bound)
    bounds, in_time = bounds_at(whole, price_ladder(problem, best.multiplier), deadline_s)
    if not in_time:
        raise _stopped(count, "time limit", label_limit)
    slack_energy = problem.slack_at(bounds.prices)
    most = _most_energy(whole) + problem.slack[1]
    width = max(
        abs(best.energy) * _FIRST_WIDTH,
        problem.lattice.unit,
        4.0 * slack_energy,
        (most - best.energy) * _LEAST_WIDTH,
    )
    while True:
        target = best.energy + width
        ceiling = target + slack_energy + bounds.prices * bound
        trimmed, remaining = without_hopeless(whole, bounds, ceiling, deadline_s)
        limits = Limits(
            bound, slack_time, np.inf, np.inf, 0.0, -np.inf, label_limit, label_limit, deadline_s
        )
        wanted = Ceilings(ceiling, NO_TENTS)
        found = set_labels(trimmed, bounds, wanted, limits, Manner(keep=count))
        if found.status != FINISHED:
            ended: Status = "time limit" if found.status == OUT_OF_TIME else "label limit"
            raise _stopped(count, ended, label_limit)
        within = found.energy <= target
        if within.sum() >= count or target > most:
            break
        width *= _WIDER
    paths = []
    for label in found.label[within].tolist():
        path = np.empty(problem.layers, np.int64)
        trace_back(found.trace, label, path, problem.layers - 1)
        paths.append(_solution(problem, whole, kept, remaining[path]))
    paths.sort(key=lambda solution: (solution.energy, solution.time, solution.choice.tolist()))
    return paths[:count]


def _stopped(count: int, limit: Status, label_limit: int) -> SearchTooLargeError:
    what = f"label_limit = {label_limit}" if limit == "label limit" else "time limit"
    return SearchTooLargeError(
        f"the search for {count} schedules ended by its {what} before all were found; "
        "give it more, or ask for fewer"
    )


def _solution(problem: Prepared, whole: Graph, kept: Ints, path: Ints) -> Solution:
    time, energy = cost_of_path(whole, path)
    choice = problem.order[kept[path]] - problem.first[:-1]
    return Solution(choice, float(time), float(energy), float(energy), "optimal")


def _most_energy(graph: Graph) -> float:
    """Return an energy that no path exceeds."""
    states = graph.entry.shape[1]
    layers = (graph.start.size - 1) // states
    most = float(np.maximum.reduceat(graph.energy, graph.start[:-1:states]).sum())
    for extra, times in ((graph.switch_energy, layers), (graph.entry[1], 1), (graph.leave[1], 1)):
        most += times * float(extra[np.isfinite(extra)].max(initial=0.0))
    return most
