"""The best prices on time and resources: the Lagrangian relaxation in several dimensions.

A mixture of paths that keeps all limits on average has the same least energy as the best prices
prove (A. M. Geoffrion, Mathematical Programming Study 2 (1974) 82–114). It is found by the
simplex method over all paths: there are only as many rows as limits, and the path of least
reduced cost is a shortest one under the current prices (G. B. Dantzig, P. Wolfe, "Decomposition
principle for linear programs", Operations Research 8 (1960) 101–111).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.potentials import OUT_OF_TIME_STATE, backward, tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.budgeted_problem import BudgetedProblem
    from dvfs_kernel.layered_graph.compact import Graph

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["SLACK_MOST", "Relaxation", "priced", "relax"]

SLACK_MOST = 1e270  # rounding error of costs under prices beyond which these are of no use

_STEPS_MOST = 500
_SMALL = 1e-10  # reduced costs below this are rounding


@dataclass(eq=False)
class Relaxation:
    """What the relaxation proves, and the paths met on the way.

    Parameters
    ----------
    feasible
        Whether a mixture of paths keeps all limits; if not, ``prices`` prove it.
    lower
        Least energy, but for rounding.
    prices
        (1 + resources) the best prices on time and resources.
    tried
        Lower bound and prices of the steps.
    paths
        Cheapest paths of the steps.
    """

    feasible: bool
    lower: float
    prices: Floats
    tried: list[tuple[float, Floats]] = field(default_factory=list)
    paths: list[Ints] = field(default_factory=list)


def priced(graph: Graph, resources: Floats, prices: Floats, *, energy: bool = True) -> Graph:
    """Return the graph with the cost of resources in its energies; without energy, only they.

    Parameters
    ----------
    resources
        (options, resources).
    prices
        (resources).
    """
    cost = resources @ prices
    if energy:
        return graph._replace(energy=graph.energy + cost)

    def free(times: Floats) -> Floats:
        return np.where(np.isinf(times), np.inf, 0.0)

    return graph._replace(
        energy=cost,
        switch_energy=free(graph.switch_time),
        entry=np.array([graph.entry[0], free(graph.entry[0])]),
        leave=np.array([graph.leave[0], free(graph.leave[0])]),
    )


class _Pricing:
    """Shortest paths under prices."""

    def __init__(self, graph: Graph, resources: Floats, deadline_s: float) -> None:
        self.graph, self.resources, self.deadline_s = graph, resources, deadline_s
        states = graph.entry.shape[1]
        self.shape = ((graph.start.size - 1) // states, states)
        self.tables = tables(*self.shape)

    def cheapest(self, prices: Floats, *, energy: bool) -> tuple[float, Ints] | None:
        """Return the least cost of a path, and that path; None if time is up."""
        graph = priced(self.graph, self.resources, prices[1:], energy=energy)
        cost, _, _, state = backward(graph, prices[0], 1.0, *self.tables, self.deadline_s)
        if state == OUT_OF_TIME_STATE:
            return None
        path = np.empty(self.shape[0], np.int64)
        for layer in range(path.size):
            path[layer] = self.tables[-2][layer, state]
            state = self.tables[-1][layer, state]
        return cost, path


def relax(problem: BudgetedProblem, limits: Floats, deadline_s: float) -> Relaxation:
    """Find the best prices, or those found before the deadline.

    Parameters
    ----------
    limits
        (1 + resources) on time and on each resource.
    """
    with np.errstate(all="ignore"):  # numbers of any size: what is not finite ends the steps
        return _relax(problem, limits, _Pricing(problem.graph, problem.resources, deadline_s))


def _relax(problem: BudgetedProblem, limits: Floats, pricing: _Pricing) -> Relaxation:
    # counted from the least, as no limit must be negative
    shift = np.concatenate([[0.0], problem.offset])
    right = np.concatenate([limits - shift, [1.0]])
    scale = np.where(right > 0.0, right, 1.0)
    rows = right.size
    basis, amount = np.eye(rows), right / scale
    cost = np.zeros(rows)
    cost[-1] = 1.0  # a phantom path that takes nothing: at first only its share costs
    energies = np.zeros(rows)
    phantom, searching = rows - 1, True
    result = Relaxation(True, -np.inf, np.zeros(rows - 1))
    for _ in range(_STEPS_MOST):
        try:
            dual = np.linalg.solve(basis.T, cost)
        except np.linalg.LinAlgError:
            break
        prices = -dual[:-1]
        if not np.isfinite(prices).all():
            break
        energy, column = 0.0, np.zeros(rows)
        if (prices < -_SMALL * np.abs(prices).max()).any():
            column[prices.argmin()] = 1.0
        else:
            prices = np.maximum(prices, 0.0) / scale[:-1]
            if not float(problem.slack_at(prices)) < SLACK_MOST:
                break
            found = pricing.cheapest(prices, energy=not searching)
            if found is None:
                break
            least, path = found
            result.paths.append(path)
            proved = least - float(prices @ limits)
            if not searching:
                result.tried.append((proved, prices))
                if proved > result.lower:
                    result.lower, result.prices = proved, prices
            reduced = least - float(prices @ shift) - dual[-1]
            if reduced >= -_SMALL * max(abs(dual[-1]), abs(least)):
                if searching:
                    result.feasible, result.lower, result.prices = False, proved, prices
                break
            sums = problem.sums(path)
            energy = sums[0]
            column = np.concatenate([sums[1:] - shift, [1.0]]) / scale
        try:
            change = np.linalg.solve(basis, column)
        except np.linalg.LinAlgError:
            break
        falling = change > 1e-12
        if not (np.isfinite(change).all() and falling.any()):
            break
        ratio = np.where(falling, amount / np.where(falling, change, 1.0), np.inf)
        if phantom >= 0 and falling[phantom] and ratio[phantom] <= ratio.min() * (1 + 1e-12):
            leaving = phantom  # the phantom goes as soon as it can
        else:
            leaving = int(ratio.argmin())
        step = ratio[leaving]
        amount = np.maximum(amount - step * change, 0.0)
        amount[leaving] = step
        basis[:, leaving] = column
        energies[leaving] = energy
        cost[leaving] = 0.0 if searching else energy
        if leaving == phantom:
            phantom, searching = -1, False
            cost = energies.copy()
    return result
