"""The best schedule within one bound on time, with a certificate."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError
from dvfs_kernel.layered_graph.core import core_first, in_order, with_break_path
from dvfs_kernel.layered_graph.label_search import (
    OUT_OF_LABELS,
    OUT_OF_TIME,
    Ceilings,
    Limits,
    Manner,
)
from dvfs_kernel.layered_graph.labels import set_labels
from dvfs_kernel.layered_graph.potentials import bounds_at, steepest_price
from dvfs_kernel.layered_graph.search_limits import checked_bound, checked_limit
from dvfs_kernel.layered_graph.solution import Solution
from dvfs_kernel.layered_graph.trimming import (
    best_at_prices,
    completed_path,
    cost_of_path,
    trace_back,
    without_hopeless,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Bounds, Graph
    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.solution import Status

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["NO_TENTS", "price_ladder", "solve", "solve_until"]

NO_TENTS = np.empty((0, 2))

# Prices around the best one at which labels are bounded: far ones catch labels that used up much
# more or less time than the cheapest path had at the same layer.
_LADDER = np.array([0.0, 0.3, 0.5, 0.75, 0.9, 1.0, 1.1, 1.3, 2.0, 4.0])

_FIRST_STEP = 1 / 16  # of the distance between the bounds, for the first search
_SECOND_STEP = 1 / 4  # the same once a good schedule is known
_WIDER = 4.0  # how much further the next search looks
_TRIAL_LABELS = 100_000  # for searches before a good schedule is looked for by thinned ones
_TRIAL_LABELS_CORE = 5_000_000  # the same where layers are taken core first
_THINNED_LABELS = 20_000_000  # for each thinned search
_STRETCHES = (300.0, 10_000.0, 120_000.0)  # into which the thinned searches divide the bound


def price_ladder(problem: Prepared, price: float) -> Floats:
    """Return ascending prices around the best one."""
    return np.unique(np.minimum(price, problem.price_most / _LADDER[-1]) * _LADDER)


class _Incumbent:
    """The best schedule so far, in the indices of the reduced graph."""

    def __init__(self, path: Ints, time: float, energy: float) -> None:
        self.path, self.time, self.energy = path, time, energy

    def offer(self, path: Ints, time: float, energy: float) -> None:
        """Take a schedule that is in time if it is better."""
        if energy < self.energy or (energy == self.energy and time < self.time):
            self.path, self.time, self.energy = path, time, energy

    def offer_if(self, path: Ints, whole: Graph, bound: float) -> None:
        """Take a schedule that is better and in time."""
        time, energy = cost_of_path(whole, path)
        if time <= bound:
            self.offer(path, time, energy)


def solve(
    problem: Prepared,
    bound: float,
    tolerance: float,
    time_limit_s: float | None,
    label_limit: int,
) -> Solution:
    """Find the schedule of least energy within a bound (see `LayeredGraph.solve`)."""
    deadline_s = clock.monotonic() + checked_limit(time_limit_s)
    bound = checked_bound(problem, bound)
    if not tolerance >= 0.0:
        raise LayeredGraphError(f"tolerance is {tolerance}; it must not be negative")
    return solve_until(problem, bound, tolerance, deadline_s, label_limit)


def solve_until(
    problem: Prepared, bound: float, tolerance: float, deadline_s: float, label_limit: int
) -> Solution:
    """Find the schedule of least energy within a bound that can be kept, until a deadline."""
    # a bound beyond any time is as good as infinite, and can be multiplied by 0
    bound = problem.finite(bound)
    whole = problem.graph
    price, lower, _ = steepest_price(whole, problem.reach(bound), problem.price_most, deadline_s)
    best = _Incumbent(problem.quickest, *cost_of_path(whole, problem.quickest))
    order = None
    if problem.any_order:
        order, break_path = core_first(whole, price, bound)
        best.offer_if(break_path, whole, bound)
        whole, moved = in_order(whole, order)
        back = np.empty_like(moved)
        back[moved] = np.arange(moved.size)
        best.path = back[best.path[order]]
    bounds, in_time = bounds_at(whole, price_ladder(problem, price), deadline_s)
    slack = problem.slack_at(np.array([price]))
    if in_time:
        if order is not None:
            bounds = with_break_path(whole, bounds, back[break_path[order]])
        best.offer(*best_at_prices(whole, bounds, bound))
    lower = problem.lattice.at_least(lower, slack, price, bound)
    lower = min(max(lower, problem.least_energy), best.energy)
    status: Status = "time limit"
    if in_time:
        search = _Narrowing(problem, whole, bound, bounds, best, lower)
        status = search.run(tolerance, deadline_s, label_limit)
        lower = search.lower
    path = best.path
    if order is not None:
        path = np.empty_like(best.path)
        path[order] = moved[best.path]
    return Solution(problem.choice(path), best.time, best.energy, lower, status, float(price))


class _Narrowing:
    """Close the distance between a lower bound and the best schedule.

    Each search asks for schedules up to a target a little above the lower bound, which keeps it
    small; if there are none, the target is the new lower bound, and the next one is further up.
    """

    def __init__(
        self,
        problem: Prepared,
        whole: Graph,
        bound: float,
        bounds: Bounds,
        best: _Incumbent,
        lower: float,
    ) -> None:
        self.problem, self.whole, self.bound, self.bounds = problem, whole, bound, bounds
        self.best, self.lower = best, lower
        self.room = 0

    def run(self, tolerance: float, deadline_s: float, label_limit: int) -> Status:
        """Search until the gap is closed; say why it ended."""
        self.room = label_limit
        unit = self.problem.lattice.unit
        width = 0.0 if unit else (self.best.energy - self.lower) * _FIRST_STEP
        labels = min(label_limit, _TRIAL_LABELS_CORE if self.problem.any_order else _TRIAL_LABELS)
        thinned, early_stop = False, True
        while self.best.energy > self.lower:
            if self.best.energy - self.lower <= tolerance * abs(self.best.energy):
                return "tolerance"
            if clock.monotonic() > deadline_s:
                return "time limit"
            target = max(min(self.lower + width, self.best.energy - unit), self.lower)
            stop_at = self.lower + tolerance * abs(self.lower) if early_stop else -np.inf
            status, energy = self._search(target, stop_at, deadline_s, labels)
            if self.best.energy <= self.lower or status == OUT_OF_TIME:
                continue  # to see whether the gap is closed, or else that time is up
            if status == OUT_OF_LABELS:
                if thinned:
                    return "label limit"
                # a good schedule makes the region to search smaller: look for one first
                most = min(label_limit, _THINNED_LABELS)
                for stretches in _STRETCHES:
                    width_of_stretch = max(abs(self.bound), 1e-300) / stretches
                    self._search(target, stop_at, deadline_s, most, width_of_stretch)
                labels, thinned = label_limit, True
                if not unit:
                    width = min(width, (self.best.energy - self.lower) * _SECOND_STEP)
            elif energy <= stop_at:
                early_stop = False  # should rounding have hidden it, search to the end
            elif self.best.energy <= target:
                self.lower = self.best.energy
            else:
                self.lower = min(self.best.energy, target + unit)
                width = max(width, unit, np.spacing(abs(self.best.energy))) * _WIDER
        self.lower = self.best.energy
        return "optimal"

    def _search(
        self, target: float, stop_at: float, deadline_s: float, label_limit: int, thin: float = 0.0
    ) -> tuple[int, float]:
        """Find the best schedule up to a target; return the status and the best completion."""
        problem, bounds, best = self.problem, self.bounds, self.best
        slack_time = problem.slack[0]
        slack = problem.slack_at(bounds.prices)
        ceiling = target + slack + bounds.prices * self.bound
        trimmed, kept = without_hopeless(self.whole, bounds, ceiling, deadline_s)
        uncertain = 0.0 if problem.times_are_whole else slack_time
        limits = Limits(
            self.bound,
            slack_time,
            self.bound - uncertain,
            best.energy,
            problem.lattice.unit - slack,
            stop_at,
            label_limit,
            self.room,
            deadline_s,
        )
        manner = Manner(complete=True, thin=thin)
        found = set_labels(trimmed, bounds, Ceilings(ceiling, NO_TENTS), limits, manner)
        energy, layer, label, state, price = found.best.tolist()
        path = np.empty(problem.layers, np.int64)
        if layer >= 0:
            completed_path(
                bounds, found.trace, kept, int(layer), int(label), int(state), int(price), path
            )
            self._offer(path)
        if found.time.size:
            trace_back(found.trace, found.label[-1], path, problem.layers - 1)
            self._offer(kept[path])
        return found.status, energy if layer >= 0 else np.inf

    def _offer(self, path: Ints) -> None:
        self.best.offer_if(path.copy(), self.whole, self.bound)
