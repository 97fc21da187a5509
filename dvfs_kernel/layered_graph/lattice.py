"""Whole-number costs: the energies that are possible at all, up to which bounds can be raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph

    Floats = NDArray[np.float64]

__all__ = ["EXACT_MAX", "Lattice", "sums_are_exact"]

EXACT_MAX = 2.0**49  # sums of whole numbers below this are exact in binary64, with room to spare
_WEIGHTS = (1, 2, 3, 4)  # multiples of time that are tried


@dataclass(frozen=True)
class Lattice:
    """The values that ``energy + weight · time`` of a whole path can have: base + i · unit.

    Parameters
    ----------
    unit
        Of the energy itself; 0 if energies are real numbers, of which nothing can be said.
    parts
        (weight, base, unit) for weight 0, and for others if times are whole numbers too.
    """

    unit: float
    parts: tuple[tuple[float, float, float], ...] = ()

    @classmethod
    def of(cls, graph: Graph, slack: float, *, with_time: bool) -> Lattice:
        """Find the units, as greatest common divisors.

        There are none if bounds are so uncertain (``slack``) that raising them gains nothing.
        """
        if not sums_are_exact(graph, graph.energy, _extra(graph, 0.0)):
            return cls(0.0)
        parts = [_part(graph, 0.0)]
        if 4.0 * slack >= parts[0][2]:
            return cls(0.0)
        if with_time:
            parts += [_part(graph, float(weight)) for weight in _WEIGHTS]
        return cls(parts[0][2], tuple(parts))

    def at_least(self, lower: float, slack: float, price: float, bound: float) -> float:
        """Raise the Lagrangian bound on the energy at a price to a possible value.

        A path within the bound has ``energy + price · time ≥ lower + price · bound``, so for a
        weight w ≤ price also ``energy + w · time ≥ lower + w · bound``. That sum is one of the
        lattice's values, at least the next one v; and ``energy ≥ v − w · bound``. The bound at
        the price is known but for ``slack``.
        """
        raised = lower - slack
        for weight, base, unit in self.parts:
            if weight <= price:
                least = lower + weight * bound - slack
                value = base + float(np.ceil((least - base) / unit)) * unit
                raised = max(raised, value - weight * bound)
        return raised


def _extra(graph: Graph, weight: float) -> tuple[Floats, ...]:
    if weight == 0.0:
        return (graph.switch_energy, graph.entry[1], graph.leave[1])
    return (
        graph.switch_energy + weight * graph.switch_time,
        graph.entry[1] + weight * graph.entry[0],
        graph.leave[1] + weight * graph.leave[0],
    )


def _part(graph: Graph, weight: float) -> tuple[float, float, float]:
    # relative to each layer's first option: a constant per layer moves the base only
    states = graph.entry.shape[1]
    first = graph.start[:-1:states]
    costs = graph.energy + weight * graph.time
    relative = costs - np.repeat(costs[first], graph.start[states::states] - first)
    values = np.concatenate([relative, _finite(_extra(graph, weight))]).astype(np.int64)
    unit = int(np.gcd.reduce(np.abs(values)))
    return weight, float(costs[first].sum()), float(max(unit, 1))


def sums_are_exact(graph: Graph, costs: Floats, extra: tuple[Floats, ...]) -> bool:
    """Tell whether costs are whole numbers whose sums over paths stay exact, in any order."""
    others = _finite(extra)
    if not ((costs == np.rint(costs)).all() and (others == np.rint(others)).all()):
        return False
    states = graph.entry.shape[1]
    layers = (graph.start.size - 1) // states
    largest = np.maximum.reduceat(np.abs(costs), graph.start[:-1:states]).sum()
    return bool(largest + (layers + 2) * np.abs(others).max(initial=0.0) < EXACT_MAX)


def _finite(arrays: tuple[Floats, ...]) -> Floats:
    joined = np.concatenate([array.ravel() for array in arrays])
    finite: Floats = joined[np.isfinite(joined)]
    return finite
