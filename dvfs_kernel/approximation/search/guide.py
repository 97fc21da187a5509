"""What levels would cost and lose if layers added up, and where to look next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.approximation.search.frontier import hull_walk
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from dvfs_kernel.approximation.search.space import Levels

    Array = npt.NDArray[np.float64]

__all__ = ["Guide", "moves"]


class Guide:
    """What levels would cost and lose if layers added up.

    Parameters
    ----------
    costs
        Of each level of each layer, against level 0.
    errors
        Mean squared difference of outputs, of the same.
    """

    def __init__(self, costs: list[Array], errors: list[Array]) -> None:
        self.costs = costs
        self.errors = errors
        hull = hull_walk(costs, errors)
        self._hull_costs = np.array([self._sum(costs, levels) for levels in hull])
        self._hull_errors = np.array([self._sum(errors, levels) for levels in hull])

    def has(self, levels: Levels) -> bool:
        """Whether each layer's level was tried alone."""
        return all(0 <= level < len(cost) for level, cost in zip(levels, self.costs, strict=True))

    def regret(self, levels: Levels) -> float:
        """Return the error as a multiple of the least there is at the same cost."""
        cost, error = self._sum(self.costs, levels), self._sum(self.errors, levels)
        least = float(np.interp(-cost, -self._hull_costs, self._hull_errors))
        return error / least if least > 0 else float(error > 0)

    @staticmethod
    def _sum(values: list[Array], levels: Levels) -> float:
        return float(ordered_sum(value[level] for value, level in zip(values, levels, strict=True)))


def moves(levels: Levels) -> Iterable[Levels]:
    """Yield levels that differ in one layer, or trade one layer for another."""
    for place, level in enumerate(levels):
        for step in (-2, -1, 1, 2):
            changed = (*levels[:place], level + step, *levels[place + 1 :])
            yield changed
            if abs(step) == 1:
                for other, its in enumerate(changed):
                    if other != place:
                        yield (*changed[:other], its - step, *changed[other + 1 :])
