"""Which options no other one beats in both time and energy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["efficient"]


def efficient(time: npt.ArrayLike, energy: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Mark the Pareto points: nothing is as quick and more frugal, or as frugal and quicker.

    Parameters
    ----------
    time, energy
        (options,) each; less is better. Of equal options the first counts.

    Returns
    -------
    ndarray of bool, shape (options,)

    Examples
    --------
    >>> efficient([3.0, 2.0, 2.0, 4.0], [1.0, 5.0, 2.0, 1.0]).tolist()
    [True, False, True, False]
    """
    times, energies = np.asarray(time, np.float64), np.asarray(energy, np.float64)
    order = np.lexsort((energies, times))
    least = np.minimum.accumulate(energies[order])
    marked = np.zeros(len(times), bool)
    if len(times):
        marked[order] = np.concatenate([[True], energies[order][1:] < least[:-1]])
    return marked
