"""Energies that are all multiples of one unit: then bounds can be rounded up to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dvfs_kernel.layered_graph.compact import Graph

__all__ = ["Lattice"]

_EXACT_MAX = 2.0**52  # sums of whole numbers below this are exact in binary64


@dataclass(frozen=True)
class Lattice:
    """The values that the energy of a whole path can have: ``base + i · unit``.

    Parameters
    ----------
    base
        The energy of some path, up to a multiple of the unit.
    unit
        0 if energies are real numbers, of which nothing of the kind can be said.
    """

    base: float
    unit: float

    @classmethod
    def of(cls, graph: Graph, slack: float) -> Lattice:
        """Find the unit of whole-number energies, as their greatest common divisor.

        There is none if bounds are so uncertain (``slack``) that rounding them up gains nothing.
        """
        states = graph.entry.shape[1]
        layers = (graph.start.size - 1) // states
        extra = np.concatenate(
            [graph.switch_energy.ravel(), graph.entry[1].ravel(), graph.leave[1].ravel()]
        )
        extra = extra[np.isfinite(extra)]
        if not (_whole(graph.energy) and _whole(extra)):
            return cls(0.0, 0.0)
        first = graph.start[:-1:states]
        largest = np.maximum.reduceat(np.abs(graph.energy), first).sum()
        largest += (layers + 2) * np.abs(extra).max(initial=0.0)
        if largest >= _EXACT_MAX:
            return cls(0.0, 0.0)
        # energies relative to each layer's first option; a constant per layer moves the base only
        sizes = graph.start[states::states] - first
        base = graph.energy[first]
        relative = graph.energy - np.repeat(base, sizes)
        values = np.concatenate([relative, extra]).astype(np.int64)
        unit = float(max(int(np.gcd.reduce(np.abs(values))), 1))
        return cls(float(base.sum()), unit if 4.0 * slack < unit else 0.0)

    def at_least(self, bound: float, slack: float) -> float:
        """Return the least possible energy that is not below a bound, itself uncertain by slack."""
        if self.unit == 0.0:
            return bound
        return self.base + float(np.ceil((bound - slack - self.base) / self.unit)) * self.unit


def _whole(values: NDArray[np.float64]) -> bool:
    return bool((values == np.rint(values)).all())
