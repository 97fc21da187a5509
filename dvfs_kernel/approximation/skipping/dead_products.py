"""Products that can be left out without any error, whatever the input is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.skipping.ranges import Range, sum_range, tensor_ranges
from dvfs_kernel.approximation.skipping.skippable import (
    Skippable,
    columns,
    pixel_count,
    weight_matrix,
    with_weights,
)
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from dvfs_kernel.networks.network import Network

__all__ = ["DeadProducts", "dead_products", "without_dead_products"]


@dataclass(frozen=True, eq=False)
class DeadProducts(ByContent):
    """What of one layer is dead.

    Parameters
    ----------
    name
        The layer's.
    zero_weights
        Weights that are zero.
    constant_outputs
        Output channels that have one value for every input: all of their other weights are dead.
    constant_inputs
        Other weights whose input position has one value for every input; it goes into the bias.
    macs
        MACs of one run for each of the three, in this order.
    weights, bias
        What the layer has without them, (output channels, input positions) and (output channels).
    """

    name: str
    zero_weights: int
    constant_outputs: int
    constant_inputs: int
    macs: tuple[int, int, int]
    weights: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]


def dead_products(network: Network) -> ByName[DeadProducts]:
    """Find what is dead in every convolution and fully connected layer.

    Nothing is measured: for all inputs that the network can be given, interval arithmetic bounds
    every value. The network without dead products has the same bytes in every tensor.
    """
    ranges = tensor_ranges(network)
    found = []
    for layer in network.layers:
        source, output = ranges[layer.inputs[0]], ranges[layer.output]
        if isinstance(layer, Skippable) and source is not None and output is not None:
            zero_point = network.tensors[layer.inputs[0]].zero_point
            pixels = pixel_count(network, layer)
            found.append(_dead(layer, source, output, zero_point, pixels))
    return ByName(found)


def without_dead_products(network: Network) -> Network:
    """Return the network with zeros in place of all dead weights, and the bias that makes up."""
    dead = {item.name: item for item in dead_products(network)}
    layers = tuple(
        with_weights(layer, dead[layer.name].weights, dead[layer.name].bias)
        if isinstance(layer, Skippable)
        else layer
        for layer in network.layers
    )
    return type(network)(network.name, network.tensors, layers, network.input, network.outputs)


def _dead(
    layer: Skippable, source: Range, output: Range, zero_point: int, pixels: int
) -> DeadProducts:
    weights = weight_matrix(layer).copy()
    bias = layer.bias.astype(np.int64)
    zeros = weights == 0

    low = output.low.reshape(-1, len(weights))
    high = output.high.reshape(-1, len(weights))
    constant = (low == low[0]).all(axis=0) & (high == low[0]).all(axis=0)
    # Any sum that can occur gives the channel's one value; the least of the first pixel does.
    least = sum_range(layer, source, zero_point).low.reshape(-1, len(weights))[0]
    bias[constant] += least[constant]
    of_outputs = constant[:, None] & ~zeros
    weights[constant] = 0

    seen_low, seen_high = (
        columns(layer, bound[None], zero_point)[0].astype(np.int64) for bound in source
    )
    steady = (seen_low == seen_low[0]).all(axis=0) & (seen_high == seen_low[0]).all(axis=0)
    of_inputs = steady & (weights != 0)
    bias += np.where(of_inputs, weights.astype(np.int64) * seen_low[0], 0).sum(axis=1)
    weights[of_inputs] = 0

    counts = tuple(int(mask.sum()) for mask in (zeros, of_outputs, of_inputs))
    return DeadProducts(
        layer.name,
        counts[0],
        int(constant.sum()),
        counts[2],
        (counts[0] * pixels, counts[1] * pixels, counts[2] * pixels),
        weights,
        # 32-bit sums wrap around; so may the bias.
        bias.astype(np.int32),
    )
