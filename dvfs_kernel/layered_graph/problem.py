"""The layered graph: layers of options with times and energies, and the cost of switching."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError, UnreachableError
from dvfs_kernel.layered_graph.compact import Graph, total, undominated
from dvfs_kernel.layered_graph.frontier import frontier
from dvfs_kernel.layered_graph.k_best import k_best
from dvfs_kernel.layered_graph.lattice import Lattice, sums_are_exact
from dvfs_kernel.layered_graph.potentials import quickest, steepest_price
from dvfs_kernel.layered_graph.sensitivity import shadow_price
from dvfs_kernel.layered_graph.solve import solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from dvfs_kernel.layered_graph.frontier import Frontier
    from dvfs_kernel.layered_graph.sensitivity import ShadowPrice
    from dvfs_kernel.layered_graph.solution import Solution

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["LayeredGraph"]

_MAGNITUDE_MAX = 1e150  # sums and products of such numbers stay finite


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
    ) -> None:
        times, sizes = _ragged("time", time, np.float64)
        energies, energy_sizes = _ragged("energy", energy, np.float64)
        _check_sizes("energy", energy_sizes, sizes)
        _check_finite("time", times, sizes)
        _check_finite("energy", energies, sizes)
        _check_not_negative("time", times, sizes)
        states = np.zeros(times.size, np.int64)
        if state is not None:
            states, state_sizes = _ragged("state", state, np.int64)
            _check_sizes("state", state_sizes, sizes)
        self._assemble(
            times,
            energies,
            states,
            sizes,
            (switch_time, switch_energy),
            (entry_time, entry_energy),
            (exit_time, exit_energy),
        )

    def _assemble(
        self,
        times: Floats,
        energies: Floats,
        states: Ints,
        sizes: Ints,
        switch: tuple[ArrayLike | None, ArrayLike | None],
        entry: tuple[ArrayLike | None, ArrayLike | None],
        leave: tuple[ArrayLike | None, ArrayLike | None],
    ) -> None:
        layers = sizes.size
        self._sizes = sizes
        self._first = np.concatenate([[0], np.cumsum(sizes)])
        self._time, self._energy, self._state = times, energies, states
        count = _state_count(states, sizes, switch, (*entry, *leave))
        self._switch = _switching(switch, layers, count)
        self._entry = _ends("entry", entry, count)
        self._leave = _ends("exit", leave, count)
        layer = np.repeat(np.arange(layers), sizes)
        group = layer * count + states
        order = np.lexsort((energies, times, group))
        start = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=layers * count))])
        self._order = order
        self._sorted = Graph(
            times[order], energies[order], start, *self._switch, self._entry, self._leave
        )
        self._graph, kept = undominated(self._sorted, 1)
        self._kept = order[kept]
        least_time, self._quickest = quickest(self._graph)
        self.least_time = float(least_time)
        if self.least_time == np.inf:
            raise UnreachableError(
                "every schedule takes a forbidden (infinite) switch, entry or exit; "
                "at least one chain of allowed switches must go through all layers"
            )

    @classmethod
    def _of_signed(cls, time: ArrayLike, energy: ArrayLike) -> LayeredGraph:
        """Return a graph without states whose times may be negative (a demand, not a limit)."""
        self = cls.__new__(cls)
        times, sizes = _ragged("weight", time, np.float64)
        energies, energy_sizes = _ragged("cost", energy, np.float64)
        _check_sizes("cost", energy_sizes, sizes)
        _check_finite("weight", times, sizes)
        _check_finite("cost", energies, sizes)
        nothing = (None, None)
        states = np.zeros(times.size, np.int64)
        self._assemble(times, energies, states, sizes, nothing, nothing, nothing)
        return self

    # ---- what it is ----------------------------------------------------------------------------

    @property
    def layers(self) -> int:
        """Number of layers."""
        return int(self._sizes.size)

    @property
    def options(self) -> tuple[int, ...]:
        """Number of options of each layer."""
        return tuple(self._sizes.tolist())

    @property
    def states(self) -> int:
        """Number of states."""
        return int(self._entry.shape[1])

    def __repr__(self) -> str:
        return (
            f"LayeredGraph({self.layers} layers, {int(self._sizes.sum())} options, "
            f"{self.states} states)"
        )

    def option(self, layer: int, index: int) -> tuple[float, float, int]:
        """Return time, energy and state of one option."""
        place = self._first[layer] + index
        return float(self._time[place]), float(self._energy[place]), int(self._state[place])

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
        outside = np.flatnonzero((chosen < 0) | (chosen >= self._sizes))
        if outside.size:
            layer = int(outside[0])
            raise LayeredGraphError(
                f"choice takes option {chosen[layer]} of layer {layer}, "
                f"which has options 0 … {self._sizes[layer] - 1}"
            )
        place = self._first[:-1] + chosen.astype(np.int64)
        time, energy = total(
            self._time[place],
            self._energy[place],
            self._state[place],
            *self._switch,
            self._entry,
            self._leave,
        )
        return float(time), float(energy)

    def switch_cost(self, boundary: int, origin: int, target: int) -> tuple[float, float]:
        """Return time and energy of a switch after layer ``boundary``; infinite: forbidden."""
        matrix = boundary if self._switch[0].shape[0] > 1 else 0
        time, energy = (part[matrix, origin, target] for part in self._switch)
        return float(time), float(energy)

    def entry_cost(self, state: int) -> tuple[float, float]:
        """Return time and energy of entering the first layer in a state."""
        return float(self._entry[0, state]), float(self._entry[1, state])

    def exit_cost(self, state: int) -> tuple[float, float]:
        """Return time and energy of leaving the last layer in a state."""
        return float(self._leave[0, state]), float(self._leave[1, state])

    # ---- what it is asked ----------------------------------------------------------------------

    def solve(
        self,
        bound: float,
        *,
        tolerance: float = 0.0,
        time_limit_s: float | None = None,
        label_limit: int = 50_000_000,
    ) -> Solution:
        """Find the schedule of least energy whose time is at most ``bound``.

        Parameters
        ----------
        bound
            Most time of the whole schedule; compared exactly with the sum of `evaluate`.
        tolerance
            Stop when the energy is proved to be within this fraction of the least.
        time_limit_s
            Stop after this time with the best schedule found and the proved gap.
        label_limit
            Stop likewise when a search would hold more partial schedules (16 bytes or so each).

        Raises
        ------
        InfeasibleBoundError
            No schedule keeps the bound; the error carries the least time that is possible.

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
        return solve(self, bound, tolerance, time_limit_s, label_limit)

    def frontier(
        self,
        *,
        epsilon: float = 0.0,
        longest: float = np.inf,
        time_limit_s: float | None = None,
        label_limit: int = 50_000_000,
    ) -> Frontier:
        """Find the least energy for every bound on time at once.

        Parameters
        ----------
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
        return frontier(self, epsilon, longest, time_limit_s, label_limit)

    def k_best(
        self, bound: float, count: int, *, label_limit: int = 50_000_000
    ) -> list[Solution]:
        """Find the ``count`` distinct schedules of least energy within a bound, best first.

        Schedules are distinct if they differ in any option, even if time and energy are equal;
        among equal energies less time comes first. Fewer are returned if there are no more.

        Raises
        ------
        InfeasibleBoundError
            No schedule keeps the bound.
        SearchTooLargeError
            More than ``label_limit`` partial schedules would have to be held.

        Examples
        --------
        >>> graph = LayeredGraph(time=[[4, 2], [5, 1]], energy=[[1, 3], [2, 7]])
        >>> [solution.energy for solution in graph.k_best(bound=7, count=5)]
        [5.0, 8.0, 10.0]
        """
        return k_best(self, bound, count, label_limit)

    def shadow_price(self, bound: float, step: float) -> ShadowPrice:
        """Find what a little more, and a little less, time is worth at a bound.

        Parameters
        ----------
        bound, step
            The bound, and by how much it is moved both ways.

        Examples
        --------
        >>> graph = LayeredGraph(time=[[4, 2], [5, 1]], energy=[[1, 3], [2, 7]])
        >>> price = graph.shadow_price(bound=7, step=2)
        >>> price.saved_by_more, price.lost_by_less
        (2.0, 3.0)
        """
        return shadow_price(self, bound, step)

    # ---- for this package ----------------------------------------------------------------------

    def _with_times(self, times: Floats) -> LayeredGraph:
        """Return the same graph with other times of the options."""
        other = LayeredGraph.__new__(LayeredGraph)
        other._assemble(
            times,
            self._energy,
            self._state,
            self._sizes,
            tuple(part[0] if part.shape[0] == 1 else part for part in self._switch),
            (self._entry[0], self._entry[1]),
            (self._leave[0], self._leave[1]),
        )
        return other

    def _lower_bound(self, bound: float) -> float:
        """Return the Lagrangian bound on the energy within a bound on time."""
        slack_time, slack_energy = self._slack
        bound = min(bound, slack_time / np.finfo(np.float64).eps)
        price, lower, _ = steepest_price(self._graph, bound, slack_time)
        return float(lower - slack_energy - (price + 1.0) * slack_time)

    def _choice(self, path: Ints) -> Ints:
        """Return the options of the layers for options of the reduced graph."""
        choice: Ints = self._kept[path] - self._first[:-1]
        return choice

    @cached_property
    def _lattice(self) -> Lattice:
        return Lattice.of(self._graph, self._slack[1], with_time=self._times_are_whole)

    @cached_property
    def _any_order(self) -> bool:
        """Whether the layers may be taken in any order, without changing any sum."""
        costs = (*self._switch, self._entry, self._leave)
        return (
            self.states == 1
            and not any(part.any() for part in costs)
            and self._lattice.unit > 0.0
            and self._times_are_whole
        )

    @cached_property
    def _times_are_whole(self) -> bool:
        graph = self._graph
        return sums_are_exact(
            graph, graph.time, (graph.switch_time, graph.entry[0], graph.leave[0])
        )

    @cached_property
    def _slack(self) -> tuple[float, float]:
        """Bound on the rounding error of sums of times and of energies (three sums a term)."""
        roundings = 4.0 * (2 * self.layers + 4) * np.finfo(np.float64).eps
        return (
            roundings * _largest_sum(np.abs(self._time), self._first, self._switch[0], self._entry[0], self._leave[0]),
            roundings * _largest_sum(np.abs(self._energy), self._first, self._switch[1], self._entry[1], self._leave[1]),
        )  # fmt: skip


def _largest_sum(
    values: Floats, first: Ints, switch: Floats, entry: Floats, leave: Floats
) -> float:
    def largest(array: Floats) -> float:
        finite = np.abs(array[np.isfinite(array)])
        return float(finite.max(initial=0.0))

    per_layer = np.maximum.reduceat(values, first[:-1])
    return float(per_layer.sum()) + per_layer.size * largest(switch) + largest(entry) + largest(leave)


def _ragged(
    name: str, values: ArrayLike | Sequence[ArrayLike], dtype: type
) -> tuple[NDArray[np.generic], Ints]:
    """Return all layers end to end, and their sizes."""
    try:
        rows = [np.asarray(row) for row in values]  # type: ignore[union-attr]
    except TypeError as error:
        raise LayeredGraphError(
            f"{name} is {values!r}; it must be a 2-D array or one array per layer"
        ) from error
    if not rows:
        raise LayeredGraphError(f"{name} has no layers; at least one is needed")
    for index, row in enumerate(rows):
        if row.ndim != 1:
            raise LayeredGraphError(
                f"{name} of layer {index} has {row.ndim} dimensions; it must have one"
            )
        if row.size == 0:
            raise LayeredGraphError(f"layer {index} has no options; it must have at least one")
        allowed = "iu" if dtype is np.int64 else "iuf"
        if row.dtype.kind not in allowed:
            wanted = "integers" if dtype is np.int64 else "real numbers"
            raise LayeredGraphError(
                f"{name} of layer {index} is of type {row.dtype}; it must be {wanted}"
            )
    sizes = np.array([row.size for row in rows], np.int64)
    return np.ascontiguousarray(np.concatenate(rows), dtype=dtype), sizes


def _check_sizes(name: str, sizes: Ints, expected: Ints) -> None:
    if sizes.size != expected.size:
        raise LayeredGraphError(
            f"{name} has {sizes.size} layers; it must have {expected.size}, as time does"
        )
    wrong = np.flatnonzero(sizes != expected)
    if wrong.size:
        layer = int(wrong[0])
        raise LayeredGraphError(
            f"{name} of layer {layer} has {sizes[layer]} options; "
            f"it must have {expected[layer]}, as time does"
        )


def _place(index: int, sizes: Ints) -> str:
    first = np.concatenate([[0], np.cumsum(sizes)])
    layer = int(np.searchsorted(first, index, side="right")) - 1
    return f"layer {layer}, option {index - first[layer]}"


def _check_finite(name: str, values: Floats, sizes: Ints) -> None:
    wrong = np.flatnonzero(~(np.abs(values) <= _MAGNITUDE_MAX))
    if wrong.size:
        index = int(wrong[0])
        raise LayeredGraphError(
            f"{name} of {_place(index, sizes)} is {values[index]}; "
            f"it must be a finite number, at most {_MAGNITUDE_MAX:g} in size"
        )


def _check_not_negative(name: str, values: Floats, sizes: Ints) -> None:
    wrong = np.flatnonzero(values < 0)
    if wrong.size:
        index = int(wrong[0])
        raise LayeredGraphError(
            f"{name} of {_place(index, sizes)} is {values[index]}; it must not be negative"
        )


def _state_count(
    states: Ints,
    sizes: Ints,
    switch: tuple[ArrayLike | None, ArrayLike | None],
    ends: tuple[ArrayLike | None, ...],
) -> int:
    negative = np.flatnonzero(states < 0)
    if negative.size:
        index = int(negative[0])
        raise LayeredGraphError(
            f"state of {_place(index, sizes)} is {states[index]}; it must not be negative"
        )
    for matrix in (*switch, *ends):
        if matrix is not None:
            shape = np.shape(matrix)
            count = shape[-1] if shape else 0
            if int(states.max()) >= count:
                index = int(states.argmax())
                raise LayeredGraphError(
                    f"state of {_place(index, sizes)} is {states[index]}; "
                    f"switching, entry and exit are given for states 0 … {count - 1}"
                )
            return count
    return 1 if all(matrix is None for matrix in switch) else int(states.max()) + 1


def _cost(name: str, values: ArrayLike, shapes: tuple[tuple[int, ...], ...]) -> Floats:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf":
        raise LayeredGraphError(f"{name} is of type {array.dtype}; it must be real numbers")
    array = np.ascontiguousarray(array, dtype=np.float64)
    if array.shape not in shapes:
        allowed = " or ".join(str(shape) for shape in shapes)
        raise LayeredGraphError(f"{name} has shape {array.shape}; it must have {allowed}")
    wrong = ~((np.abs(array) <= _MAGNITUDE_MAX) | (array == np.inf))
    if "time" in name:
        wrong |= array < 0
    if wrong.any():
        place = tuple(int(index) for index in np.argwhere(wrong)[0])
        kind = "a number that is not negative" if "time" in name else "a finite number"
        raise LayeredGraphError(
            f"{name}{list(place)} is {array[place]}; it must be {kind}, or +inf to forbid it"
        )
    return array


def _switching(
    switch: tuple[ArrayLike | None, ArrayLike | None], layers: int, count: int
) -> tuple[Floats, Floats]:
    one = (count, count)
    shapes = (one, (layers - 1, count, count)) if layers > 1 else (one, (0, count, count), (1, count, count))
    parts = []
    for name, values in zip(("switch_time", "switch_energy"), switch, strict=True):
        array = np.zeros(one) if values is None else _cost(name, values, shapes)
        parts.append(array.reshape(-1, count, count))
    if 0 in (parts[0].shape[0], parts[1].shape[0]):
        parts = [np.zeros((1, count, count))] * 2
    boundaries = max(part.shape[0] for part in parts)
    time, energy = (
        np.array(np.broadcast_to(part, (boundaries, count, count))) for part in parts
    )
    forbidden = np.isinf(time) | np.isinf(energy)
    time[forbidden] = energy[forbidden] = np.inf
    return time, energy


def _ends(name: str, ends: tuple[ArrayLike | None, ArrayLike | None], count: int) -> Floats:
    rows = [
        np.zeros(count) if values is None else _cost(f"{name}_{part}", values, ((count,),))
        for part, values in zip(("time", "energy"), ends, strict=True)
    ]
    both = np.array(rows)
    both[:, np.isinf(both).any(axis=0)] = np.inf
    return both
