"""Searches for the best path within a bound on time and budgets for resources."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.layered_graph.extension import Labels, extended
from dvfs_kernel.layered_graph.halves import join_halves, trace_all
from dvfs_kernel.layered_graph.merging import BYTES_PER_LABEL, TRACE_SHIFT
from dvfs_kernel.layered_graph.orthants import undominated_points
from dvfs_kernel.layered_graph.rests import Rests, backwards

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.budgeted_problem import BudgetedProblem

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["FINISHED", "OUT_OF_LABELS", "OUT_OF_TIME", "BudgetedIncumbent", "BudgetedSearch"]

FINISHED, OUT_OF_TIME, OUT_OF_LABELS = 0, 1, 2
_SPARE = 4  # times the labels that are to stay, before dominated ones are dropped
_HARDLY = 0.97  # of the labels stay: dominance does not pay here
_IDLE = 2  # layers then left out
_COPIES = 6  # of a label that exist at the same time, at most
_FEW = 1 << 10  # labels for which there is always room
_ALL = 1 << 62
_SORT_S = 5e-7  # of each label, in the steps that do not look at the clock
_EFFORT = 1 << 18  # boxes looked at for dominance that finds next to nothing


class _Half:
    """Labels from one end of the graph towards the other."""

    def __init__(
        self, problem: BudgetedProblem, rests: Rests, hopeful: Flags, margin: Floats
    ) -> None:
        self.problem, self.rests, self.hopeful, self.margin = problem, rests, hopeful, margin
        columns = 2 + problem.used.size
        self.labels = Labels(
            np.zeros((1, columns)),
            np.full(1, problem.states),
            np.full(1, -(1 << TRACE_SHIFT)),
            np.zeros(1),
        )
        self.layer = -1
        self.traces: list[Ints] = []
        # which labels have taken the same of all resources, whatever the order of summing
        self.origin = np.zeros(1, np.int64) if margin[3:].any() else None
        self.idle = 0  # layers for which dominated labels are not looked for

    @property
    def stored(self) -> int:
        """Number of labels of all layers so far."""
        return sum(trace.size for trace in self.traces)

    @property
    def trace(self) -> tuple[Ints, Ints]:
        """All traces, and where those of each layer start."""
        sizes = [trace.size for trace in self.traces]
        return np.concatenate(self.traces), np.concatenate([[0], np.cumsum(sizes)])

    def path(self, label: int, price: int) -> Ints:
        """Return the path of a label, completed at one vector of prices."""
        path = np.empty(self.problem.layers, np.int64)
        for place in range(self.layer, -1, -1):
            label, path[place] = divmod(int(self.traces[place][label]), 1 << TRACE_SHIFT)
        self.rests.complete(path, self.layer, price)
        return path

    def narrow(self, most: int, deadline_s: float) -> bool:
        """Drop dominated labels, then all but the most promising; tell whether time was left."""
        self.origin = self._origins()
        if self.labels.state.size > _SPARE * most:
            self._keep(np.argpartition(self.labels.bound, _SPARE * most)[: _SPARE * most])
        if self.idle > 0:
            self.idle -= 1
            if self.labels.state.size > most:
                self._keep(np.argpartition(self.labels.bound, most)[:most])
            return clock.monotonic() <= deadline_s
        labels = self.labels
        if clock.monotonic() + _SORT_S * labels.state.size > deadline_s:
            return False
        cost = labels.cost
        price = cost[:, 0] + cost[:, 1:] @ self.rests.prices[0]
        rank = np.empty(price.size, np.int64)
        rank[np.lexsort((cost[:, 2:].sum(axis=1), price))] = np.arange(rank.size)
        origin = np.full(rank.size, -1) if self.origin is None else self.origin
        stays, in_time = undominated_points(
            np.column_stack([price, cost]), labels.state, self.problem.states, rank,
            self.margin, origin, _EFFORT, deadline_s,
        )  # fmt: skip
        kept = np.flatnonzero(stays)
        self.idle = _IDLE if kept.size > _HARDLY * rank.size else 0
        if kept.size > most:
            kept = kept[np.argpartition(labels.bound[kept], most)[:most]]
        self._keep(kept)
        return in_time

    def _keep(self, kept: Ints) -> None:
        cost, state, trace, bound = self.labels
        self.labels = Labels(cost[kept], state[kept], trace[kept], bound[kept])
        self.origin = None if self.origin is None else self.origin[kept]
        self.traces[-1] = self.labels.trace

    def _origins(self) -> Ints | None:
        """Return a number for what each label took of the resources, layer by layer."""
        if self.origin is None:
            return None
        option = self.labels.trace & ((1 << TRACE_SHIFT) - 1)
        parent = self.labels.trace >> TRACE_SHIFT
        kinds = int(self.rests.kind.max()) + 1
        before = self.origin[np.maximum(parent, 0)]
        _, number = np.unique(before * kinds + self.rests.kind[option], return_inverse=True)
        return number.ravel().astype(np.int64)


class BudgetedIncumbent:
    """The best path so far that keeps all limits.

    Parameters
    ----------
    limits
        (1 + resources) most time and most of each resource.

    Attributes
    ----------
    best, path
        Sums of it (energy infinite: none is known), and its options.
    """

    def __init__(self, problem: BudgetedProblem, limits: Floats) -> None:
        self.problem, self.limits = problem, limits
        self.best = np.full(2 + problem.used.size, np.inf)
        self.path = np.zeros(problem.layers, np.int64)

    @property
    def energy(self) -> float:
        """Its energy."""
        return float(self.best[0])

    def offer(self, path: Ints) -> None:
        """Take a path if it keeps all limits and is better."""
        sums = self.problem.sums(path)
        if (sums[1:] <= self.limits).all() and tuple(sums[:2]) < tuple(self.best[:2]):
            self.best[:], self.path[:] = sums, path


class BudgetedSearch:
    """Label setting from both ends, for a path better than the best so far.

    Parameters
    ----------
    problem
        The problem.
    incumbent
        The best path so far, and the limits; better ones are put into it.
    prices
        (prices, 1 + resources) at which labels are bounded, the best first.
    deadline_s
        Latest time on the monotonic clock.
    memory_labels
        Most memory, as a number of labels of ``BYTES_PER_LABEL``.

    Raises
    ------
    SearchTooLargeError
        There was no time to find bounds.
    """

    def __init__(
        self,
        problem: BudgetedProblem,
        incumbent: BudgetedIncumbent,
        prices: Floats,
        deadline_s: float,
        memory_labels: int,
    ) -> None:
        self.problem, self.incumbent, self.prices = problem, incumbent, prices
        self.memory_labels = memory_labels
        self.limits = incumbent.limits
        graph = problem.graph
        turned, self.forward = backwards(graph)
        self.sides = (
            Rests(graph, problem.resources, prices, deadline_s),
            Rests(
                turned, np.ascontiguousarray(problem.resources[self.forward]), prices, deadline_s
            ),
        )
        self.slack = problem.slack_at(prices)
        margin = np.concatenate([[0.0], problem.slack])
        self.margins = (np.zeros_like(margin), margin)
        #: Bytes of a label of the layers that are worked on: itself, its successors before and
        #: after they are copied to their size, and what finding the dominated ones needs.
        self.label_bytes = _COPIES * 8 * (margin.size + 3)

    def run(self, target: float, most: int, label_limit: int, deadline_s: float) -> int:
        """Search for paths of an energy up to a target.

        Parameters
        ----------
        most
            Most labels kept of each layer; if fewer than there are, nothing is proved.

        Returns
        -------
        int
            Whether it finished.
        """
        problem = self.problem
        ceiling = target + self.prices @ self.limits + self.slack
        hopeful = self.sides[0].hopeful(ceiling)
        first, second = (
            _Half(problem, rests, mask, margin)
            for rests, mask, margin in zip(
                self.sides, (hopeful, hopeful[self.forward]), self.margins, strict=True
            )
        )
        room = problem.slack[1:]
        while first.layer + second.layer + 2 < problem.layers:
            half = first if first.labels.state.size <= second.labels.state.size else second
            if problem.layers > 1 and half.layer == problem.layers - 2:
                half = second if half is first else first
            other = second if half is first else first
            left = self._left(label_limit, first.stored + second.stored, other.labels.state.size)
            status = self._extend(half, ceiling, room, left, deadline_s)
            if status != FINISHED:
                return status
            if not half.labels.state.size:
                return FINISHED
            if not half.narrow(most, deadline_s):
                return OUT_OF_TIME
            self._lower(ceiling)
        in_time = True
        if problem.layers == 1:
            for label in range(first.labels.state.size):
                self.incumbent.offer(first.path(label, 0))
        else:
            price = np.concatenate([self.slack[:1], problem.slack])
            in_time = join_halves(
                problem.graph, problem.resources, problem.state_of,
                first.labels.cost, first.labels.state, *first.trace, first.layer,
                second.labels.cost, second.labels.state, *second.trace, self.forward,
                self.prices[0], price, float(ceiling[0]), self.limits,
                self.incumbent.best, self.incumbent.path, problem.lattice.unit, deadline_s,
            )  # fmt: skip
        return FINISHED if in_time else OUT_OF_TIME

    def all_paths(self, label_limit: int, deadline_s: float) -> tuple[int, Ints]:
        """Find all paths within the limits that no other is at least as good as.

        Returns
        -------
        tuple of (int, array)
            Whether it finished, and (paths, layers) options of the layers.
        """
        problem = self.problem
        ceiling = np.full(1, np.inf)
        hopeful = np.ones(problem.graph.time.size, np.bool_)
        half = _Half(problem, self.sides[0], hopeful, self.margins[0])
        for _ in range(problem.layers):
            left = self._left(label_limit, half.stored, 0)
            status = self._extend(half, ceiling, problem.slack[1:], left, deadline_s)
            if status == FINISHED and not half.narrow(_ALL, deadline_s):
                status = OUT_OF_TIME
            if status != FINISHED or not half.labels.state.size:
                return status, np.empty((0, problem.layers), np.int64)
        cost, state = half.labels.cost, half.labels.state
        cost[:, 0] += problem.graph.leave[1, state]
        cost[:, 1] += problem.graph.leave[0, state]
        kept = np.flatnonzero((cost[:, 1:] <= self.limits).all(axis=1))
        kept = kept[np.lexsort((cost[kept, 0], cost[kept, 1]))]
        lowest = np.minimum.accumulate(cost[kept, 0])
        kept = kept[np.diff(lowest, prepend=np.inf) < 0.0]
        if kept.size * problem.layers > 2 * self.memory_labels + _FEW:
            return OUT_OF_LABELS, np.empty((0, problem.layers), np.int64)
        found = trace_all(*half.trace, half.layer, kept)
        return FINISHED, problem.place[found] - problem.prepared.first[:-1]

    def _left(self, label_limit: int, stored: int, waiting: int) -> int:
        """Return how many labels the next layer may have.

        Parameters
        ----------
        stored
            Labels of all layers, of which the traces are kept.
        waiting
            Labels of the other half's last layer, which are kept whole.
        """
        held = 8 * stored + self.label_bytes // _COPIES * waiting
        room = (self.memory_labels * BYTES_PER_LABEL - held) // self.label_bytes
        return min(max(room, _FEW), label_limit - stored)

    def _extend(
        self, half: _Half, ceiling: Floats, room: Floats, left: int, deadline_s: float
    ) -> int:
        rests, layer = half.rests, half.layer + 1
        if clock.monotonic() > deadline_s:
            return OUT_OF_TIME
        found, status, _, label, price = extended(
            half.labels, rests.arcs(layer, half.hopeful), rests.rest[layer],
            rests.graph.energy, rests.graph.time, rests.resources, self.prices, ceiling,
            self.limits + room, self.limits - room, self.incumbent.energy, max(left, 0), deadline_s,
        )  # fmt: skip
        half.layer, half.labels = layer, found
        half.traces.append(found.trace)
        if status == FINISHED and label >= 0:
            path = half.path(label, price)
            if rests is self.sides[1]:
                path = self.forward[path[::-1]]
            self.incumbent.offer(path)
        return int(status)

    def _lower(self, ceiling: Floats) -> None:
        """Lower the ceiling to the best path."""
        if self.incumbent.energy < np.inf:
            most = self.incumbent.energy - self.problem.lattice.unit
            np.minimum(ceiling, most + self.prices @ self.limits + self.slack, out=ceiling)
