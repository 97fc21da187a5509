"""Times of every option of a board that counts nothing, from runs at a few clocks.

What the core executes does not depend on the clock; it waits for the flash a number of wait states
each time, which follows HCLK. So a layer that runs on one clock takes

    time(clock) = (cycles + waits x wait states(clock)) / HCLK

which is the a + b / f of memory-bound and compute-bound time with steps where the chip has them:
the wait states of a clock over its frequency are about constant. Both unknowns come from runs at up
to four clocks, by least squares of relative errors with neither negative.

Of a layer that hops, segments are fitted by themselves: the access segments take the same on the
HSE whatever the PLL does; the execute segments are fitted as above; hops and what else there is
take a + b / HCLK, being made in part on either clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from dvfs_kernel.clocks.supply_current import state_clocks
from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.exploration.runs.job import Job
from dvfs_kernel.exploration.runs.record import HFO, LFO
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.clocks.state import ClockState
    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.exploration.runs.record import Record

__all__ = ["FormTimes", "LayerTimes", "fitted_times", "measured_states"]

#: Clocks at which each form is measured, at most: one more than plain layers have unknowns is
#: enough to see whether the fit holds, and another lies between wait states of the first.
CLOCKS_MOST = 4

Floats = npt.NDArray[np.float64]


class LayerTimes(NamedTuple):
    """Times of every layer's kernel at one clock, (layers,) each; LFO: of access segments."""

    time_s: Floats
    lfo_time_s: Floats


@dataclass(frozen=True, eq=False)
class FormTimes(ByContent):
    """What was fitted to one form: a granularity, with or without hops.

    Parameters
    ----------
    access_s
        (layers,) time of access segments on the HSE; 0 without hops.
    kernel
        (layers, 2) cycles, and waits for the flash, of what runs on the state's clock.
    hops
        (layers, 2) seconds, and cycles, of hops; 0 without.
    error
        Largest relative deviation of a whole run from the fit.
    """

    access_s: Floats
    kernel: Floats
    hops: Floats
    error: float = 0.0

    def at(self, state: ClockState, hse_hz: int) -> LayerTimes:
        """Return what the kernels take in a state."""
        kernel, hops = _terms(state, hse_hz)
        return LayerTimes(self.access_s + self.kernel @ kernel + self.hops @ hops, self.access_s)


def _terms(state: ClockState, hse_hz: int) -> tuple[Floats, Floats]:
    """Return what the unknowns of kernels and of hops are multiplied by."""
    clocks = state_clocks(state, hse_hz)
    return (
        np.array([1.0, clocks.flash_wait_states]) / clocks.hclk_hz,
        np.array([1.0, 1.0 / clocks.hclk_hz]),
    )


def measured_states(space: DesignSpace, *, hops: bool) -> list[ClockState]:
    """Return the states at which a form is measured: the slowest, the fastest, and between."""
    states = [
        state
        for state in space.states
        if (space.worth_hopping(state) if hops else not state.keeps_pll)
    ]
    states.sort(key=lambda state: state.setting.hclk_hz(space.hse_hz))
    count = min(CLOCKS_MOST, len(states))
    return [states[round(place)] for place in np.linspace(0, len(states) - 1, count)]


def fitted_times(bench: Bench, space: DesignSpace) -> dict[tuple[int, bool], FormTimes]:
    """Run every form at some clocks, and fit; by granularity and whether access segments hop.

    Raises
    ------
    ExecutorError, CacheError, DvfsError
        As `Bench.times`.
    """
    jobs: dict[tuple[int, bool, ClockState, abi.ProfileLevel], Job] = {}
    for granularity in space.granularities:
        for hops in (False, True) if granularity and space.hops else (False,):
            levels = (abi.ProfileLevel.LAYER, abi.ProfileLevel.SEGMENT)[: 1 + hops]
            for state in measured_states(space, hops=hops):
                job = Job(_schedule(space, granularity, state, hops=hops))
                for level in levels:
                    jobs[granularity, hops, state, level] = replace(job, level=level)
    records = dict(zip(jobs, bench.times(list(jobs.values()), "exploration"), strict=True))
    fits = {}
    for granularity, hops in dict.fromkeys((g, hops) for g, hops, _, _ in jobs):
        states = measured_states(space, hops=hops)
        whole, split = (
            [records.get((granularity, hops, state, level)) for state in states]
            for level in (abi.ProfileLevel.LAYER, abi.ProfileLevel.SEGMENT)
        )
        fits[granularity, hops] = fit_form(
            states,
            [record for record in whole if record is not None],
            [record for record in split if record is not None],
            space.hse_hz,
        )
    return fits


def _schedule(space: DesignSpace, granularity: int, state: ClockState, *, hops: bool) -> Schedule:
    plans = tuple(LayerPlan(g, 0, 1 if hops and g else None) for g in space.fitting(granularity))
    return Schedule(space.hse_hz, (state.setting, HSE) if hops else (state.setting,), plans)


def fit_form(
    states: Sequence[ClockState],
    records: Sequence[Record],
    by_segment: Sequence[Record],
    hse_hz: int,
) -> FormTimes:
    """Fit one form.

    Parameters
    ----------
    states, records
        Clocks, and a run at each, profiled by layer.
    by_segment
        The same runs profiled by segment where layers hop; none where they do not.
    """
    terms = [_terms(state, hse_hz) for state in states]
    kernel_terms = np.array([kernel for kernel, _ in terms])
    hop_terms = np.array([hops for _, hops in terms])
    whole_s = np.array([record.time_s for record in records])
    layers = whole_s.shape[1]
    access_s, hops = np.zeros(layers), np.zeros((layers, 2))
    own_s = whole_s
    if by_segment:
        pieces_s = np.array([record.piece_time_s for record in by_segment])
        hopping = np.asarray(pieces_s[:, :, LFO].any(axis=0))
        access_s = pieces_s[:, :, LFO].mean(axis=0)
        own_s = np.where(hopping, pieces_s[:, :, HFO], whole_s)
        rest_s = np.where(hopping, whole_s - pieces_s[:, :, LFO] - own_s, 0.0)
        hops = _fit(hop_terms, rest_s)
    fit = FormTimes(access_s, _fit(kernel_terms, own_s), hops)
    fitted_s = np.array([fit.at(state, hse_hz).time_s.sum() for state in states])
    return replace(fit, error=float(np.abs(fitted_s / whole_s.sum(axis=1) - 1).max()))


def _fit(terms: Floats, times_s: Floats) -> Floats:
    """Return the unknowns of every layer, (layers, unknowns), none of them negative.

    Parameters
    ----------
    terms : ndarray, shape (clocks, unknowns)
    times_s : ndarray, shape (clocks, layers)
    """
    found = np.zeros((times_s.shape[1], terms.shape[1]))
    scale = np.abs(terms).max(axis=0)
    for layer, layer_s in enumerate(times_s.T):
        if not (layer_s > 0).all():
            continue
        solution, _ = nnls(terms / scale / layer_s[:, np.newaxis], np.ones(len(layer_s)))
        found[layer] = solution / scale
    return found
