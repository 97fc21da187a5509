"""The layered graph: layers of options with times and energies, and the cost of switching."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError
from dvfs_kernel.layered_graph.arguments import prepare
from dvfs_kernel.layered_graph.budgeted import solve_budgeted
from dvfs_kernel.layered_graph.budgeted_frontier import budgeted_frontier
from dvfs_kernel.layered_graph.k_best import k_best
from dvfs_kernel.layered_graph.resources import Resources
from dvfs_kernel.layered_graph.sensitivity import shadow_price

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from dvfs_kernel.layered_graph.frontier import Frontier
    from dvfs_kernel.layered_graph.sensitivity import ShadowPrice
    from dvfs_kernel.layered_graph.solution import Solution

__all__ = ["LayeredGraph"]


class LayeredGraph:
    """A choice of one option per layer, where neighbouring choices can cost a switch.

    A schedule takes one option j of every layer k = 1 … n. Its time is, summed in this order,
    the entry time of the first option's state, then for each layer the time of its option and
    the switching time from its state to the next option's, at last the exit time; its energy is
    the same sum of energies. What is asked is the least energy within a bound on time.

    Without states and switching this is the multiple-choice knapsack problem (H. Kellerer,
    U. Pferschy, D. Pisinger, "Knapsack Problems", Springer 2004, chapter 11).

    Parameters
    ----------
    time, energy
        (layers, options), or one array per layer: cost of each option. Finite; times are not
        negative. Any unit, but one throughout.
    state
        The same shape: which state (clock setting) each option is in, 0 … states − 1. Without
        it, all options are in state 0.
    switch_time, switch_energy
        (states, states) from a state (row) to the state of the next layer's option (column), or
        (layers − 1, states, states) if boundaries between layers differ. Infinite: not allowed.
        The diagonal, staying, may cost too. Left out: nothing.
    entry_time, entry_energy, exit_time, exit_energy
        (states,) before the first layer and after the last. Infinite: not allowed. Left out:
        nothing.
    resources
        What options take beside time and energy, by name: each value has the shape of ``time``.
        Finite numbers of any unit and sign; a schedule takes their sum. Budgets for them are
        given to `solve` and `frontier`.

    Raises
    ------
    LayeredGraphError
        Shapes do not agree, a layer is empty, or a number is NaN, infinite or negative where it
        may not be.
    UnreachableError
        Forbidden switches leave no schedule at all.

    Examples
    --------
    Two layers; state 0 is slow and frugal, state 1 fast, and changing costs one unit of time:

    >>> graph = LayeredGraph(
    ...     time=[[8.0, 3.0], [6.0, 2.0]],
    ...     energy=[[1.0, 4.0], [2.0, 5.0]],
    ...     state=[[0, 1], [0, 1]],
    ...     switch_time=[[0.0, 1.0], [1.0, 0.0]],
    ... )
    >>> graph.solve(bound=12.0)
    Solution(choice=[0, 1], time=11.0, energy=6.0, status='optimal', lower_bound=6.0)
    >>> graph.frontier().energy
    array([9., 6., 3.])
    """

    def __init__(
        self,
        time: ArrayLike | Sequence[ArrayLike],
        energy: ArrayLike | Sequence[ArrayLike],
        state: ArrayLike | Sequence[ArrayLike] | None = None,
        *,
        switch_time: ArrayLike | None = None,
        switch_energy: ArrayLike | None = None,
        entry_time: ArrayLike | None = None,
        entry_energy: ArrayLike | None = None,
        exit_time: ArrayLike | None = None,
        exit_energy: ArrayLike | None = None,
        resources: Mapping[str, ArrayLike | Sequence[ArrayLike]] | None = None,
    ) -> None:
        self._prepared = prepare(
            time,
            energy,
            state,
            switch=(switch_time, switch_energy),
            entry=(entry_time, entry_energy),
            leave=(exit_time, exit_energy),
        )
        self._resources = Resources.of(resources, self._prepared.sizes)

    # ---- what it is ----------------------------------------------------------------------------

    @property
    def layers(self) -> int:
        """Number of layers."""
        return self._prepared.layers

    @property
    def options(self) -> tuple[int, ...]:
        """Number of options of each layer."""
        return tuple(self._prepared.sizes.tolist())

    @property
    def states(self) -> int:
        """Number of states."""
        return self._prepared.states

    @property
    def resources(self) -> tuple[str, ...]:
        """Names of the resources."""
        return self._resources.names

    @property
    def least_time(self) -> float:
        """Time of the quickest schedule: the least bound that can be kept."""
        return self._prepared.least_time

    def __repr__(self) -> str:
        return (
            f"LayeredGraph({self.layers} layers, {sum(self.options)} options, {self.states} states)"
        )

    def option(self, layer: int, index: int) -> tuple[float, float, int]:
        """Return time, energy and state of one option."""
        arrays = self._prepared
        place = arrays.first[layer] + index
        return float(arrays.time[place]), float(arrays.energy[place]), int(arrays.state[place])

    def option_resources(self, layer: int, index: int) -> dict[str, float]:
        """Return what one option takes of each resource."""
        place = self._prepared.first[layer] + index
        return self._resources.totals(np.array([place]))

    def evaluate(self, choice: ArrayLike) -> tuple[float, float]:
        """Return time and energy of a schedule, summed in the order of the layers.

        Parameters
        ----------
        choice
            (layers,) index of the option taken in each layer.

        Raises
        ------
        LayeredGraphError
            The choice has another number of layers, or takes an option that does not exist.
        """
        chosen = np.asarray(choice)
        if chosen.shape != (self.layers,) or chosen.dtype.kind not in "iu":
            raise LayeredGraphError(
                f"choice has shape {chosen.shape} and type {chosen.dtype}; "
                f"it must be {self.layers} integers"
            )
        outside = np.flatnonzero((chosen < 0) | (chosen >= self._prepared.sizes))
        if outside.size:
            layer = int(outside[0])
            raise LayeredGraphError(
                f"choice takes option {chosen[layer]} of layer {layer}, "
                f"which has options 0 … {self.options[layer] - 1}"
            )
        return self._prepared.evaluate(chosen.astype(np.int64))

    def switch_cost(self, boundary: int, origin: int, target: int) -> tuple[float, float]:
        """Return time and energy of a switch after layer ``boundary``; infinite: forbidden."""
        arrays = self._prepared
        place = (boundary if arrays.switch_time.shape[0] > 1 else 0, origin, target)
        return float(arrays.switch_time[place]), float(arrays.switch_energy[place])

    def entry_cost(self, state: int) -> tuple[float, float]:
        """Return time and energy of entering the first layer in a state."""
        return float(self._prepared.entry[0, state]), float(self._prepared.entry[1, state])

    def exit_cost(self, state: int) -> tuple[float, float]:
        """Return time and energy of leaving the last layer in a state."""
        return float(self._prepared.leave[0, state]), float(self._prepared.leave[1, state])

    # ---- what it is asked ----------------------------------------------------------------------

    def solve(
        self,
        bound: float,
        *,
        budgets: Mapping[str, float] | None = None,
        tolerance: float = 0.0,
        time_limit_s: float | None = None,
        label_limit: int = 50_000_000,
    ) -> Solution:
        """Find the schedule of least energy whose time is at most ``bound``.

        Parameters
        ----------
        bound
            Most time of the whole schedule; compared exactly with the sum of `evaluate`.
        budgets
            Most that the schedule takes of resources, by name; compared exactly with their sums
            from the first layer to the last. Infinite or left out: any amount.
        tolerance
            Stop when the energy is proved to be within this fraction of the least.
        time_limit_s
            Stop after this time with the best schedule found and the proved gap.
        label_limit
            Stop likewise when a search would keep more partial schedules than this, or take up
            more memory than 16 bytes for each of so many: 0.8 GB if it is left out.

        Raises
        ------
        InfeasibleBoundError
            No schedule keeps the bound; the error carries the least time that is possible.
        InfeasibleBudgetError
            No schedule keeps a budget, or all limits together; the error carries what is possible.
        SearchTooLargeError
            A search with budgets was stopped before it found any schedule that keeps them.

        Examples
        --------
        >>> graph = LayeredGraph(time=[[4, 2], [5, 1]], energy=[[1, 3], [2, 7]])
        >>> graph.solve(7).choice.tolist()
        [1, 0]
        >>> graph.solve(2)
        Traceback (most recent call last):
        ...
        dvfs_kernel.errors.InfeasibleBoundError: no schedule keeps the bound 2.0; the least ...
        """
        found = solve_budgeted(
            self._prepared,
            self._resources,
            bound,
            self._resources.budgets(budgets),
            tolerance,
            time_limit_s,
            label_limit,
        )
        return self._with_resources(found)

    def _with_resources(self, solution: Solution) -> Solution:
        if not self._resources.names:
            return solution
        prices = solution.resource_multipliers or dict.fromkeys(self._resources.names, 0.0)
        taken = self._resources.totals(self._prepared.places(solution.choice))
        return replace(solution, resources=taken, resource_multipliers=prices)

    def frontier(
        self,
        *,
        budgets: Mapping[str, float] | None = None,
        epsilon: float = 0.0,
        longest: float = np.inf,
        time_limit_s: float | None = None,
        label_limit: int = 50_000_000,
    ) -> Frontier:
        """Find the least energy for every bound on time at once.

        Parameters
        ----------
        budgets
            As for `solve`. Where all partial schedules that keep them can be held, the frontier
            is found in one search; else bound by bound, widest gap first, which is exact, too, if
            no limit ends it.
        epsilon
            Energy by which the frontier may lie above the exact one, at any bound.
        longest
            Bounds above this one are of no interest.
        time_limit_s, label_limit
            As for `solve`: the frontier is then the best found, with its proved error.

        Examples
        --------
        >>> graph = LayeredGraph(time=[[4, 2], [5, 1]], energy=[[1, 3], [2, 7]])
        >>> frontier = graph.frontier()
        >>> frontier.time.tolist(), frontier.energy.tolist()
        ([3.0, 5.0, 7.0, 9.0], [10.0, 8.0, 5.0, 3.0])
        >>> frontier.at(8.0)
        Solution(choice=[1, 0], time=7.0, energy=5.0, status='optimal', lower_bound=5.0)
        """
        return budgeted_frontier(
            self._prepared,
            self._resources,
            self._resources.budgets(budgets),
            epsilon,
            longest,
            time_limit_s,
            label_limit,
        )

    def k_best(
        self,
        bound: float,
        count: int,
        *,
        time_limit_s: float | None = None,
        label_limit: int = 50_000_000,
    ) -> list[Solution]:
        """Find the ``count`` distinct schedules of least energy within a bound, best first.

        Schedules are distinct if they differ in any option, even if time and energy are equal;
        among equal energies less time comes first. Fewer are returned if there are no more.
        There are no budgets here: what each schedule takes is in its ``resources``.

        Raises
        ------
        InfeasibleBoundError
            No schedule keeps the bound.
        SearchTooLargeError
            ``time_limit_s`` or ``label_limit`` (as for `solve`) ended the search: a list that may
            not be that of the best is no answer.

        Examples
        --------
        >>> graph = LayeredGraph(time=[[4, 2], [5, 1]], energy=[[1, 3], [2, 7]])
        >>> [solution.energy for solution in graph.k_best(bound=7, count=5)]
        [5.0, 8.0, 10.0]
        """
        found = k_best(self._prepared, bound, count, time_limit_s, label_limit)
        return [self._with_resources(solution) for solution in found]

    def shadow_price(
        self, bound: float, step: float, *, budgets: Mapping[str, float] | None = None
    ) -> ShadowPrice:
        """Find what a little more, and a little less, time is worth at a bound.

        Parameters
        ----------
        bound, step
            The bound, and by how much it is moved both ways.
        budgets
            As for `solve`; they stay where they are.

        Examples
        --------
        >>> graph = LayeredGraph(time=[[4, 2], [5, 1]], energy=[[1, 3], [2, 7]])
        >>> price = graph.shadow_price(bound=7, step=2)
        >>> price.saved_by_more, price.lost_by_less
        (2.0, 3.0)
        """
        return shadow_price(lambda moved: self.solve(moved, budgets=budgets), bound, step)
