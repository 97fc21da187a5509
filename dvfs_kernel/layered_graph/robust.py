"""Schedules that keep a bound although times are known only as intervals or as samples."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import InfeasibleBoundError, LayeredGraphError, SearchTooLargeError
from dvfs_kernel.layered_graph.arguments import prepare
from dvfs_kernel.layered_graph.k_best import k_best_until
from dvfs_kernel.layered_graph.lattice import EXACT_MAX
from dvfs_kernel.layered_graph.search_limits import checked_limit, nothing_found
from dvfs_kernel.layered_graph.solve import solve_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.solution import Status

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["RobustSolution", "solve_intervals", "solve_samples"]

_LABEL_LIMIT = 50_000_000
_MIXTURES = 12  # halvings between optimistic and cautious times
_COUNTS = (1, 8, 64, 512)  # schedules looked at, in order of energy


@dataclass(frozen=True, eq=False)
class RobustSolution:
    """A schedule that keeps a bound under uncertainty.

    Parameters
    ----------
    choice
        (layers,) index of the option taken in each layer.
    energy
        Its energy (for samples: the mean).
    protected_time
        The time that was held against the bound: the worst one within the budget, or the
        quantile of the samples.
    lower_bound
        No schedule that keeps the bound in this sense has less energy.
    status
        ``"optimal"`` if the energy is the lower bound, else what ended the search.
    """

    choice: Ints
    energy: float
    protected_time: float
    lower_bound: float
    status: Status


def solve_intervals(
    time: ArrayLike | Sequence[ArrayLike],
    deviation: ArrayLike | Sequence[ArrayLike],
    energy: ArrayLike | Sequence[ArrayLike],
    bound: float,
    *,
    budget: int | None = None,
    margin: float = 0.0,
    time_limit_s: float | None = None,
    state: ArrayLike | Sequence[ArrayLike] | None = None,
    switch_time: ArrayLike | None = None,
    switch_energy: ArrayLike | None = None,
) -> RobustSolution:
    """Find the schedule of least energy that keeps a bound for all times in intervals.

    An option takes between ``time`` and ``time + deviation``. At most ``budget`` layers take
    longer than ``time`` in one run (all of them if it is left out), whichever they are. With the
    budget Γ the worst time of a schedule is ``min over θ ≥ 0 of Γθ + Σ (time + max(deviation − θ,
    0))``, the minimum being at 0 or at one of the deviations, so the best of the schedules for
    each such θ is the answer (D. Bertsimas, M. Sim, "Robust discrete optimization and network
    flows", Mathematical Programming 98 (2003) 49–71, theorem 3).

    Parameters
    ----------
    time, deviation, energy
        (layers, options), or one array per layer. Deviations are not negative.
    bound
        Most time of the whole schedule.
    budget
        How many layers may take longer at once.
    margin
        Fraction of the bound that is kept free on top.
    time_limit_s
        Stop after this time with the best schedule found.
    state, switch_time, switch_energy
        As for `LayeredGraph`; switching is certain.

    Raises
    ------
    LayeredGraphError
        An argument is not allowed.
    InfeasibleBoundError
        No schedule keeps the bound.
    SearchTooLargeError
        The time ended before a schedule was found that does.

    Notes
    -----
    What is held against the bound is the sum of `LayeredGraph.evaluate`, to which the deviations
    that count are added one by one, the longest first. The sums for one θ are in another order:
    they are searched with room for rounding, by energy, until a schedule keeps the bound.

    Examples
    --------
    >>> solve_intervals(
    ...     time=[[4, 2], [5, 3]], deviation=[[2, 0], [2, 0]], energy=[[1, 3], [2, 7]],
    ...     bound=11, budget=1,
    ... ).choice.tolist()
    [0, 0]
    """
    started = clock.monotonic()
    limit = checked_limit(time_limit_s)
    if not 0.0 <= margin < 1.0:
        raise LayeredGraphError(f"margin is {margin}; it must be at least 0 and less than 1")
    nominal = prepare(time, energy, state, switch=(switch_time, switch_energy))
    deviations = prepare(deviation, energy, names=("deviation", "energy")).time
    if budget is not None and budget < 0:
        raise LayeredGraphError(f"budget is {budget}; it must not be negative")
    layers = nominal.layers
    count = layers if budget is None else min(int(budget), layers)
    allowed = float(bound) * (1.0 - margin)
    if np.isnan(allowed):
        raise LayeredGraphError("the bound is NaN; it must be a number, or inf for none")
    intervals = _Intervals(nominal, deviations, count, allowed, started + limit)
    # with as many deviations as layers the best θ is 0; with none, one beyond all deviations
    levels = np.unique(np.concatenate([[0.0], deviations]))
    levels = levels[:1] if count == layers else levels[-1:] if count == 0 else levels
    for level in _spread_out(levels).tolist():
        intervals.look_at(level)
    if intervals.best is None:
        if intervals.status != "optimal":
            raise nothing_found(intervals.status, "the bound")
        raise InfeasibleBoundError(float(bound), intervals.least_time / (1.0 - margin))
    energy, choice, protected_time = intervals.best
    lower = min(intervals.lower, energy)
    status: Status = "optimal" if lower == energy else intervals.status
    return RobustSolution(choice, energy, protected_time, lower, status)


def _spread_out(levels: Floats) -> Floats:
    """Return the levels in an order that covers all their range from early on."""
    order = np.argsort([int(f"{index:063b}"[::-1], 2) for index in range(levels.size)])
    return levels[order]


class _Intervals:
    """The best schedule for times in intervals, over one θ after the other.

    Attributes
    ----------
    best
        Energy, choice and protected time of the best schedule so far.
    lower
        No schedule that keeps the bound, for a θ looked at, has less energy.
    status
        What ended a search.
    least_time
        The least protected time met.
    """

    def __init__(
        self,
        nominal: Prepared,
        deviations: Floats,
        count: int,
        allowed: float,
        deadline_s: float,
    ) -> None:
        self.nominal, self.deviations, self.count = nominal, deviations, count
        self.allowed, self.deadline_s = allowed, deadline_s
        self.best: tuple[float, Ints, float] | None = None
        self.status: Status = "optimal"
        self.lower, self.least_time = np.inf, np.inf
        # room for the rounding of all that is summed in one order here, in another one there
        spread = nominal.with_times(nominal.time + deviations)
        self.room = 2.0 * spread.slack[0] if not _exact(nominal, spread, deviations) else 0.0

    def protected_time(self, choice: Ints) -> float:
        """Return the worst time of a schedule."""
        total = self.nominal.evaluate(choice)[0]
        worst = np.sort(self.deviations[self.nominal.places(choice)])[::-1]
        for value in worst[: self.count].tolist():
            total += value
        return total

    def look_at(self, level: float) -> None:
        """Find the best schedule for one θ, if it can be better than the best so far."""
        if clock.monotonic() > self.deadline_s:
            self._give_up(self.nominal.least_energy, "time limit")
            return
        raised = self.nominal.time + np.maximum(self.deviations - level, 0.0)
        problem = self.nominal.with_times(raised)
        rest = self.allowed - self.count * level + self.room
        quickest = problem.choice(problem.quickest)
        if rest < problem.least_time:
            self.least_time = min(self.least_time, self.protected_time(quickest))
            return
        self._offer(quickest)
        if self.best is not None and problem.lower_bound(rest, self.deadline_s) >= self.best[0]:
            return
        found = solve_until(problem, rest, 0.0, self.deadline_s, _LABEL_LIMIT)
        if self._offer(found.choice) or found.status != "optimal":
            self._give_up(found.lower_bound, found.status)
            return
        lower = found.lower_bound
        for number in _COUNTS[1:]:
            if self.best is not None and lower >= self.best[0]:
                break
            try:
                listed = k_best_until(problem, rest, number, self.deadline_s, _LABEL_LIMIT)
            except SearchTooLargeError:
                self._give_up(lower, "time limit")
                return
            if any(self._offer(one.choice) for one in listed) or len(listed) < number:
                return
            lower = listed[-1].energy
        else:
            self._give_up(lower, "label limit")

    def _offer(self, choice: Ints) -> bool:
        """Take a schedule if it keeps the bound and is better; tell whether it keeps it."""
        protected = self.protected_time(choice)
        self.least_time = min(self.least_time, protected)
        if not protected <= self.allowed:
            return False
        energy = self.nominal.evaluate(choice)[1]
        if self.best is None or (energy, protected) < (self.best[0], self.best[2]):
            self.best = energy, choice, protected
        return True

    def _give_up(self, lower: float, status: Status) -> None:
        self.lower = min(self.lower, lower)
        if status != "optimal":
            self.status = status


def _exact(nominal: Prepared, spread: Prepared, deviations: Floats) -> bool:
    """Tell whether all sums of times and deviations are exact, with the largest ones in reach."""
    whole = all(bool((values == np.rint(values)).all()) for values in (nominal.time, deviations))
    return whole and spread.times_are_whole and spread.size[0] < EXACT_MAX


def solve_samples(
    time: ArrayLike | Sequence[ArrayLike],
    energy: ArrayLike | Sequence[ArrayLike],
    bound: float,
    *,
    quantile: float = 1.0,
    state: ArrayLike | Sequence[ArrayLike] | None = None,
    switch_time: ArrayLike | None = None,
    switch_energy: ArrayLike | None = None,
    time_limit_s: float | None = None,
) -> RobustSolution:
    """Find the schedule of least mean energy that keeps a bound in a fraction of all samples.

    A sample is one measurement of all options together: row i of every layer. A schedule keeps
    the bound if its time does in at least ``quantile`` of the samples; the quantile is that of
    the sum, not the sum of the options' quantiles.

    With m of N samples to be in time, m times the bound is at least the sum over those samples,
    which is at least the sum of each option's m least times: schedules are listed by energy
    under these optimistic times until one keeps the bound, which is then optimal. If none of the
    first 512 does, cautious times are used: the quantile of a sum is at most the sum of the
    options' means over their N − m + 1 longest times (expected shortfall is subadditive:
    C. Acerbi, D. Tasche, Journal of Banking & Finance 26 (2002) 1487–1503), or a mixture of both.

    Parameters
    ----------
    time
        (layers, samples, options), or one (samples, options) array per layer.
    energy
        The same shape, of which the mean over the samples counts, or without samples.
    bound
        Most time of the whole schedule.
    quantile
        Fraction of the samples in which the bound must be kept, more than 0, at most 1.
    state, switch_time, switch_energy
        As for `LayeredGraph`; switching is certain.
    time_limit_s
        Stop after this time with the best schedule found.

    Raises
    ------
    LayeredGraphError
        An argument is not allowed.
    SearchTooLargeError
        The time ended before a schedule was found that keeps the bound.
    InfeasibleBoundError
        No schedule was found that keeps the bound; its least time is that of the optimistic
        times if those are too long already, else of the cautious ones.

    Examples
    --------
    >>> solution = solve_samples(
    ...     time=[[[3, 1], [3, 1], [9, 1]], [[3, 2], [4, 2], [3, 2]]],
    ...     energy=[[1, 4], [1, 4]], bound=7, quantile=0.6,
    ... )
    >>> solution.choice.tolist(), solution.protected_time
    ([0, 0], 7.0)
    """
    deadline_s = clock.monotonic() + checked_limit(time_limit_s)
    if np.isnan(bound):
        raise LayeredGraphError("the bound is NaN; it must be a number, or inf for none")
    if not 0.0 < quantile <= 1.0:
        raise LayeredGraphError(f"quantile is {quantile}; it must be more than 0 and at most 1")
    samples = [np.asarray(layer, dtype=np.float64) for layer in time]  # type: ignore[union-attr]
    shapes = {layer.shape[:1] for layer in samples if layer.ndim == 2}
    if not samples or any(layer.ndim != 2 for layer in samples) or len(shapes) != 1:
        raise LayeredGraphError(
            f"time has layers of shapes {[layer.shape for layer in samples][:4]}; "
            "each must be (samples, options), with the same number of samples"
        )
    number = samples[0].shape[0]
    if number == 0:
        raise LayeredGraphError("time has no samples; at least one is needed")
    if not all(np.isfinite(layer).all() and (layer >= 0).all() for layer in samples):
        raise LayeredGraphError("a sample of time is NaN, infinite or negative; none may be")
    means = [np.asarray(row, dtype=np.float64) for row in energy]  # type: ignore[union-attr]
    means = [row.mean(axis=0) if row.ndim == 2 else row for row in means]
    needed = max(int(np.ceil(quantile * number - 1e-9)), 1)
    ordered = [np.sort(layer, axis=0) for layer in samples]
    optimistic = prepare(
        [layer[:needed].mean(axis=0) for layer in ordered],
        means,
        state,
        switch=(switch_time, switch_energy),
    )
    cautious = optimistic.with_times(
        np.concatenate([layer[needed - 1 :].mean(axis=0) for layer in ordered])
    )
    checker = _Samples(optimistic, np.concatenate(samples, axis=1), needed)
    # the mean of the m least times is a rounded sum: a hair of room keeps the relaxation valid
    reach = bound + (needed + 4) * optimistic.slack[0] + 2 * optimistic.layers * 5e-324
    if reach < optimistic.least_time:
        raise InfeasibleBoundError(float(bound), optimistic.least_time)
    lower = optimistic.least_energy
    status: Status = "label limit"
    seen: set[tuple[int, ...]] = set()
    for count in _COUNTS:
        try:
            listed = k_best_until(optimistic, reach, count, deadline_s, _LABEL_LIMIT)
        except SearchTooLargeError:
            status = "time limit" if clock.monotonic() > deadline_s else status
            break
        for candidate in listed:
            # of equal schedules a longer list may name others first: look at all that are new
            if tuple(candidate.choice) in seen:
                continue
            seen.add(tuple(candidate.choice))
            protected = checker.protected_time(candidate.choice)
            if protected <= bound:
                return RobustSolution(
                    candidate.choice, candidate.energy, protected, candidate.energy, "optimal"
                )
        lower = listed[-1].energy
        if len(listed) < count:
            break  # these were all schedules there are
    best: RobustSolution | None = None
    for choice, found_energy in _mixtures(optimistic, cautious, bound, deadline_s):
        protected = checker.protected_time(choice)
        if protected <= bound and (best is None or found_energy < best.energy):
            best = RobustSolution(choice, found_energy, protected, lower, status)
    if best is None and status == "time limit":
        raise nothing_found(status, "the bound")
    if best is None:
        raise InfeasibleBoundError(float(bound), cautious.least_time)
    return best


def _mixtures(
    optimistic: Prepared, cautious: Prepared, bound: float, deadline_s: float
) -> Iterator[tuple[Ints, float]]:
    """Yield schedules for times from cautious ones towards optimistic ones."""
    yield (
        cautious.choice(cautious.quickest),
        cautious.evaluate(cautious.choice(cautious.quickest))[1],
    )
    for step in range(_MIXTURES + 1):
        if clock.monotonic() > deadline_s:
            return
        share = step / _MIXTURES
        mixed = optimistic.with_times(cautious.time * (1 - share) + optimistic.time * share)
        if mixed.least_time <= bound:
            found = solve_until(mixed, bound, 0.0, deadline_s, _LABEL_LIMIT)
            yield found.choice, found.energy


class _Samples:
    """The measured times of every option, and how a schedule's quantile follows from them."""

    def __init__(self, problem: Prepared, times: Floats, needed: int) -> None:
        self.problem, self.times, self.needed = problem, times, needed

    def protected_time(self, choice: Ints) -> float:
        """Return the time that a schedule keeps in as many samples as are needed.

        The time in each sample is summed in the order of `LayeredGraph.evaluate`.
        """
        problem, places = self.problem, self.problem.places(choice)
        state = problem.state[places]
        totals = np.zeros(self.times.shape[0])
        for layer, place in enumerate(places.tolist()):
            if layer:
                boundary = layer - 1 if problem.switch_time.shape[0] > 1 else 0
                totals += problem.switch_time[boundary, state[layer - 1], state[layer]]
            totals += self.times[:, place]
        return float(np.sort(totals)[self.needed - 1])
