"""What callers may ask for: bounds on time, and limits of searches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import InfeasibleBoundError, LayeredGraphError, SearchTooLargeError

if TYPE_CHECKING:
    from dvfs_kernel.layered_graph.prepared import Prepared
    from dvfs_kernel.layered_graph.solution import Status

__all__ = ["ALL_LIMITS", "checked_bound", "checked_limit", "nothing_found"]

ALL_LIMITS = "the bound and all budgets"


def checked_bound(problem: Prepared, bound: float) -> float:
    """Return the bound as a float.

    Raises
    ------
    LayeredGraphError
        It is not a number.
    InfeasibleBoundError
        It is less than the least time.
    """
    value = float(bound)
    if np.isnan(value):
        raise LayeredGraphError("the bound is NaN; it must be a number, or inf for none")
    if value < problem.least_time:
        raise InfeasibleBoundError(value, problem.least_time)
    return value


def checked_limit(time_limit_s: float | None) -> float:
    """Return a time limit in seconds, infinite if there is none.

    Raises
    ------
    LayeredGraphError
        It is negative or not a number.
    """
    limit = np.inf if time_limit_s is None else float(time_limit_s)
    if not limit >= 0.0:
        raise LayeredGraphError(f"time_limit_s is {time_limit_s}; it must not be negative")
    return limit


def nothing_found(limit: Status, what: str) -> SearchTooLargeError:
    """Return the error for a search that a limit ended before it found any schedule.

    Parameters
    ----------
    what
        What a schedule would have to keep.
    """
    return SearchTooLargeError(
        f"the search ended by its {limit} before a schedule was found that keeps {what}, and "
        "before it was proved that there is none; give it more, or ask for less"
    )
