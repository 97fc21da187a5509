"""Search for what may be left out at which loss, by evaluating networks on images.

Losses of layers do not add up. Errors of outputs nearly do while they are small, so that they
guide: each level of each layer is tried alone, and a walk along the convex hulls of error over cost
gives the first points. From the best of them others are tried that differ in one layer, or trade
one layer for another. Every point has its true accuracy on the search images; what is worse than
another one at no more cost is given up after the first blocks of images.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np

from dvfs_kernel.approximation.data.data_set import TEST
from dvfs_kernel.approximation.search.frontier import hull_walk, not_dominated
from dvfs_kernel.approximation.search.guide import Guide, moves
from dvfs_kernel.approximation.search.points import SearchResult, SkipPoint
from dvfs_kernel.errors import ArgumentError, DataSetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dvfs_kernel.approximation.search.assessment import Assessment, Assessor
    from dvfs_kernel.approximation.search.space import Levels, SkipSpace
    from dvfs_kernel.approximation.skipping.plan import SkipPlan
    from dvfs_kernel.link.progress_callback import Progress

__all__ = ["mac_cost", "pair_cost", "search"]

_WALK_POINTS = 40
_BATCH = 8
# Evaluations of layers alone, all in all and at least for each.
_SINGLE_TRIES = 240
_LEAST_TRIES = 5
# How many of its standard errors a point may lie behind another one and still be looked at.
_PATIENCE = 1.0


def pair_cost(space: SkipSpace) -> Callable[[SkipPlan], float]:
    """Return the cost of a plan in dual multiply-accumulates: see `SkipCounts.pair_units`."""
    return lambda plan: space.counts_of(plan).pair_units


def mac_cost(space: SkipSpace) -> Callable[[SkipPlan], float]:
    """Return the cost of a plan in multiply-accumulates with a weight that is not zero."""

    def cost(plan: SkipPlan) -> float:
        counts = space.counts_of(plan)
        return counts.macs * (1 - counts.zero_share)

    return cost


def search(
    assessor: Assessor,
    *,
    cost: Callable[[SkipPlan], float] | None = None,
    largest_loss_points: float = 5.0,
    budget_s: float = 300.0,
    most_points: int | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Find plans of which none has less cost and less loss than another.

    Parameters
    ----------
    assessor
        What may be left out, and the search images: of the training part, and others than those
        that significance was computed from.
    cost
        Of a plan; None for `pair_cost`.
    largest_loss_points
        Points that lose more are of no interest.
    budget_s
        Seconds after which nothing new is begun. What is kept does not take any, so that a search
        with the same arguments goes on where one ended.
    most_points
        How many different levels are tried at most.
    progress
        Called with the number of levels tried; what it raises ends the search, and what was
        evaluated is kept.

    Raises
    ------
    ArgumentError
        A loss or budget that cannot be.
    DataSetError
        The images are test images.
    """
    if assessor.data.part == TEST:
        raise DataSetError(
            f"nothing can be chosen on the test images of {assessor.data.name!r}: "
            "they would say nothing about the choice any more; take training images"
        )
    run = _Search(assessor, cost, largest_loss_points, budget_s, most_points, progress)
    return run.result()


class _OutOfBudgetError(Exception):
    """The search has to end here."""


