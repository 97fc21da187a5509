"""Time and energy of every layer at every option."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import ClockState
from dvfs_kernel.errors import BoardError
from dvfs_kernel.exploration import pareto
from dvfs_kernel.exploration.cost_at_clock import predict
from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.exploration.fit_without_counters import fitted_times
from dvfs_kernel.exploration.runs.job import Job
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi
from renode_platform.devices.power import DEFAULT_MODEL, CurrentModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.exploration.runs.record import Record

__all__ = [
    "OPTION_DTYPE",
    "WINDOW_S",
    "Exploration",
    "explore",
    "reference_jobs",
    "spread_of_runs",
]

#: Of runs of which only the inference is looked at: it may take longer than its window.
WINDOW_S = 1e-3

#: One option of one layer; ``state`` is an index into the design space's states.
OPTION_DTYPE = np.dtype(
    [
        ("layer", "i4"),
        ("granularity", "i4"),
        ("state", "i4"),
        ("hops", "?"),
        ("time_s", "f8"),
        ("energy_j", "f8"),
        ("cycles", "f8"),
        ("lfo_time_s", "f8"),
        ("pareto", "?"),
        ("pareto_in_state", "?"),
    ]
)


@dataclass(frozen=True, eq=False)
class Exploration:
    """All options of all layers.

    Parameters
    ----------
    space
        What was explored.
    options
        `OPTION_DTYPE`, layer by layer. ``pareto``: no other option of the layer is both quicker
        and more frugal; ``pareto_in_state``: the same among those in the same clock state, which
        is what counts where a change of state costs something.
    fit_error
        Where times were fitted to those of some clocks, the largest relative deviation of a run's
        time from the fit; None where they follow from counters.
    spread
        By how much runs differ that do the same, as a part of their time: the branch predictor and
        the caches remember what was before, and a layer of a million branches may make more of it.
        Of layers with one form, which all runs have alike.
    """

    space: DesignSpace
    options: npt.NDArray[Any]
    fit_error: float | None = None
    spread: float = 0.0

    def __repr__(self) -> str:
        return f"<Exploration: {len(self.options):,} options of {self.layers} layers>"

    @property
    def layers(self) -> int:
        """Number of layers."""
        return len(self.space.fits)

    def of_layer(self, layer: int) -> npt.NDArray[Any]:
        """Return the options of one layer."""
        options: npt.NDArray[Any] = self.options[self.options["layer"] == layer]
        return options

    def cost(self, layer: int, granularity: int, state: int, *, hops: bool) -> Any:
        """Return one option.

        Raises
        ------
        KeyError
            The layer has no such option.
        """
        options = self.of_layer(layer)
        found = options[
            (options["granularity"] == granularity)
            & (options["state"] == state)
            & (options["hops"] == hops)
        ]
        if not len(found):
            raise KeyError((layer, granularity, state, hops))
        return found[0]


def reference_state(hse_hz: int) -> ClockState:
    """Return the state in which the runs are made from which all others follow."""
    return ClockState.of(ClockSetting.fastest(hse_hz))


def reference_jobs(space: DesignSpace) -> dict[tuple[int, bool], Job]:
    """Return the runs to be made, by granularity and whether memory segments hop to the HSE.

    They are made in windows, as the schedules that are worked out from them: which lines of the
    caches a layer finds depends on what the firmware did before the inference.
    """
    fastest = ClockSetting.fastest(space.hse_hz)
    jobs = {}
    for granularity in space.granularities:
        for hops in (False, True) if granularity and space.hops else (False,):
            plans = tuple(
                LayerPlan(g, 0, 1 if hops and g else None) for g in space.fitting(granularity)
            )
            clocks = (fastest, HSE) if hops else (fastest,)
            schedule = Schedule(space.hse_hz, clocks, plans)
            jobs[granularity, hops] = Job(schedule, WINDOW_S, abi.IdleMode.SLEEP)
    return jobs


def explore(bench: Bench, space: DesignSpace) -> Exploration:
    """Make the runs and work out every option.

    A virtual board makes one run of each form and counts what the core does; for a board on Renode
    the embedded one does, on which the same instructions run. On a physical board
    times are fitted to runs at some clocks (`fit_without_counters`), and energies are the power of
    the same options on a virtual board times these times.

    Parameters
    ----------
    bench
        Makes and keeps the runs.

    Raises
    ------
    BoardError
        The board's time says nothing of a layer.
    ExecutorError, CacheError, DvfsError
        As `Bench.run`.
    """
    board = bench.workload.board
    if bench.twin is not None:
        if board.is_physical:
            return _explore_times(bench, bench.twin, space)
        if not board.tells_cycles:
            raise BoardError(
                f"the board {board} tells time by one mean cost of an instruction: there is "
                "nothing to explore; use renode:cycles, or virtual"
            )
        return explore(bench.twin, space)
    jobs = reference_jobs(space)
    records = dict(zip(jobs, bench.run(list(jobs.values()), "exploration"), strict=True))
    model = DEFAULT_MODEL if board.profile is None else board.profile.current_model()
    options = _options(space, records, model)
    return Exploration(space, options, spread=spread_of_runs(space, list(records.values())))


def spread_of_runs(space: DesignSpace, records: Sequence[Record]) -> float:
    """Return by how much the times of layers with one form differ among runs."""
    alike = [index for index, fits in enumerate(space.fits) if set(fits) == {0}]
    if not alike:
        return 0.0
    times_s = np.array([record.time_s[alike] for record in records])
    longest_s = max(record.latency_s for record in records)
    return float(np.ptp(times_s, axis=0).sum() / longest_s)


def _explore_times(bench: Bench, twin: Bench, space: DesignSpace) -> Exploration:
    options = explore(twin, space).options
    fits = fitted_times(bench, space)
    for form, fit in fits.items():
        granularity, hops = form
        of_form = (options["granularity"] == granularity) & (options["hops"] == hops)
        for index, state in enumerate(space.states):
            rows = np.flatnonzero(of_form & (options["state"] == index))
            if not len(rows):
                continue
            times = fit.at(state, space.hse_hz)
            layers = options["layer"][rows]
            time_s = times.time_s[layers]
            options["energy_j"][rows] *= time_s / options["time_s"][rows]
            options["cycles"][rows] *= time_s / options["time_s"][rows]
            options["time_s"][rows] = time_s
            options["lfo_time_s"][rows] = times.lfo_time_s[layers]
    _mark_pareto(options, len(space.states))
    return Exploration(space, options, max(fit.error for fit in fits.values()))


def _options(
    space: DesignSpace, records: dict[tuple[int, bool], Record], model: CurrentModel
) -> npt.NDArray[Any]:
    ran_in = reference_state(space.hse_hz)
    parts = []
    for (granularity, hops), record in records.items():
        can = np.array([granularity in layer for layer in space.fits])
        layers = np.flatnonzero(can)
        for index, state in enumerate(space.states):
            if hops and not space.worth_hopping(state):
                continue
            costs = predict(record, ran_in, state, space.hse_hz, model)
            part = np.zeros(len(layers), OPTION_DTYPE)
            part["layer"], part["granularity"] = layers, granularity
            part["state"], part["hops"] = index, hops
            part["time_s"], part["energy_j"] = costs.time_s[layers], costs.energy_j[layers]
            part["cycles"] = costs.cycles[layers]
            part["lfo_time_s"] = costs.lfo_time_s[layers]
            parts.append(part)
    options = np.concatenate(parts)
    options = options[np.argsort(options["layer"], kind="stable")]
    _mark_pareto(options, len(space.states))
    return options


def _mark_pareto(options: npt.NDArray[Any], states: int) -> None:
    for layer in np.unique(options["layer"]):
        rows = np.flatnonzero(options["layer"] == layer)
        here = options[rows]
        options["pareto"][rows] = pareto.efficient(here["time_s"], here["energy_j"])
        for index in range(states):
            same = rows[here["state"] == index]
            among = options[same]
            options["pareto_in_state"][same] = pareto.efficient(among["time_s"], among["energy_j"])
