"""Form, granularity and clock of every layer for the least energy in a window, within flash."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import InfeasibleBoundError, InfeasibleLatencyError
from dvfs_kernel.image.forms import with_forms
from dvfs_kernel.layered_graph import LayeredGraph
from dvfs_kernel.networks.layers.weighted import FORMS
from dvfs_kernel.optimisation.problem import Optimum, WindowProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from dvfs_kernel.clocks.state import ClockState
    from dvfs_kernel.networks.network import Network

__all__ = ["FLASH", "JointProblem", "forms_of", "in_forms"]

FLASH = "flash_bytes"
# After this the best schedule found is taken, with its proved gap.
_TIME_LIMIT_S = 30.0


@dataclass(frozen=True, eq=False, kw_only=True)
class JointProblem(WindowProblem):
    """A `WindowProblem` whose options have forms, too, and take flash.

    Parameters
    ----------
    budget_bytes
        Of flash, for weights and code of all layers together.
    followers
        Layers that nothing is chosen for, by the one whose clock each of them has: see
        `FormOptions.together`.
    """

    budget_bytes: float
    followers: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def _chosen(self) -> tuple[int, ...]:
        """Layers that something is chosen for."""
        following = set(self.followers.values())
        return tuple(index for index in range(len(self.options)) if index not in following)

    def rows(self, choice: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return the option that each layer takes."""
        found = {
            index: self.options[index][option]
            for index, option in zip(self._chosen, choice, strict=True)
        }
        for leader, follower in self.followers.items():
            its = self.options[follower]
            found[follower] = its[its["state"] == found[leader]["state"]][0]
        return np.array([found[index] for index in sorted(found)], self.options[0].dtype)

    @cached_property
    def graph(self) -> LayeredGraph:
        """The layered graph, with flash as a resource."""
        inner = self.switching.select(self.states)
        entry_s, entry_j = self._entry
        power_w = self.idle.power_w
        layers = [self.options[index] for index in self._chosen]
        return LayeredGraph(
            [layer["time_s"] for layer in layers],
            [layer["energy_j"] - power_w * layer["time_s"] for layer in layers],
            [layer["state"] for layer in layers],
            switch_time=inner.time_s,
            switch_energy=self._less_idle(inner.time_s, inner.energy_j),
            entry_time=entry_s,
            entry_energy=self._less_idle(entry_s, entry_j),
            resources={FLASH: [layer["flash_bytes"] for layer in layers]},
        )

    def solve(self, bound_s: float, *, time_limit_s: float | None = None) -> Optimum:
        """Return the best schedule within a bound on time and the budget of flash.

        Raises
        ------
        InfeasibleLatencyError
            None is quick enough.
        """
        try:
            solution = self.graph.solve(
                bound_s,
                budgets={FLASH: self.budget_bytes},
                time_limit_s=_TIME_LIMIT_S if time_limit_s is None else time_limit_s,
            )
        except InfeasibleBoundError as error:
            raise InfeasibleLatencyError(error.bound, error.least_time) from None
        return self.optimum(solution)

    def quickest(self, state: ClockState, *, interleaved: bool = False) -> npt.NDArray[Any]:
        """Return the options of least time in one clock state, within flash.

        Parameters
        ----------
        interleaved
            Whether no layer may be decoupled.
        """
        index = self.states.index(state)
        possible = [
            np.flatnonzero(
                (layer["state"] == index)
                & ~layer["hops"]
                & ((layer["granularity"] == 0) | (not interleaved))
            )
            for layer in (self.options[number] for number in self._chosen)
        ]
        plain = [
            self.options[number][rows] for number, rows in zip(self._chosen, possible, strict=True)
        ]
        graph = LayeredGraph(
            [np.zeros(len(layer)) for layer in plain],
            [layer["time_s"] for layer in plain],
            resources={FLASH: [layer["flash_bytes"] for layer in plain]},
        )
        choice = graph.solve(np.inf, budgets={FLASH: self.budget_bytes}).choice
        return self.rows([rows[option] for rows, option in zip(possible, choice, strict=True)])


def forms_of(rows: npt.NDArray[Any]) -> tuple[str, ...]:
    """Return the form of each layer in a row of options."""
    return tuple(FORMS[index] for index in rows["form"])


def in_forms(network: Network, rows: npt.NDArray[Any]) -> Network:
    """Return the network whose layers have the forms of a row of options."""
    return with_forms(network, dict(enumerate(forms_of(rows))))
