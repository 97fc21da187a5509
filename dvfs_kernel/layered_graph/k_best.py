"""The k best distinct schedules within one bound on time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError, SearchTooLargeError
from dvfs_kernel.layered_graph.compact import undominated
from dvfs_kernel.layered_graph.labels import FINISHED, Limits, set_labels
from dvfs_kernel.layered_graph.potentials import bounds_at
from dvfs_kernel.layered_graph.search_limits import checked_bound
from dvfs_kernel.layered_graph.solution import Solution
from dvfs_kernel.layered_graph.solve import NO_TENTS, price_ladder, solve
from dvfs_kernel.layered_graph.trimming import cost_of_path, trace_back, without_hopeless

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph
    from dvfs_kernel.layered_graph.prepared import Prepared

    Ints = NDArray[np.int64]

__all__ = ["k_best"]

_FIRST_WIDTH = 1e-5  # of the energy, above the best, for the first search
_WIDER = 4.0


def k_best(problem: Prepared, bound: float, count: int, label_limit: int) -> list[Solution]:
    """Find the best distinct schedules (see `LayeredGraph.k_best`)."""
    if count < 1:
        raise LayeredGraphError(f"count is {count}; it must be at least 1")
    bound = checked_bound(problem, bound)
    best = solve(problem, bound, 0.0, None, label_limit)
    whole, kept = undominated(problem.sorted, count)
    slack_time = problem.slack[0]
    bound = problem.finite(bound)
    bounds = bounds_at(whole, price_ladder(problem, best.multiplier))
    slack_energy = problem.slack_at(bounds.prices)
    most = _most_energy(whole)
    width = max(abs(best.energy) * _FIRST_WIDTH, problem.lattice.unit, 4.0 * slack_energy, 1e-300)
    while True:
        target = best.energy + width
        ceiling = target + slack_energy + bounds.prices * bound
        trimmed, remaining = without_hopeless(whole, bounds, ceiling)
        limits = Limits(bound, slack_time, np.inf, np.inf, 0.0, -np.inf, label_limit, np.inf)
        found = set_labels(
            trimmed, bounds, ceiling, NO_TENTS, limits, count, False, 0, 0.0, 0.0, 0.0
        )
        if found.status != FINISHED:
            raise SearchTooLargeError(
                f"the search for {count} schedules would hold more than label_limit = "
                f"{label_limit} partial ones; raise the limit or ask for fewer"
            )
        within = found.energy <= target
        if within.sum() >= count or target > most + slack_energy:
            break
        width *= _WIDER
    paths = []
    for label in found.label[within].tolist():
        path = np.empty(problem.layers, np.int64)
        trace_back(found.trace, label, path, problem.layers - 1)
        paths.append(_solution(problem, whole, kept, remaining[path]))
    paths.sort(key=lambda solution: (solution.energy, solution.time, solution.choice.tolist()))
    return paths[:count]


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
