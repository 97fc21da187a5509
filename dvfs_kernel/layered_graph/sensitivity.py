"""What a little more time is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import (
    InfeasibleBoundError,
    InfeasibleBudgetError,
    LayeredGraphError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.layered_graph.solution import Solution

__all__ = ["ShadowPrice", "shadow_price"]


@dataclass(frozen=True)
class ShadowPrice:
    """The worth of time at a bound.

    Parameters
    ----------
    bound, step
        The bound, and by how much it was moved.
    solution
        The optimum at the bound.
    saved_by_more
        Energy saved if the bound is ``step`` later: exact, of whole schedules.
    lost_by_less
        Energy lost if it is ``step`` earlier; infinite if no schedule is that quick.
    multiplier
        Slope of the lower convex hull of all schedules at the bound, energy per unit of time:
        what a little time is worth on average, free of the steps of single schedules.
    """

    bound: float
    step: float
    solution: Solution
    saved_by_more: float
    lost_by_less: float
    multiplier: float


def shadow_price(solve: Callable[[float], Solution], bound: float, step: float) -> ShadowPrice:
    """Find the worth of time (see `LayeredGraph.shadow_price`).

    Parameters
    ----------
    solve
        Returns the optimum within a bound on time.
    """
    if not 0.0 < step < np.inf:
        raise LayeredGraphError(f"step is {step}; it must be positive and finite")
    here, more = solve(bound), solve(bound + step)
    try:
        lost = solve(bound - step).energy - here.energy
    except (InfeasibleBoundError, InfeasibleBudgetError):
        lost = np.inf
    return ShadowPrice(
        float(bound), float(step), here, here.energy - more.energy, lost, here.multiplier
    )
