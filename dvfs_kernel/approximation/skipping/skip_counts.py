"""What skipping saves: multiply-accumulates, pairs of them, and loads that pairs need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.skipping.pairs import gather, natural_order, position_pairs
from dvfs_kernel.approximation.skipping.skippable import Skippable, pixel_count, weight_matrix
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.approximation.skipping.plan import SkipPlan
    from dvfs_kernel.networks.network import Network

__all__ = ["LayerCount", "SkipCounts", "count_layer", "count_skips"]

_CHANNELS_AT_ONCE = 2


@dataclass(frozen=True)
class LayerCount:
    """What one run of one layer takes in straight-line code.

    Parameters
    ----------
    name
        The layer's.
    macs
        Multiply-accumulates of the whole layer.
    zero_macs
        Those of them whose weight is zero.
    pairs, skipped_pairs
        Dual multiply-accumulates of the whole layer, and those of which both weights are zero.
    loads, skipped_loads
        Loads of pairs of inputs, each for two output channels at a time, and those that neither
        of the two needs.
    """

    name: str
    macs: int
    zero_macs: int
    pairs: int
    skipped_pairs: int
    loads: int
    skipped_loads: int


@dataclass(frozen=True)
class SkipCounts:
    """Counts of every layer that products can be left out of, and of the network.

    Parameters
    ----------
    layers
        In the network's order.
    macs
        Multiply-accumulates of the whole network, layers without pairs included.
    """

    layers: ByName[LayerCount]
    macs: int

    @property
    def zero_share(self) -> float:
        """Share of the network's MACs whose weight is zero."""
        return sum(layer.zero_macs for layer in self.layers) / self.macs if self.macs else 0.0

    @property
    def skipped_share(self) -> float:
        """Share of the network's MACs that skipped pairs save; a pair is at most two."""
        saved = ordered_sum(
            layer.macs * layer.skipped_pairs / layer.pairs for layer in self.layers if layer.pairs
        )
        return saved / self.macs if self.macs else 0.0

    @property
    def pair_units(self) -> float:
        """Cost: dual multiply-accumulates that remain; two MACs of another layer count as one."""
        paired = sum(layer.macs for layer in self.layers)
        remaining = sum(layer.pairs - layer.skipped_pairs for layer in self.layers)
        return remaining + (self.macs - paired) / 2


def count_skips(network: Network, plan: SkipPlan | None = None) -> SkipCounts:
    """Count what a network takes.

    Parameters
    ----------
    network
        Already thinned, where something is left out of it.
    plan
        Has the orders of input channels; None for the natural ones.
    """
    orders = {} if plan is None else {skip.name: skip.order for skip in plan.layers}
    layers = ByName(
        count_layer(layer, _order_of(layer, orders), pixel_count(network, layer))
        for layer in network.layers
        if isinstance(layer, Skippable)
    )
    return SkipCounts(layers, sum(network.macs))


def count_layer(layer: Skippable, order: npt.NDArray[np.intp], pixels: int) -> LayerCount:
    """Count what a layer takes with an order of its input channels."""
    weights = weight_matrix(layer)
    needed = (gather(weights, position_pairs(layer, order)) != 0).any(axis=2)
    begins = np.arange(0, len(needed), _CHANNELS_AT_ONCE)
    shared = np.logical_or.reduceat(needed, begins, axis=0)
    return LayerCount(
        layer.name,
        weights.size * pixels,
        int((weights == 0).sum()) * pixels,
        needed.size * pixels,
        int((~needed).sum()) * pixels,
        shared.size * pixels,
        int((~shared).sum()) * pixels,
    )


def _order_of(layer: Skippable, orders: Mapping[str, npt.NDArray[np.intp]]) -> npt.NDArray[np.intp]:
    return orders.get(layer.name, natural_order(layer))
