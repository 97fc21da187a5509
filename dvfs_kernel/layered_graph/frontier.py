"""The least energy for every bound on time at once."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import InfeasibleBoundError, LayeredGraphError
from dvfs_kernel.layered_graph.hull import convex_hull, spread_prices
from dvfs_kernel.layered_graph.label_search import (
    FINISHED,
    OUT_OF_TIME,
    Ceilings,
    Limits,
    Manner,
)
from dvfs_kernel.layered_graph.labels import set_labels
from dvfs_kernel.layered_graph.potentials import bounds_at, follow
from dvfs_kernel.layered_graph.solution import Solution
from dvfs_kernel.layered_graph.trimming import (
    cost_of_path,
    sums_at_prices,
    sums_of_completions,
    trace_back,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Bounds
    from dvfs_kernel.layered_graph.label_search import Search
    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.resources import Resources
    from dvfs_kernel.layered_graph.solution import Status

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Frontier", "frontier"]

_NO_LINES = np.empty(0)
_HULL_MOST = 2048  # vertices looked for
_PRICES = 64  # at which labels are bounded
_TABLE_MOST = 4_000_000  # (layer, state, price) entries of the bounds
_BUCKETS = 1 << 14  # of time, for schedules found on the way
_STRETCHES = 1200.0  # into which the thinned search divides the time
_HULL_SHARE = 0.25  # of the time, at most, for the hull
_LAST_S = 0.05  # behind the deadline, for the sums of schedules that were found
_AT_PRICE, _QUICKEST = -1, -2  # in place of a label
_STEEPEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, eq=False)
class Frontier:
    """Schedules of which none is both quicker and more frugal than another.

    Parameters
    ----------
    time, energy
        (points,) by time: times rise, energies fall.
    error
        At any bound, the least possible energy is at most this much below the frontier's;
        0: the frontier is exact.
    status
        Why the search ended: ``"optimal"``, ``"tolerance"`` (what ``epsilon`` allows),
        ``"time limit"`` or ``"label limit"``.
    """

    time: Floats
    energy: Floats
    error: float
    status: Status
    _problem: Prepared = field(repr=False)
    _origin: Ints = field(repr=False)
    _searches: tuple[Search, ...] = field(repr=False)
    _bounds: Bounds | None = field(repr=False)
    _resources: Resources | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return int(self.time.size)

    def __iter__(self) -> Iterator[Solution]:
        """Yield the solutions of all points, by time."""
        return (self.solution(index) for index in range(len(self)))

    def solution(self, index: int) -> Solution:
        """Return the schedule of one point; its multiplier is the slope towards the next one."""
        after = range(len(self))[index] + 1  # counted from the end if negative, as in a list
        multiplier = 0.0
        if after < len(self):
            saved = float(self.energy[index] - self.energy[after])
            multiplier = min(saved / float(self.time[after] - self.time[index]), _STEEPEST)
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
            "optimal" if self.error == 0.0 else self.status,
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
    problem: Prepared, searches: tuple[Search, ...], bounds: Bounds | None, origin: Ints
) -> Ints:
    """Return the path of a point.

    Its origin is a label and where that is, by search, layer, state and price, in one number; or
    no label, but the price whose cheapest path it is; or the quickest path.
    """
    label, place = origin.tolist()
    if label == _QUICKEST or bounds is None:
        return problem.quickest
    path = np.empty(problem.layers, np.int64)
    _, states, prices = bounds.after.shape
    place, price = divmod(place, prices)
    place, state = divmod(place, states)
    if label == _AT_PRICE:
        follow(bounds, price, 0, state, path)
        return path
    search, layer = divmod(place, problem.layers)
    trace_back(searches[search].trace, label, path, layer)
    if layer + 1 < problem.layers:
        follow(bounds, price, layer + 1, bounds.following[layer, state, price], path)
    return path


class _Points:
    """Schedules found so far, without the dominated ones, and where each comes from."""

    def __init__(self, time: Floats, energy: Floats, origin: Ints) -> None:
        self.time, self.energy, self.origin = time, energy, origin

    def add(self, time: Floats, energy: Floats, origin: Ints) -> None:
        """Add points; of equal ones the first added stays."""
        time = np.concatenate([self.time, time])
        energy = np.concatenate([self.energy, energy])
        # sorted runs one after the other: a stable sort merges them
        order = np.argsort(time, kind="stable")
        lowest = np.minimum.accumulate(energy[order])
        order = order[np.concatenate([[True], energy[order][1:] < lowest[:-1]])]
        # of those at one time the last has least energy
        order = order[np.concatenate([np.diff(time[order]) > 0.0, [True]])]
        self.time, self.energy = time[order], energy[order]
        self.origin = np.concatenate([self.origin, origin])[order]

    def corners(self, latest: float) -> tuple[Floats, Floats]:
        """Return times and energies of the corners that another point may lie under."""
        return (
            np.concatenate([self.time, [latest]]),
            np.concatenate([self.energy[:1], self.energy]),
        )


class _Bracketing:
    """Search between the lower convex hull and the points found so far.

    ``bounds`` is None if there was no time to find any.
    """

    def __init__(
        self,
        problem: Prepared,
        longest: float,
        deadline_s: float,
        label_limit: int,
        resources: Resources | None,
    ) -> None:
        self.problem, self.resources = problem, resources
        self.deadline_s, self.label_limit = deadline_s, label_limit
        self.longest = problem.finite(longest)
        self.bounds: Bounds | None = None
        self.searches: list[Search] = []
        time, energy = cost_of_path(problem.graph, problem.quickest)
        self.points = _Points(np.array([time]), np.array([energy]), np.array([[_QUICKEST, 0]]))
        now_s = clock.monotonic()
        until_s = min(now_s + _HULL_SHARE * (deadline_s - now_s), deadline_s)
        hull = convex_hull(problem.graph, _HULL_MOST, until_s)
        if not hull.size:
            return
        self.first, self.last = hull[0, 0], min(hull[-1, 0], self.longest)
        count = min(_PRICES, max(_TABLE_MOST // (problem.layers * problem.states), 8))
        prices, self.times = spread_prices(
            hull, count, problem.price_most, problem.price_of_everything
        )
        bounds, in_time = bounds_at(problem.graph, prices, deadline_s)
        if in_time:
            self._add_prices(bounds)
            self.bounds = bounds

    def _add_prices(self, bounds: Bounds) -> None:
        """Add the cheapest schedule at every price."""
        prices = bounds.prices
        entry_time, entry_energy = self.problem.graph.entry
        allowed = np.isfinite(entry_time)  # the others' times are infinite, also at a price of 0
        least = (
            bounds.arrival[0]
            + np.where(allowed, entry_energy, np.inf)[:, None]
            + prices * np.where(allowed, entry_time, 0.0)[:, None]
        )
        states = least.argmin(axis=0)
        slack_time, slack_energy = self.problem.slack
        self.slack = slack_energy + prices * slack_time
        self.least = least.min(axis=0) - self.slack
        origin = np.empty((prices.size, 2), np.int64)
        origin[:, 0], origin[:, 1] = _AT_PRICE, states * prices.size + np.arange(prices.size)
        time, energy = sums_at_prices(self.problem.graph, bounds, states)
        kept = time <= self.longest
        self.points.add(time[kept], energy[kept], origin[kept])

    def ceilings(self, bounds: Bounds, epsilon: float) -> Floats:
        """Return (prices − 1, 2) the most cost that a path under a corner can have."""
        prices = bounds.prices
        time, energy = self.points.corners(self.longest)
        tent = np.clip(np.searchsorted(self.times, time) - 1, 0, prices.size - 2)
        ceiling = np.full((prices.size - 1, 2), -np.inf)
        for side in range(2):
            price = tent + side
            cost = energy - epsilon + prices[price] * time + self.slack[price]
            np.maximum.at(ceiling[:, side], tent, cost)
        return ceiling

    def error(self) -> float:
        """Return by how much the points may lie above the least energies."""
        if self.bounds is None:
            return max(float(self.points.energy[0]) - self.problem.least_energy, 0.0)
        time, energy = self.points.corners(self.longest)
        below = np.full(time.size, self.problem.least_energy)
        for price, least in zip(self.bounds.prices.tolist(), self.least.tolist(), strict=True):
            np.maximum(below, least - price * time, out=below)
        return float(np.maximum(energy - below, 0.0)[1:].max())

    def search(self, epsilon: float, *, thinned: bool) -> int:
        """Search once, for all labels or for the best of each stretch of time; tell the status."""
        bounds, problem = self.bounds, self.problem
        if bounds is None:
            return OUT_OF_TIME
        limits = Limits(
            self.longest,
            problem.slack[0],
            np.inf,
            np.inf,
            0.0,
            -np.inf,
            self.label_limit,
            # half of what a label stands for are the traces that are kept
            self.label_limit - sum(search.trace.size // 2 for search in self.searches),
            self.deadline_s,
        )
        manner = Manner(sample_start=self.first, sample_end=self.last)
        if thinned:
            stretch = (self.last - self.first) / _STRETCHES
            manner = manner._replace(thin=stretch, buckets=_BUCKETS)
        wanted = Ceilings(_NO_LINES, self.ceilings(bounds, epsilon))
        found = set_labels(problem.graph, bounds, wanted, limits, manner)
        sampled = found.sample.origin[:, 1]
        used = max(int(found.layer_start.max()), int(sampled.max(initial=-1)) + 1)
        found = found._replace(trace=found.trace[:used])
        number = len(self.searches)
        self.searches.append(found)
        self._add_sample(bounds, found, number)
        if found.status == FINISHED:
            last = (number + 1) * problem.layers - 1
            origin = np.empty((found.time.size, 2), np.int64)
            origin[:, 0] = found.label
            origin[:, 1] = last * problem.states * bounds.prices.size
            if not thinned and epsilon == 0.0:  # this search is complete by itself
                self.points = _Points(found.time, found.energy, origin)
            else:
                self.points.add(found.time, found.energy, origin)
        return int(found.status)

    def _add_sample(self, bounds: Bounds, found: Search, number: int) -> None:
        """Add completions that a search met, with sums in the defining order."""
        taken = np.flatnonzero(found.sample.time < np.inf)
        lowest = np.minimum.accumulate(found.sample.energy[taken])
        taken = taken[np.diff(lowest, prepend=np.inf) < 0.0]
        rows = found.sample.origin[taken]
        now_s = clock.monotonic()
        until_s = max(self.deadline_s, now_s + _LAST_S)
        time, energy = sums_of_completions(self.problem.graph, bounds, found.trace, rows, until_s)
        kept = time <= self.longest
        layer, label, state, price = rows[kept].T
        place = (number * self.problem.layers + layer) * self.problem.states + state
        origin = np.column_stack([label, place * bounds.prices.size + price])
        self.points.add(time[kept], energy[kept], origin)

    def result(self, error: float, status: Status) -> Frontier:
        """Return the points."""
        points = self.points
        return Frontier(
            points.time, points.energy, error, "optimal" if error == 0.0 else status,
            self.problem, points.origin, tuple(self.searches), self.bounds, self.resources,
        )  # fmt: skip


def frontier(
    problem: Prepared,
    epsilon: float,
    longest: float,
    deadline_s: float,
    label_limit: int,
    resources: Resources | None = None,
) -> Frontier:
    """Find the frontier up to a bound that can be kept (see `LayeredGraph.frontier`)."""
    bracketing = _Bracketing(problem, longest, deadline_s, label_limit, resources)
    for thinned in (True, False):
        if epsilon > 0.0 and bracketing.error() <= epsilon:
            return bracketing.result(bracketing.error(), "tolerance")
        status = bracketing.search(epsilon, thinned=thinned)
        if status != FINISHED:
            ended: Status = "time limit" if status == OUT_OF_TIME else "label limit"
            return bracketing.result(bracketing.error(), ended)
    # The last search was for all labels: what it left out is worth no more than epsilon.
    error = min(epsilon, bracketing.error()) if epsilon > 0.0 else 0.0
    return bracketing.result(error, "tolerance")
