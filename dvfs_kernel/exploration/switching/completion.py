"""Switching costs that were not measured, from those that were.

Every relock goes through the same parked clock with the PLL off
(``firmware/src/clocks/clock.c``). So its cost has two parts that know nothing of each other:
leaving a state, and entering another one,

    cost(a, b) = computed(a, b) + leaving(a) + entering(b)

where the computed cost is that of `switching_model` and both corrections come from the measured
relocks by least squares, the smallest ones that fit. A few relocks from and to each state are
enough; a test holds the rest against a matrix of which everything was measured.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts

__all__ = ["complete_relocks"]


def complete_relocks(costs: SwitchCosts) -> SwitchCosts:
    """Correct the computed relocks of a matrix by its measured ones.

    Parameters
    ----------
    costs
        Measured in part, the rest computed by `SwitchCosts.modelled`.

    Returns
    -------
    SwitchCosts
        With the same entries marked as measured.
    """
    states = costs.states
    locks = np.array(
        [[b.runs_on_pll and a.factors != b.factors for b in states] for a in states]
    ).reshape(costs.measured.shape)
    known = locks & costs.measured
    missing = locks & ~costs.measured
    if not known.any():
        return costs
    modelled = SwitchCosts.modelled(states, costs.hse_hz)
    return replace(
        costs,
        time_s=_completed(costs.time_s, modelled.time_s, known, missing),
        energy_j=_completed(costs.energy_j, modelled.energy_j, known, missing),
    )


def _completed(
    cost: npt.NDArray[np.float64],
    modelled: npt.NDArray[np.float64],
    known: npt.NDArray[np.bool_],
    missing: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    count = len(cost)
    before, after = np.nonzero(known)
    equations = np.zeros((len(before), 2 * count))
    equations[np.arange(len(before)), before] = 1
    equations[np.arange(len(before)), count + after] = 1
    found, *_ = np.linalg.lstsq(equations, cost[known] - modelled[known], rcond=None)
    completed = cost.copy()
    row, column = np.nonzero(missing)
    completed[missing] = modelled[missing] + found[row] + found[count + column]
    return completed
