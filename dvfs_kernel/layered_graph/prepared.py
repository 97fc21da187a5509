"""A layered graph in the form in which searches start from it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import UnreachableError
from dvfs_kernel.layered_graph.compact import Graph, total, undominated
from dvfs_kernel.layered_graph.lattice import Lattice, sums_are_exact
from dvfs_kernel.layered_graph.potentials import quickest, steepest_price

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Prepared"]

_COST_MAX = 1e290  # of price times time
_LEAST = 5e-324  # the least positive number
_PRICE_LEAST = 1e-300  # of those that are not 0


class Prepared:
    """Checked arrays, the graph without dominated options, and what follows from them once.

    Parameters
    ----------
    time, energy, state
        (options) of all layers, end to end.
    sizes
        (layers) number of options.
    switch_time, switch_energy
        (1 or layers − 1, states, states).
    entry, leave
        (2, states) time and energy.

    Attributes
    ----------
    first
        (layers + 1) where each layer's options start.
    sorted, order
        The graph of all options, and the index of each of its options in ``time``.
    graph, kept
        The graph without dominated options, likewise.
    least_time, quickest
        The least time of any schedule, and the path in ``graph`` that has it.

    Raises
    ------
    UnreachableError
        Forbidden switches leave no schedule at all.
    """

    def __init__(
        self,
        time: Floats,
        energy: Floats,
        state: Ints,
        sizes: Ints,
        switch_time: Floats,
        switch_energy: Floats,
        entry: Floats,
        leave: Floats,
    ) -> None:
        self.time, self.energy, self.state, self.sizes = time, energy, state, sizes
        self.switch_time, self.switch_energy = switch_time, switch_energy
        self.entry, self.leave = entry, leave
        self.layers, self.states = int(sizes.size), int(entry.shape[1])
        self.first = np.concatenate([[0], np.cumsum(sizes)])
        group = np.repeat(np.arange(self.layers), sizes) * self.states + state
        self.order = np.lexsort((energy, time, group))
        counts = np.bincount(group, minlength=self.layers * self.states)
        self.sorted = Graph(
            time[self.order],
            energy[self.order],
            np.concatenate([[0], np.cumsum(counts)]),
            switch_time,
            switch_energy,
            entry,
            leave,
        )
        self.graph, kept = undominated(self.sorted, 1)
        self.kept = self.order[kept]
        least_time, self.quickest = quickest(self.graph)
        self.least_time = float(least_time)
        if self.least_time == np.inf:
            raise UnreachableError(
                "every schedule takes a forbidden (infinite) switch, entry or exit; "
                "at least one chain of allowed switches must go through all layers"
            )

    def with_times(self, time: Floats) -> Prepared:
        """Return the same with other times of the options."""
        return Prepared(
            time,
            self.energy,
            self.state,
            self.sizes,
            self.switch_time,
            self.switch_energy,
            self.entry,
            self.leave,
        )

    def for_time(self) -> Prepared:
        """Return the same with times in place of energies: its best schedule is the quickest."""
        return Prepared(
            self.time,
            self.time,
            self.state,
            self.sizes,
            self.switch_time,
            self.switch_time,
            np.array([self.entry[0], self.entry[0]]),
            np.array([self.leave[0], self.leave[0]]),
        )

    def places(self, choice: Ints) -> Ints:
        """Return where the options of a schedule are in ``time``."""
        return self.first[:-1] + choice

    def evaluate(self, choice: Ints) -> tuple[float, float]:
        """Return time and energy of a schedule, summed in the order of the layers."""
        place = self.places(choice)
        time, energy = total(
            self.time[place],
            self.energy[place],
            self.state[place],
            self.switch_time,
            self.switch_energy,
            self.entry,
            self.leave,
        )
        return float(time), float(energy)

    def choice(self, path: Ints) -> Ints:
        """Return the options of the layers for a path in ``graph``."""
        choice: Ints = self.kept[path] - self.first[:-1]
        return choice

    def lower_bound(self, bound: float, deadline_s: float) -> float:
        """Return the Lagrangian bound on the energy within a bound on time; −inf if out of time."""
        price, lower, _ = steepest_price(self.graph, self.reach(bound), self.price_most, deadline_s)
        return float(lower - self.slack_at(np.array([price])))

    def finite(self, bound: float) -> float:
        """Return the bound, or a finite one that no schedule exceeds if that is less."""
        return min(bound, self.size[0] + self.slack[0])

    def reach(self, bound: float) -> float:
        """Return what sums of times in another order can come to within a bound."""
        return self.finite(bound) + self.slack[0]

    @cached_property
    def price_most(self) -> float:
        """The highest price at which the cost of time does not overflow."""
        return float(_COST_MAX / max(self.finite(np.inf), 1.0))

    @cached_property
    def price_of_everything(self) -> float:
        """The price at which all time there is costs as much as all energy, or 1."""
        time, energy = self.size
        if not (time > 0.0 and energy > 0.0):
            return min(1.0, self.price_most)
        usual = self.price_most if time * self.price_most <= energy else energy / time
        return max(usual, _PRICE_LEAST)

    def slack_at(self, prices: Floats) -> float:
        """Bound on the rounding error of costs ``energy + price · time`` at these prices."""
        slack_time, slack_energy = self.slack
        return slack_energy + float(prices.max()) * slack_time

    @cached_property
    def least_energy(self) -> float:
        """An energy that no schedule is below, found without looking at paths."""
        per_layer = np.minimum.reduceat(self.energy, self.first[:-1])
        switch = self.switch_energy[np.isfinite(self.switch_energy)].min(initial=0.0)
        least = float(per_layer.sum()) + (self.layers - 1) * float(switch)
        for end in (self.entry[1], self.leave[1]):
            least += float(end[np.isfinite(end)].min(initial=0.0))
        return least - self.slack[1]

    @cached_property
    def lattice(self) -> Lattice:
        """The energies that are possible, if all numbers are whole."""
        return Lattice.of(self.graph, self.slack[1], with_time=self.times_are_whole)

    @cached_property
    def times_are_whole(self) -> bool:
        """Whether sums of times are exact, in any order."""
        graph = self.graph
        return sums_are_exact(
            graph, graph.time, (graph.switch_time, graph.entry[0], graph.leave[0])
        )

    @cached_property
    def any_order(self) -> bool:
        """Whether the layers may be taken in any order, without changing any sum."""
        costs = (self.switch_time, self.switch_energy, self.entry, self.leave)
        return (
            self.states == 1
            and not any(part.any() for part in costs)
            and self.lattice.unit > 0.0
            and self.times_are_whole
        )

    @cached_property
    def size(self) -> tuple[float, float]:
        """The largest sizes that sums of times and of energies can have, but for rounding."""
        ends = zip(self.entry, self.leave, strict=True)
        sums = []
        for values, switch, (entry, leave) in zip(
            (self.time, self.energy), (self.switch_time, self.switch_energy), ends, strict=True
        ):
            per_layer = np.maximum.reduceat(np.abs(values), self.first[:-1])
            largest = float(per_layer.sum()) + (self.layers - 1) * _largest(switch)
            sums.append(largest + _largest(entry) + _largest(leave))
        return sums[0], sums[1]

    @property
    def roundings(self) -> float:
        """How far sums of a path's numbers can be off, as a part of the sum of their sizes."""
        return float(8.0 * (2 * self.layers + 8) * np.finfo(np.float64).eps)

    @cached_property
    def slack(self) -> tuple[float, float]:
        """Bounds on the rounding error of sums of times and of energies, in any order.

        A sum of m numbers errs by at most (m − 1) · u times the sum of their sizes, u being half
        of eps (N. J. Higham, "Accuracy and Stability of Numerical Algorithms", SIAM 2002,
        section 4.2); a bound adds up to three such sums, and lines between bounds cross some
        roundings of the same size off. A product of price and time can also err by half of the
        least positive number, which a relative bound does not see.
        """
        time, energy = self.size
        terms = self.roundings / np.finfo(np.float64).eps
        return self.roundings * time, self.roundings * energy + terms * _LEAST


def _largest(costs: Floats) -> float:
    return float(np.abs(costs[np.isfinite(costs)]).max(initial=0.0))
