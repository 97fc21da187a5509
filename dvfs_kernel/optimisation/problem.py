"""From options to a layered graph, and from a path in it back to a schedule.

One layer of nodes for each layer of the network, one node for each option (granularity, clock
state, with or without hops to the HSE), edges that carry what switching between two states costs,
the latency bound as the path's resource. That is the multiple-choice knapsack problem of the paper
(Eq. 2 to 5) where switching is left out, and ours where it is not.

What is to be least is the energy of the whole window, in which the chip idles once the inference
has ended. With an idle power P a schedule of time T and energy E takes E + P (W − T) in a window
W: so every option counts with its energy less P times its time, and P W is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.clocks.state import IDLE, ClockState
from dvfs_kernel.errors import InfeasibleBoundError, InfeasibleLatencyError, ScheduleError
from dvfs_kernel.exploration import pareto
from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.layered_graph import LayeredGraph
from dvfs_kernel.link import abi
from dvfs_kernel.optimisation.prediction import Prediction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.clocks.setting import ClockSetting
    from dvfs_kernel.exploration.exploration import Exploration
    from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
    from dvfs_kernel.layered_graph import Frontier, Solution
    from dvfs_kernel.optimisation.idle_cost import IdleCost

__all__ = ["Optimum", "WindowProblem", "paper_problem", "window_problem"]


@dataclass(frozen=True, eq=False)
class Optimum:
    """A schedule, what it will take, and how good it is proved to be.

    Parameters
    ----------
    rows
        The option that each layer takes.
    solution
        Its energies are those of the layered graph: less idle power times time.
    """

    rows: npt.NDArray[Any]
    schedule: Schedule
    prediction: Prediction
    solution: Solution

    def __repr__(self) -> str:
        return f"<Optimum: {self.prediction!r}, {self.solution.status}>"


@dataclass(frozen=True, eq=False)
class WindowProblem:
    """Which option each layer takes, for the least energy in a window.

    Parameters
    ----------
    exploration
        Options and their costs.
    switching
        What the firmware pays between two layers; it has all states of the exploration, and
        `IDLE`.
    idle
        How the rest of the window is spent.
    options
        For each layer the rows of the exploration's options that may be chosen.
    aware
        Whether the optimiser knows what switching costs.
    before
        The state in which an inference begins.
    beside
        Seconds and joules that an inference takes beside its layers, on the clock that it finds;
        where it begins in `IDLE`, they are among the costs of leaving it.
    """

    exploration: Exploration
    switching: SwitchCosts
    idle: IdleCost
    options: tuple[npt.NDArray[Any], ...]
    aware: bool = True
    before: ClockState = IDLE
    beside: tuple[float, float] = (0.0, 0.0)

    @cached_property
    def states(self) -> tuple[ClockState, ...]:
        """The clock states of the exploration."""
        return self.exploration.space.states

    @cached_property
    def graph(self) -> LayeredGraph:
        """The layered graph."""
        times = [layer["time_s"] for layer in self.options]
        energies = [
            layer["energy_j"] - self.idle.power_w * layer["time_s"] for layer in self.options
        ]
        if not self.aware:
            return LayeredGraph(times, energies)
        inner = self.switching.select(self.states)
        entry_s, entry_j = self._entry
        return LayeredGraph(
            times,
            energies,
            [layer["state"] for layer in self.options],
            switch_time=inner.time_s,
            switch_energy=self._less_idle(inner.time_s, inner.energy_j),
            entry_time=entry_s,
            entry_energy=self._less_idle(entry_s, entry_j),
        )

    def _less_idle(
        self, time_s: npt.NDArray[np.float64], energy_j: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        possible = np.isfinite(time_s)
        saved = np.where(possible, time_s, 0.0) * self.idle.power_w
        return np.where(possible, energy_j - saved, np.inf)

    @cached_property
    def _entry(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return what it costs to begin in each state."""
        costs = [self._begin(self.before, state) for state in self.states]
        times_s, energies_j = np.array(costs, np.float64).T
        return times_s, energies_j

    def _begin(self, before: ClockState, first: ClockState) -> tuple[float, float]:
        """Return what it costs to begin an inference in a state."""
        time_s, energy_j = self.switching.cost(before, first)
        if before == IDLE:
            return time_s, energy_j
        # What is left of a long inference when its layers are taken away may be below zero, by
        # what staying on a clock takes more or less in each; beginning takes no less than nothing.
        return max(time_s + self.beside[0], 0.0), max(energy_j + self.beside[1], 0.0)

    # ---- answers -------------------------------------------------------------------------------

    def solve(self, bound_s: float, *, time_limit_s: float | None = None) -> Optimum:
        """Return the best schedule whose inference takes at most a time.

        Raises
        ------
        InfeasibleLatencyError
            None is quick enough.
        """
        try:
            solution = self.graph.solve(bound_s, time_limit_s=time_limit_s)
        except InfeasibleBoundError as error:
            raise InfeasibleLatencyError(error.bound, error.least_time) from None
        return self.optimum(solution)

    def frontier(self, longest_s: float = np.inf) -> Frontier:
        """Return the best schedules for every bound at once."""
        return self.graph.frontier(longest=longest_s)

    def optimum(self, solution: Solution) -> Optimum:
        """Return the schedule of a path."""
        rows = self.rows(solution.choice)
        return Optimum(rows, self.schedule(rows), self.predict(rows), solution)

    def rows(self, choice: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return the option that each layer takes."""
        return np.array(
            [layer[index] for layer, index in zip(self.options, choice, strict=True)],
            self.options[0].dtype,
        )

    def uniform(self, state: ClockState, granularity: int = 0) -> npt.NDArray[Any]:
        """Return one option for all layers: a state, without hops.

        Layers that cannot have the granularity take 0.
        """
        space = self.exploration.space
        index = self.states.index(state)
        return np.array(
            [
                self.exploration.cost(layer, g, index, hops=False)
                for layer, g in enumerate(space.fitting(granularity))
            ]
        )

    def predict(self, rows: npt.NDArray[Any], before: ClockState | None = None) -> Prediction:
        """Return what a row of options takes, clock changes included.

        Parameters
        ----------
        before
            The state in which the inference begins; by default the problem's.
        """
        states = [self.states[index] for index in rows["state"]]
        entries = np.array(
            [
                self._begin(before or self.before, states[0]),
                *(self.switching.cost(*change) for change in pairwise(states)),
            ]
        )
        return Prediction(
            entries[:, 0],
            entries[:, 1],
            rows["time_s"].copy(),
            rows["energy_j"].copy(),
            states[-1],
            self.exploration.spread,
        )

    def schedule(self, rows: npt.NDArray[Any], idle_clock: ClockSetting | None = None) -> Schedule:
        """Return the schedule that takes these options.

        Parameters
        ----------
        idle_clock
            Between inferences; by default that of the state in which they begin.

        Raises
        ------
        ScheduleError
            It needs more clocks than the firmware holds.
        """
        idle_clock = idle_clock or self.before.setting
        states = [self.states[index] for index in rows["state"]]
        clocks = list(dict.fromkeys([*(state.setting for state in states), idle_clock]))
        if rows["hops"].any() and HSE not in clocks:
            clocks.append(HSE)
        if len(clocks) > abi.CLOCKS_MAX:
            raise ScheduleError(
                f"the schedule needs {len(clocks)} clocks; the firmware holds {abi.CLOCKS_MAX}: "
                "explore fewer clocks"
            )
        lfo = clocks.index(HSE) if HSE in clocks else None
        plans = tuple(
            LayerPlan(
                int(row["granularity"]),
                clocks.index(state.setting),
                lfo if row["hops"] else None,
            )
            for row, state in zip(rows, states, strict=True)
        )
        hse_hz = self.exploration.space.hse_hz
        return Schedule(hse_hz, tuple(clocks), plans, clocks.index(idle_clock))


def window_problem(
    exploration: Exploration, switching: SwitchCosts, idle: IdleCost
) -> WindowProblem:
    """Return our problem: every option, with what switching costs."""
    layers = range(exploration.layers)
    options = tuple(exploration.of_layer(layer) for layer in layers)
    return WindowProblem(exploration, switching, idle, options)


def paper_problem(
    exploration: Exploration, switching: SwitchCosts, idle: IdleCost
) -> WindowProblem:
    """Return the paper's problem (Eq. 2 to 5): Pareto points of each layer, no switching costs.

    HFO is the PLL, and LFO the HSE wherever there are memory segments (section III-B). Switching
    costs are there to predict what its schedules take, not to find them. Where a hop has nothing to
    gain (`DesignSpace.worth_hopping`) the access form runs on one clock.
    """
    space = exploration.space
    on_pll = np.array([state.runs_on_pll for state in space.states])
    hopping = np.array([space.worth_hopping(state) for state in space.states])
    options = exploration.options
    as_meant = options["hops"] == ((options["granularity"] > 0) & hopping[options["state"]])
    allowed = options[on_pll[options["state"]] & as_meant]
    kept = []
    for layer in range(exploration.layers):
        rows = allowed[allowed["layer"] == layer]
        kept.append(rows[pareto.efficient(rows["time_s"], rows["energy_j"])])
    return WindowProblem(exploration, switching, idle, tuple(kept), aware=False)
