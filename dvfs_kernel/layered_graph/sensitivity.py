"""What a little more time is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError
from dvfs_kernel.layered_graph.solve import solve

if TYPE_CHECKING:
    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.solution import Solution

__all__ = ["ShadowPrice", "shadow_price"]

_LABEL_LIMIT = 50_000_000


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


def shadow_price(problem: Prepared, bound: float, step: float) -> ShadowPrice:
    """Find the worth of time (see `LayeredGraph.shadow_price`)."""
    if not 0.0 < step < np.inf:
        raise LayeredGraphError(f"step is {step}; it must be positive and finite")
    here = solve(problem, bound, 0.0, None, _LABEL_LIMIT)
    more = solve(problem, bound + step, 0.0, None, _LABEL_LIMIT)
    lost = np.inf
    if bound - step >= problem.least_time:
        lost = solve(problem, bound - step, 0.0, None, _LABEL_LIMIT).energy - here.energy
    return ShadowPrice(
        float(bound), float(step), here, here.energy - more.energy, lost, here.multiplier
    )
