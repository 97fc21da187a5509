"""Resources that options take beside time and energy, and budgets for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import LayeredGraphError
from dvfs_kernel.layered_graph.arguments import ragged_like

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Resources"]


@dataclass(frozen=True, eq=False)
class Resources:
    """What every option takes of each resource.

    Parameters
    ----------
    names
        Of the resources.
    amount
        (resources, options) of all layers, end to end.
    """

    names: tuple[str, ...]
    amount: Floats

    @classmethod
    def of(
        cls, given: Mapping[str, ArrayLike | Sequence[ArrayLike]] | None, sizes: Ints
    ) -> Resources:
        """Check resources by name; each has the shape that time has.

        Raises
        ------
        LayeredGraphError
            A name is no text or is taken, shapes do not agree, or a number is not finite.
        """
        names, rows = [], []
        for name, values in (given or {}).items():
            if not isinstance(name, str) or not name or name in {"time", "energy", "state"}:
                raise LayeredGraphError(
                    f"a resource is called {name!r}; a name must be a text that is not empty, "
                    "and not time, energy or state"
                )
            rows.append(ragged_like(name, values, sizes))
            names.append(name)
        amount = np.array(rows) if rows else np.empty((0, int(sizes.sum())))
        return cls(tuple(names), amount)

    def totals(self, places: Ints) -> dict[str, float]:
        """Return what options, one of each layer, take together, summed from the first layer on."""
        sums = np.zeros(len(self.names))
        for place in places:
            sums += self.amount[:, place]
        return dict(zip(self.names, sums.tolist(), strict=True))

    def budgets(self, given: Mapping[str, float] | None) -> Floats:
        """Return the budget of every resource, infinite where there is none.

        Raises
        ------
        LayeredGraphError
            A budget is for an unknown resource, or is not a number.
        """
        most = np.full(len(self.names), np.inf)
        for name, value in (given or {}).items():
            if name not in self.names:
                known = ", ".join(self.names) or "none; `resources` of LayeredGraph adds some"
                raise LayeredGraphError(
                    f"there is a budget for {name!r}, which is not a resource of this graph; "
                    f"its resources are: {known}"
                )
            try:
                budget = float(value)
            except (TypeError, ValueError):
                budget = np.nan
            if np.isnan(budget):
                raise LayeredGraphError(
                    f"the budget for {name} is {value!r}; it must be a number, or inf for none"
                )
            most[self.names.index(name)] = budget
        return most