class _Search:
    def __init__(
        self,
        assessor: Assessor,
        cost: Callable[[SkipPlan], float] | None,
        largest_loss_points: float,
        budget_s: float,
        most_points: int | None,
        progress: Progress | None,
    ) -> None:
        if not budget_s > 0 or (most_points is not None and most_points < 1):
            raise ArgumentError(
                f"a search of {budget_s} s and {most_points} points is none; "
                "more than 0 s and at least 1 point are allowed"
            )
        self._assessor: Final = assessor
        self._space: Final = assessor.space
        self._cost_of = pair_cost(self._space) if cost is None else cost
        self._costs: dict[Levels, float] = {}
        self._whole: dict[Levels, Assessment] = {}
        self._largest = largest_loss_points
        self._most = most_points
        self._progress = progress
        self._end_s = time.monotonic() + budget_s
        exact = self._space.exact
        self._tried = {exact}  # on one block or more
        self._judged = {exact}  # on all blocks, or given up
        self._whole[exact] = assessor.whole(exact)
        accuracy = 100 * self._whole[exact].accuracy
        if not 0 <= largest_loss_points <= accuracy:
            raise ArgumentError(
                f"a loss of {largest_loss_points} points cannot be allowed: "
                f"0 to {accuracy:.2f}, the accuracy without skipping, is possible"
            )

    def result(self) -> SearchResult:
        finished = True
        try:
            guide = self._guide()
            for levels in self._walk(guide):
                self._try(levels)
            while batch := list(self._neighbours(guide)):
                for levels in batch:
                    self._try(levels)
        except _OutOfBudgetError:
            finished = False
        exact = self._space.exact
        chosen = [(levels, found) for levels, found in self._frontier() if levels != exact]
        points = tuple(
            SkipPoint(levels, self._space.plan(levels, _name(levels)), self._cost(levels), found)
            for levels, found in [(exact, self._whole[exact]), *chosen]
        )
        return SearchResult(points, len(self._tried), self._assessor.evaluated, finished)

    def _cost(self, levels: Levels) -> float:
        if levels not in self._costs:
            self._costs[levels] = self._cost_of(self._space.plan(levels))
        return self._costs[levels]

    def _frontier(self) -> list[tuple[Levels, Assessment]]:
        return not_dominated(
            self._whole.items(),
            lambda item: self._cost(item[0]),
            lambda item: item[1].loss_points,
        )

    def _begin(self, levels: Levels) -> None:
        """Count levels that are tried, and stop where a budget is used up."""
        if levels in self._tried:
            return
        if self._most is not None and len(self._tried) >= self._most:
            raise _OutOfBudgetError
        self._tried.add(levels)
        if self._progress is not None:
            most = 0 if self._most is None else self._most  # 0: it is not known
            self._progress("plans", len(self._tried), most)

    def _assess(self, levels: Levels, block: int) -> Assessment:
        if time.monotonic() > self._end_s:
            raise _OutOfBudgetError
        return self._assessor.assess(levels, block)

    def _guide(self) -> Guide:
        """Try each level of each layer alone, on the first block of images."""
        costs, errors = [], []
        exact = self._space.exact
        for place, ladder in enumerate(self._space.ladders):
            cost = [self._cost(exact)]
            error = [0.0]
            tried = [0]
            for level in self._levels_to_try(len(ladder)):
                levels = (*exact[:place], level, *exact[place + 1 :])
                self._begin(levels)
                found = self._assess(levels, 0)
                cost.append(self._cost(levels))
                error.append(found.mean_squared_error)
                tried.append(level)
                if found.loss_points - 2 * found.error_points > self._largest:
                    break  # more of the same loses more
            between = np.arange(tried[-1] + 1)
            costs.append(np.interp(between, tried, np.array(cost) - cost[0]))
            # An error that falls as more is left out is chance.
            errors.append(np.interp(between, tried, np.maximum.accumulate(error)))
        return Guide(costs, errors)

    def _levels_to_try(self, count: int) -> list[int]:
        """Return levels of a layer, all of them or, where there are many layers, every so many."""
        most = max(_LEAST_TRIES, _SINGLE_TRIES // len(self._space.ladders))
        places = np.linspace(1, count - 1, min(most, count - 1)).round().astype(int)
        return sorted(set(places.tolist()))

    def _walk(self, guide: Guide) -> list[Levels]:
        """Return points along the hulls, evenly spread."""
        walk = hull_walk(guide.costs, guide.errors)
        if len(walk) > _WALK_POINTS:
            places = np.linspace(0, len(walk) - 1, _WALK_POINTS).round().astype(int)
            walk = [walk[place] for place in places]
        return walk

    def _try(self, levels: Levels) -> None:
        """Evaluate levels, block by block while they may be good."""
        if levels in self._judged:
            return
        self._begin(levels)
        found = self._assess(levels, 0)
        for block in range(1, len(self._assessor.block_sizes)):
            if self._hopeless(levels, found, block):
                break
            found += self._assess(levels, block)
        else:
            self._whole[levels] = found
        self._judged.add(levels)

    def _hopeless(self, levels: Levels, found: Assessment, blocks: int) -> bool:
        """Whether levels are of no interest after the first blocks."""
        slack = _PATIENCE * found.error_points
        if found.loss_points - 2 * slack > self._largest:
            return True
        cost = self._cost(levels)
        for other in self._whole:
            if self._cost(other) <= cost:
                same = self._assessor.assess(other, 0)
                for block in range(1, blocks):
                    same += self._assessor.assess(other, block)
                if same.loss_points <= found.loss_points - slack:
                    return True
        return False

    def _neighbours(self, guide: Guide) -> Iterator[Levels]:
        """Yield what is most promising of all that lies near the frontier and was not judged."""
        frontier = [
            levels for levels, found in self._frontier() if found.loss_points <= self._largest
        ]
        near = {
            levels
            for point in frontier
            for levels in moves(point)
            if levels not in self._judged and guide.has(levels)
        }
        ranked = sorted(near, key=lambda levels: (guide.regret(levels), levels))
        yield from ranked[:_BATCH]


def _name(levels: Levels) -> str:
    return "skip-" + "-".join(map(str, levels)) if any(levels) else "exact"
