"""What calibration images told of a network's layers, kept from one call to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.approximation.significance.calibration import LayerStatistics
from dvfs_kernel.approximation.significance.moments import Moments
from dvfs_kernel.approximation.skipping.skippable import Skippable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
    from dvfs_kernel.networks.network import Network

__all__ = ["load_statistics", "save_statistics"]


def load_statistics(
    network: Network, kept: KeptArrays, *key: object
) -> tuple[LayerStatistics, ...] | None:
    """Return what was kept under a key; None where a part of it is not there.

    Parameters
    ----------
    key
        All that the statistics depend on: the network, the images, and which layers.
    """
    indices = kept.load("calibrated layers", *key)
    if indices is None:
        return None
    found = []
    for index in indices.tolist():
        count = kept.load("calibration", *key, index, "count")
        mean = kept.load("calibration", *key, index, "mean")
        second = kept.load("calibration", *key, index, "second")
        factors = kept.load("calibration", *key, index, "factors")
        sample = kept.load("calibration", *key, index, "sample")
        layer = network.layers[index]
        if count is None or mean is None or second is None or factors is None or sample is None:
            return None
        assert isinstance(layer, Skippable)
        found.append(
            LayerStatistics(index, layer, factors, Moments(int(count), mean, second), sample)
        )
    return tuple(found)


def save_statistics(statistics: Sequence[LayerStatistics], kept: KeptArrays, *key: object) -> None:
    """Keep what `calibrate` found; the list of layers last, so that it stands for all of them."""
    for item in statistics:
        arrays = {
            "count": np.array(item.moments.count),
            "mean": item.moments.mean,
            "second": item.moments.second,
            "factors": item.factors,
            "sample": item.sample,
        }
        for name, array in arrays.items():
            kept.save(array, "calibration", *key, item.index, name)
    kept.save(np.array([item.index for item in statistics]), "calibrated layers", *key)
