"""What a search for one bound answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Solution", "Status"]

Status = Literal["optimal", "tolerance", "time limit", "label limit"]


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """A schedule and the certificate of its quality.

    Parameters
    ----------
    choice
        (layers,) index of the option taken in each layer.
    time, energy
        Its sums, in the order of the layers.
    lower_bound
        No schedule within the bound has less energy.
    status
        Why the search ended: ``"optimal"`` (nothing better exists), ``"tolerance"``,
        ``"time limit"`` or ``"label limit"``.
    multiplier
        The Lagrange multiplier of the bound: energy per unit of time, the slope of the lower
        convex hull of all schedules at the bound (0: the bound does not bind).
    resources
        What the schedule takes of each resource of the graph, summed in the order of the layers.
    resource_multipliers
        The same as ``multiplier`` for each resource: energy per unit of its budget.
    """

    choice: NDArray[np.int64]
    time: float
    energy: float
    lower_bound: float
    status: Status
    multiplier: float = 0.0
    resources: dict[str, float] = field(default_factory=dict)
    resource_multipliers: dict[str, float] = field(default_factory=dict)

    @property
    def gap(self) -> float:
        """By how much the energy may exceed the least possible one."""
        return self.energy - self.lower_bound

    def __repr__(self) -> str:
        shown = self.choice.tolist()
        listed = f"[{', '.join(map(str, shown[:4]))}, … {len(shown)} layers]"
        return (
            f"Solution(choice={shown if len(shown) <= 8 else listed}, time={self.time!r}, "
            f"energy={self.energy!r}, status={self.status!r}, lower_bound={self.lower_bound!r})"
        )
