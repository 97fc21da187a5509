"""Schedules that keep a bound although times are known only as intervals or as samples."""

from __future__ import annotations

import time as clock
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import InfeasibleBoundError, LayeredGraphError
from dvfs_kernel.layered_graph.compact import total
from dvfs_kernel.layered_graph.limits import checked_limit
from dvfs_kernel.layered_graph.problem import LayeredGraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from dvfs_kernel.layered_graph.solution import Status

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["RobustSolution", "solve_intervals", "solve_samples"]

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
    **graph: Any,
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
    **graph
        ``state``, ``switch_time`` and so on, as for `LayeredGraph`.

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
    nominal = LayeredGraph(time, energy, **graph)
    extra = LayeredGraph(deviation, energy)
    if extra.options != nominal.options:
        raise LayeredGraphError("deviation must have as many options in every layer as time")
    if budget is not None and budget < 0:
        raise LayeredGraphError(f"budget is {budget}; it must not be negative")
    layers = nominal.layers
    count = layers if budget is None else min(int(budget), layers)
    allowed = float(bound) * (1.0 - margin)
    # with as many deviations as layers the best θ is 0; with none, one beyond all deviations
    largest = float(extra._time.max())
    levels = np.unique(np.concatenate([[0.0], extra._time]))
    levels = levels[:1] if count == layers else levels[-1:] if count == 0 else levels
    best: tuple[float, Ints] | None = None
    least_time, lower, status = np.inf, np.inf, "optimal"
    for level in levels.tolist():
        remaining = limit - (clock.monotonic() - started)
        if remaining <= 0.0 and best is not None:
            status, lower = "time limit", nominal.solve(allowed).energy
            break
        raised = nominal._time + np.maximum(extra._time - level, 0.0)
        protected = nominal._with_times(raised)
        least_time = min(least_time, protected.least_time + count * level)
        rest = allowed - count * level
        if rest < protected.least_time:
            continue
        if best is not None and protected._lower_bound(rest) >= best[0]:
            continue
        found = protected.solve(rest, time_limit_s=None if best is None else remaining)
        lower = min(lower, found.lower_bound)
        if best is None or found.energy < best[0]:
            best = (found.energy, found.choice)
    if best is None:
        raise InfeasibleBoundError(float(bound), least_time / (1.0 - margin))
    choice = best[1]
    place = nominal._first[:-1] + choice
    worst = np.sort(extra._time[place])[::-1][:count].sum() if largest else 0.0
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
    **graph: Any,
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
    **graph
        ``state``, ``switch_time`` and so on, as for `LayeredGraph`.

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
    optimistic = LayeredGraph([layer[:needed].mean(axis=0) for layer in ordered], means, **graph)
    cautious = optimistic._with_times(
        np.concatenate([layer[needed - 1 :].mean(axis=0) for layer in ordered])
    )
    checker = _Samples(optimistic, np.concatenate(samples, axis=1), needed)
    # the mean of the m least times is a rounded sum: a hair of room keeps the relaxation valid
    reach = bound * (1.0 + 1e-12) + optimistic._slack[0]
    if reach < optimistic.least_time:
        raise InfeasibleBoundError(float(bound), optimistic.least_time)
    lower = -np.inf
    for count in _COUNTS:
        listed = optimistic.k_best(reach, count)
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
    optimistic: LayeredGraph, cautious: LayeredGraph, bound: float
) -> Iterator[tuple[Ints, float]]:
    """Yield schedules for times from cautious ones towards optimistic ones."""
    for step in range(_MIXTURES + 1):
        share = step / _MIXTURES
        mixed = optimistic._with_times(cautious._time * (1 - share) + optimistic._time * share)
        if mixed.least_time <= bound:
            found = mixed.solve(bound)
            yield found.choice, found.energy


class _Samples:
    """The measured times of every option, and how a schedule's quantile follows from them."""

    def __init__(self, graph: LayeredGraph, times: Floats, needed: int) -> None:
        self.graph, self.times, self.needed = graph, times, needed

    def protected_time(self, choice: Ints) -> float:
        """Return the time that a schedule keeps in as many samples as are needed."""
        graph = self.graph
        place = graph._first[:-1] + choice
        nothing = np.zeros(place.size)
        switching, _ = total(
            nothing, nothing, graph._state[place], *graph._switch, graph._entry, graph._leave
        )
        totals = np.sort(self.times[:, place].sum(axis=1))
        return float(totals[self.needed - 1]) + float(switching)
