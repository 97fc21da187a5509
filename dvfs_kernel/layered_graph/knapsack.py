"""The multiple-choice knapsack problem in its two classic forms.

H. Kellerer, U. Pferschy, D. Pisinger, "Knapsack Problems", Springer 2004, section 11.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import InfeasibleBoundError, LayeredGraphError
from dvfs_kernel.layered_graph.arguments import prepare
from dvfs_kernel.layered_graph.solve import solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from dvfs_kernel.layered_graph.solution import Solution, Status

__all__ = ["Packing", "maximise_profit", "minimise_cost"]

_LABEL_LIMIT = 50_000_000


@dataclass(frozen=True, eq=False)
class Packing:
    """One option of every class, and the certificate of its quality.

    Parameters
    ----------
    choice
        (classes,) index of the option taken in each class.
    weight, value
        Sums of the weights, and of the profits or costs.
    value_bound
        No choice has a higher profit, or a lower cost, than this.
    status
        Why the search ended, as in `Solution`.
    """

    choice: NDArray[np.int64]
    weight: float
    value: float
    value_bound: float
    status: Status


def maximise_profit(
    profit: ArrayLike | Sequence[ArrayLike],
    weight: ArrayLike | Sequence[ArrayLike],
    capacity: float,
    *,
    tolerance: float = 0.0,
    time_limit_s: float | None = None,
) -> Packing:
    """Take one option of every class for the most profit, with at most ``capacity`` weight.

    Parameters
    ----------
    profit, weight
        (classes, options), or one array per class. Finite, of any sign.
    capacity
        Most weight of the whole choice.
    tolerance, time_limit_s
        As for `LayeredGraph.solve`.

    Raises
    ------
    LayeredGraphError
        Shapes do not agree, a class is empty, or a number is NaN or infinite.
    InfeasibleBoundError
        Even the lightest options exceed the capacity; the error carries their weight.

    Examples
    --------
    >>> packing = maximise_profit([[6, 3], [5, 9]], [[4, 1], [2, 6]], capacity=7)
    >>> packing.choice.tolist(), packing.value, packing.weight
    ([1, 1], 12.0, 7.0)
    """
    problem = prepare(weight, _negated(profit), names=("weight", "profit"), signed=True)
    found = solve(problem, capacity, tolerance, time_limit_s, _LABEL_LIMIT)
    return _packing(found, found.time, -found.energy, -found.lower_bound)


def minimise_cost(
    cost: ArrayLike | Sequence[ArrayLike],
    weight: ArrayLike | Sequence[ArrayLike],
    demand: float,
    *,
    tolerance: float = 0.0,
    time_limit_s: float | None = None,
) -> Packing:
    """Take one option of every class for the least cost, with at least ``demand`` weight.

    Parameters
    ----------
    cost, weight
        (classes, options), or one array per class. Finite, of any sign.
    demand
        Least weight of the whole choice.
    tolerance, time_limit_s
        As for `LayeredGraph.solve`.

    Raises
    ------
    LayeredGraphError
        Shapes do not agree, a class is empty, or a number is NaN or infinite.
    InfeasibleBoundError
        Even the heaviest options miss the demand.

    Examples
    --------
    >>> packing = minimise_cost([[6, 3], [5, 9]], [[4, 1], [2, 6]], demand=6)
    >>> packing.choice.tolist(), packing.value, packing.weight
    ([0, 0], 11.0, 6.0)
    """
    problem = prepare(_negated(weight), cost, names=("weight", "cost"), signed=True)
    try:
        found = solve(problem, -demand, tolerance, time_limit_s, _LABEL_LIMIT)
    except InfeasibleBoundError as error:
        raise InfeasibleBoundError(float(demand), -error.least_time, at_least=True) from None
    return _packing(found, -found.time, found.energy, found.lower_bound)


def _negated(values: ArrayLike | Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
    try:
        return [-np.asarray(row, dtype=np.float64) for row in values]  # type: ignore[union-attr]
    except (TypeError, ValueError) as error:
        raise LayeredGraphError(
            "profits and weights must be a 2-D array of numbers or one such array per class"
        ) from error


def _packing(found: Solution, weight: float, value: float, value_bound: float) -> Packing:
    # adding 0 turns a negative zero into a plain one
    return Packing(found.choice, weight + 0.0, value + 0.0, value_bound + 0.0, found.status)
