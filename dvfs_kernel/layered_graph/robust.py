"""Schedules that keep a bound although times are known only as intervals or as samples."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import InfeasibleBoundError, LayeredGraphError
from dvfs_kernel.layered_graph.arguments import prepare
from dvfs_kernel.layered_graph.k_best import k_best
from dvfs_kernel.layered_graph.search_limits import checked_limit
from dvfs_kernel.layered_graph.solve import solve

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
    # with as many deviations as layers the best θ is 0; with none, one beyond all deviations
    levels = np.unique(np.concatenate([[0.0], deviations]))
    levels = levels[:1] if count == layers else levels[-1:] if count == 0 else levels
    best: tuple[float, Ints] | None = None
    least_time, lower, status = np.inf, np.inf, "optimal"
    for level in levels.tolist():
        remaining = limit - (clock.monotonic() - started)
        if remaining <= 0.0 and best is not None:
            status, lower = "time limit", solve(nominal, allowed, 0.0, None, _LABEL_LIMIT).energy
            break
        raised = nominal.time + np.maximum(deviations - level, 0.0)
        protected = nominal.with_times(raised)
        least_time = min(least_time, protected.least_time + count * level)
        rest = allowed - count * level
        if rest < protected.least_time:
            continue
        if best is not None and protected.lower_bound(rest) >= best[0]:
            continue
        limit_s = None if best is None else remaining
        found = solve(protected, rest, 0.0, limit_s, _LABEL_LIMIT)
        lower = min(lower, found.lower_bound)
        if best is None or found.energy < best[0]:
            best = (found.energy, found.choice)
    if best is None:
        raise InfeasibleBoundError(float(bound), least_time / (1.0 - margin))
    choice = best[1]
    worst = np.sort(deviations[nominal.places(choice)])[::-1][:count].sum()
    protected_time = nominal.evaluate(choice)[0] + float(worst)
    lower = min(lower, best[0])
    if lower < best[0]:
        status = "time limit"
    return RobustSolution(choice, best[0], protected_time, lower, status)  # type: ignore[arg-type]


def solve_samples(
    time: ArrayLike | Sequence[ArrayLike],
    energy: ArrayLike | Sequence[ArrayLike],
    bound: float,
    *,
    quantile: float = 1.0,
    state: ArrayLike | Sequence[ArrayLike] | None = None,
    switch_time: ArrayLike | None = None,
    switch_energy: ArrayLike | None = None,
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

    Raises
    ------
    LayeredGraphError
        An argument is not allowed.
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
    reach = bound * (1.0 + 1e-12) + optimistic.slack[0]
    if reach < optimistic.least_time:
        raise InfeasibleBoundError(float(bound), optimistic.least_time)
    lower = -np.inf
    for count in _COUNTS:
        listed = k_best(optimistic, reach, count, _LABEL_LIMIT)
        for candidate in listed[count // 8 if count > 1 else 0 :]:
            protected = checker.protected_time(candidate.choice)
            if protected <= bound:
                return RobustSolution(
                    candidate.choice, candidate.energy, protected, candidate.energy, "optimal"
                )
        lower = listed[-1].energy
        if len(listed) < count:
            break  # these were all schedules there are
    best: RobustSolution | None = None
    for choice, found_energy in _mixtures(optimistic, cautious, bound):
        protected = checker.protected_time(choice)
        if protected <= bound and (best is None or found_energy < best.energy):
            best = RobustSolution(choice, found_energy, protected, lower, "label limit")
    if best is None:
        raise InfeasibleBoundError(float(bound), cautious.least_time)
    return best


def _mixtures(
    optimistic: Prepared, cautious: Prepared, bound: float
) -> Iterator[tuple[Ints, float]]:
    """Yield schedules for times from cautious ones towards optimistic ones."""
    for step in range(_MIXTURES + 1):
        share = step / _MIXTURES
        mixed = optimistic.with_times(cautious.time * (1 - share) + optimistic.time * share)
        if mixed.least_time <= bound:
            found = solve(mixed, bound, 0.0, None, _LABEL_LIMIT)
            yield found.choice, found.energy


class _Samples:
    """The measured times of every option, and how a schedule's quantile follows from them."""

    def __init__(self, problem: Prepared, times: Floats, needed: int) -> None:
        self.problem, self.times, self.needed = problem, times, needed

    def protected_time(self, choice: Ints) -> float:
        """Return the time that a schedule keeps in as many samples as are needed."""
        totals = np.sort(self.times[:, self.problem.places(choice)].sum(axis=1))
        return float(totals[self.needed - 1]) + self.problem.switching_time(choice)
