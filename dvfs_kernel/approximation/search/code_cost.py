"""What a plan costs in cycles of unpacked code, estimated from what is left to be done.

A core that issues one dual multiply-accumulate and one other instruction a cycle takes for a layer
as many cycles as there are of those that are more: the multiply-accumulates that are left, or the
loads of inputs, one for each pair that one of two output channels needs, together with those of the
weights, which the columns of a block share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.approximation.skipping.pairs import natural_order
from dvfs_kernel.approximation.skipping.reordering import possible_orders
from dvfs_kernel.approximation.skipping.skip_counts import count_layer
from dvfs_kernel.approximation.skipping.skippable import Skippable, pixel_count
from dvfs_kernel.approximation.skipping.thinning import thin
from dvfs_kernel.image.code.product_code import columns_of
from dvfs_kernel.image.forms import with_forms
from dvfs_kernel.image.fused_pooling import FusedConvolution, fuse_pooling
from dvfs_kernel.networks.layers.weighted import STREAMED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dvfs_kernel.approximation.search.space import SkipSpace
    from dvfs_kernel.approximation.skipping.plan import SkipPlan
    from dvfs_kernel.networks.network import Network

__all__ = ["code_cost", "code_cycles", "computed_pixels"]


def code_cost(space: SkipSpace) -> Callable[[SkipPlan], float]:
    """Return the cost of a plan in cycles: see `code_cycles`."""
    pixels = computed_pixels(space.network)
    return lambda plan: code_cycles(space.network, plan, pixels)


def computed_pixels(network: Network) -> dict[str, int]:
    """Return how many pixels of each layer's output code computes, by the layer's name.

    What a pooling layer drops at an odd edge is not computed by a convolution that pools.
    """
    coded = dict.fromkeys(range(len(network.layers)), STREAMED)
    fused = fuse_pooling(with_forms(network, coded))
    return {
        layer.name: columns_of(layer, fused.tensors[layer.output]) * pixel_count(fused, layer)
        if isinstance(layer, FusedConvolution)
        else pixel_count(fused, layer)
        for layer in fused.layers
        if isinstance(layer, Skippable)
    }


def code_cycles(network: Network, plan: SkipPlan, pixels: Mapping[str, int]) -> float:
    """Estimate the cycles that products take in unpacked code.

    Layers of which nothing can be left out count, too; orders of input channels count where the
    network can have them.

    Parameters
    ----------
    pixels
        Of the network: see `computed_pixels`.
    """
    orders = possible_orders(network, {skip.name: skip.order for skip in plan.layers})
    thinned = thin(network, plan)
    total = 0.0
    for layer in thinned.layers:
        output = network.tensors[layer.output]
        if not isinstance(layer, Skippable):
            total += layer.macs(output)
            continue
        order = orders.get(layer.name, natural_order(layer))
        count = count_layer(layer, order, pixels[layer.name])
        products = count.pairs - count.skipped_pairs
        loads = count.loads - count.skipped_loads
        total += max(products, loads + products / columns_of(layer, output))
    return total
