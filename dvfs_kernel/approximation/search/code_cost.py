"""What a plan costs in cycles of code, estimated from what is left to be done.

A core that issues one dual multiply-accumulate and one other instruction a cycle takes for a layer
as many cycles as there are of those that are more: the multiply-accumulates that are left, or the
loads of inputs, one for each pair that one of two output channels needs, together with those of the
weights, which the columns of a block share. Where a layer can have Winograd's minimal filtering,
which leaves nothing out, it never takes longer than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.approximation.skipping.pairs import natural_order
from dvfs_kernel.approximation.skipping.reordering import possible_orders
from dvfs_kernel.approximation.skipping.skip_counts import count_layer
from dvfs_kernel.approximation.skipping.skippable import Skippable, pixel_count
from dvfs_kernel.approximation.skipping.thinning import thin
from dvfs_kernel.image.code.product_code import columns_of
from dvfs_kernel.image.forms import possible_forms, winograd_cycles, with_forms
from dvfs_kernel.image.fused_pooling import FusedConvolution, fuse_pooling
from dvfs_kernel.networks.layers.weighted import STREAMED, WINOGRAD
from dvfs_kernel.networks.network import Convolution

if TYPE_CHECKING:
    from dvfs_kernel.approximation.skipping.plan import SkipPlan
    from dvfs_kernel.networks.network import Network

__all__ = ["CodeCost"]

# What begins and ends products, and requantises, in times of them.
_BESIDE = 1.08


class CodeCost:
    """Estimates the cycles that a plan's products take.

    Layers of which nothing can be left out count, too; orders of input channels count where the
    network can have them.

    Parameters
    ----------
    network
        The exact one.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        coded = dict.fromkeys(range(len(network.layers)), STREAMED)
        fused = fuse_pooling(with_forms(network, coded))
        self._pixels: dict[str, int] = {}
        self._filtered: dict[str, float] = {}
        for layer in fused.layers:
            if not isinstance(layer, Skippable):
                continue
            output = fused.tensors[layer.output]
            # What a pooling layer drops at an odd edge is not computed.
            times = columns_of(layer, output) if isinstance(layer, FusedConvolution) else 1
            self._pixels[layer.name] = times * pixel_count(fused, layer)
            if WINOGRAD in possible_forms(layer, fused.tensors):
                assert isinstance(layer, Convolution)
                self._filtered[layer.name] = winograd_cycles(layer, output)

    def __call__(self, plan: SkipPlan) -> float:
        """Return the cycles of a plan."""
        orders = possible_orders(self._network, {skip.name: skip.order for skip in plan.layers})
        total = 0.0
        for layer in thin(self._network, plan).layers:
            output = self._network.tensors[layer.output]
            if not isinstance(layer, Skippable):
                total += layer.macs(output)
                continue
            order = orders.get(layer.name, natural_order(layer))
            count = count_layer(layer, order, self._pixels[layer.name])
            products = count.pairs - count.skipped_pairs
            loads = count.loads - count.skipped_loads
            direct = _BESIDE * max(products, loads + products / columns_of(layer, output))
            total += min(direct, self._filtered.get(layer.name, direct))
        return total
