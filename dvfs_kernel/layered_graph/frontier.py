"""The least energy for every bound on time at once."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import InfeasibleBoundError, LayeredGraphError
from dvfs_kernel.layered_graph.hull import convex_hull, spread_prices
from dvfs_kernel.layered_graph.labels import FINISHED, Limits, set_labels
from dvfs_kernel.layered_graph.potentials import bounds_at, follow
from dvfs_kernel.layered_graph.search_limits import checked_bound, checked_limit
from dvfs_kernel.layered_graph.solution import Solution
from dvfs_kernel.layered_graph.trimming import cost_of_path, trace_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Bounds
    from dvfs_kernel.layered_graph.labels import Search
    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.resources import Resources

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Frontier", "frontier"]

_NO_LINES = np.empty(0)
_HULL_MOST = 2048  # vertices looked for
_PRICES = 64  # at which labels are bounded
_TABLE_MOST = 4_000_000  # (layer, state, price) entries of the bounds
_BUCKETS = 1 << 14  # of time, for schedules found on the way
_STRETCHES = (1200.0,)  # into which the thinned searches divide the time


@dataclass(frozen=True, eq=False)
class Frontier:
    """Schedules of which none is both quicker and more frugal than another.

    Parameters
    ----------
    time, energy
        (points,) by time: times rise, energies fall.
    error
        At any bound, the least possible energy is at most this much below the frontier's;
        0: the frontier is exact. With an error, points whose times differ by the rounding of a sum
        alone count as one: at a bound between them it holds for the later one.
    """

    time: Floats
    energy: Floats
    error: float
    _problem: Prepared = field(repr=False)
    _origin: Ints = field(repr=False)
    _searches: tuple[Search, ...] = field(repr=False)
    _bounds: Bounds = field(repr=False)
    _resources: Resources | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return int(self.time.size)

    def __iter__(self) -> Iterator[Solution]:
        """Yield the solutions of all points, by time."""
        return (self.solution(index) for index in range(len(self)))

    def solution(self, index: int) -> Solution:
        """Return the schedule of one point; its multiplier is the slope towards the next one."""
        after = min(index + 1, len(self) - 1) if index >= 0 else index
        multiplier = 0.0
        if after != index and index + 1 < len(self):
            saved = self.energy[index] - self.energy[after]
            multiplier = float(saved / (self.time[after] - self.time[index]))
        energy = float(self.energy[index])
        choice = self._choice(index)
        taken = {}
        if self._resources is not None:
            taken = self._resources.totals(self._problem.places(choice))
        return Solution(
            choice,
            float(self.time[index]),
            energy,
            energy - self.error,
            "optimal" if self.error == 0.0 else "tolerance",
            multiplier,
            taken,
        )

    def at(self, bound: float) -> Solution:
        """Return the schedule of least energy within a bound on time.

        Raises
        ------
        InfeasibleBoundError
            No schedule keeps the bound.
        """
        if np.isnan(bound):
            raise LayeredGraphError("the bound is NaN; it must be a number, or inf for none")
        index = int(np.searchsorted(self.time, bound, side="right")) - 1
        if index < 0:
            raise InfeasibleBoundError(float(bound), self._least_time)
        return self.solution(index)

    def choices(self) -> Ints:
        """Return the (points, layers) options of all schedules."""
        return np.array([self._choice(index) for index in range(len(self))])

    @property
    def _least_time(self) -> float:
        return self._problem.least_time

    def _choice(self, index: int) -> Ints:
        origin = self._origin[index]
        return self._problem.choice(path_from(self._problem, self._searches, self._bounds, origin))


def path_from(
    problem: Prepared, searches: tuple[Search, ...], bounds: Bounds, origin: Ints
) -> Ints:
    """Return the path of a point, whose origin is (search, layer, label, state, price)."""
    path = np.empty(problem.layers, np.int64)
    search, layer, label, state, price = origin.tolist()
    if layer >= 0:
        trace_back(searches[search].trace, label, path, layer)
        state = -1 if layer + 1 == problem.layers else bounds.following[layer, state, price]
    if layer + 1 < problem.layers:
        follow(bounds, price, layer + 1, state, path)
    return path


class _Points:
    """Schedules found so far, without the dominated ones, and where each comes from."""

    def __init__(self, time: Floats, energy: Floats, origin: Ints) -> None:
        self.time, self.energy, self.origin = time, energy, origin

    @classmethod
    def none(cls) -> _Points:
        """Return no points yet."""
        return cls(np.empty(0), np.empty(0), np.empty((0, 5), np.int64))

    def add(self, time: Floats, energy: Floats, origin: Ints) -> None:
        """Add points; of equal ones the first added stays."""
        time = np.concatenate([self.time, time])
        energy = np.concatenate([self.energy, energy])
        order = np.lexsort((energy, time))
        lowest = np.minimum.accumulate(energy[order])
        better = np.concatenate([[True], energy[order][1:] < lowest[:-1]])
        order = order[better]
        self.time, self.energy = time[order], energy[order]
        self.origin = np.concatenate([self.origin, origin])[order]

    def corners(self, longest: float) -> tuple[Floats, Floats]:
        """Return times and energies of the corners that another point may lie under."""
        return (
            np.concatenate([self.time[:1], self.time[1:], [max(self.time[-1], longest)]]),
            np.concatenate([self.energy[:1], self.energy[:-1], self.energy[-1:]]),
        )


class _Bracketing:
    """Search between the lower convex hull and the points found so far."""

    def __init__(self, problem: Prepared, longest: float, resources: Resources | None) -> None:
        self.problem, self.longest, self.resources = problem, longest, resources
        self.slack_time, slack_energy = problem.slack
        whole = problem.graph
        hull = convex_hull(whole, _HULL_MOST)
        self.first, self.last = hull[0, 0], min(hull[-1, 0], longest)
        count = min(_PRICES, max(_TABLE_MOST // (problem.layers * problem.states), 8))
        prices, self.times = spread_prices(hull, count, problem.affordable(np.array([np.inf]))[0])
        self.bounds = bounds_at(whole, prices)
        time, energy = whole.entry
        allowed = np.isfinite(time)  # the others' times are infinite, also at a price of 0
        self.least = (
            self.bounds.arrival[0]
            + np.where(allowed, energy, np.inf)[:, None]
            + prices * np.where(allowed, time, 0.0)[:, None]
        )
        self.states = self.least.argmin(axis=0)
        self.least = self.least.min(axis=0)
        self.slack = slack_energy + prices * self.slack_time
        self.points = _Points.none()
        self.searches: list[Search] = []
        self._add_prices()

    def _add_prices(self) -> None:
        """Add the cheapest schedule at every price, and the quickest."""
        rows = [[0, -1, 0, state, price] for price, state in enumerate(self.states.tolist())]
        costs = []
        for row in rows:
            path = path_from(self.problem, (), self.bounds, np.array(row))
            costs.append(cost_of_path(self.problem.graph, path))
        cost, origin = np.array(costs), np.array(rows)
        kept = cost[:, 0] <= self.longest
        self.points.add(cost[kept, 0], cost[kept, 1], origin[kept])

    def ceilings(self, epsilon: float) -> Floats:
        """Return (prices − 1, 2) the most cost that a path under a corner can have."""
        prices = self.bounds.prices
        time, energy = self.points.corners(self.last)
        tent = np.clip(np.searchsorted(self.times, time) - 1, 0, prices.size - 2)
        ceiling = np.full((prices.size - 1, 2), -np.inf)
        for side in range(2):
            price = tent + side
            cost = energy - epsilon + prices[price] * time + self.slack[price]
            np.maximum.at(ceiling[:, side], tent, cost)
        return ceiling

    def error(self) -> float:
        """Return by how much the points may lie above the least energies."""
        time, energy = self.points.corners(self.last)
        below = np.full(time.size, -np.inf)
        for price, least, slack in zip(
            self.bounds.prices.tolist(), self.least.tolist(), self.slack.tolist(), strict=True
        ):
            np.maximum(below, least - slack - price * time, out=below)
        return float(np.maximum(energy - below, 0.0)[1:].max())

    def search(self, epsilon: float, stretches: float, label_limit: int, deadline_s: float) -> int:
        """Search once, thinned unless ``stretches`` is 0; return the status."""
        limits = Limits(
            self.longest, self.slack_time, np.inf, np.inf, 0.0, -np.inf, label_limit, deadline_s
        )
        width = (self.last - self.first) / stretches if stretches else 0.0
        found = set_labels(
            self.problem.graph, self.bounds, _NO_LINES, self.ceilings(epsilon), limits,
            1, False, _BUCKETS if stretches else 0, self.first, self.last, width,
        )  # fmt: skip
        number = len(self.searches)
        self.searches.append(found)
        taken = found.sample_time <= self.longest - self.slack_time
        origin = np.empty((int(taken.sum()), 5), np.int64)
        origin[:, 0] = number
        origin[:, 1:] = found.sample[taken]
        self.points.add(found.sample_time[taken], found.sample_energy[taken], origin)
        if found.status == FINISHED:
            origin = np.zeros((found.time.size, 5), np.int64)
            origin[:, 0], origin[:, 1] = number, self.problem.layers - 1
            origin[:, 2] = found.label
            if not stretches and epsilon == 0.0:  # this search is complete by itself
                self.points = _Points(found.time, found.energy, origin)
            else:
                self.points.add(found.time, found.energy, origin)
        return int(found.status)

    def result(self, error: float) -> Frontier:
        """Return the points with their times and energies summed in the defining order."""
        points = self.points
        if (points.origin[:, 1] != self.problem.layers - 1).any():
            whole, searches = self.problem.graph, tuple(self.searches)
            costs = np.array(
                [
                    cost_of_path(whole, path_from(self.problem, searches, self.bounds, origin))
                    for origin in points.origin
                ]
            )
            error += self.problem.slack[1] if error else 0.0
            points = _Points.none()
            kept = costs[:, 0] <= self.longest
            points.add(costs[kept, 0], costs[kept, 1], self.points.origin[kept])
        return Frontier(
            points.time, points.energy, error,
            self.problem, points.origin, tuple(self.searches), self.bounds, self.resources,
        )  # fmt: skip


def frontier(
    problem: Prepared,
    epsilon: float,
    longest: float,
    time_limit_s: float | None,
    label_limit: int,
    resources: Resources | None = None,
) -> Frontier:
    """Find the frontier (see `LayeredGraph.frontier`)."""
    started = clock.monotonic()
    if not epsilon >= 0.0:
        raise LayeredGraphError(f"epsilon is {epsilon}; it must not be negative")
    longest = checked_bound(problem, longest)
    deadline_s = started + checked_limit(time_limit_s)
    bracketing = _Bracketing(problem, longest, resources)
    for stretches in _STRETCHES:
        if epsilon > 0.0 and bracketing.error() <= epsilon:
            return bracketing.result(bracketing.error())
        if bracketing.search(epsilon, stretches, label_limit, deadline_s) != FINISHED:
            return bracketing.result(bracketing.error())
    if bracketing.search(epsilon, 0.0, label_limit, deadline_s) != FINISHED:
        return bracketing.result(bracketing.error())
    return bracketing.result(min(epsilon, bracketing.error()) if epsilon > 0.0 else 0.0)
