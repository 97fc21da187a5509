"""What each value of each tensor can be at all, whatever the network is given.

Every layer but the softmax never falls as one of its inputs grows, if weights are split by sign. So
its least and its greatest outputs are computed from the least and the greatest inputs, by the
reference arithmetic itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dvfs_kernel.networks.network import (
    Convolution,
    Depthwise,
    FullyConnected,
    Network,
    Softmax,
    Tensor,
)
from dvfs_kernel.networks.quantisation import (
    convolution_factors,
    fully_connected_factors,
    quantize_multipliers,
)
from dvfs_kernel.networks.reference.convolution import (
    convolution_sums,
    depthwise_sums,
    fully_connected_sums,
    requantize,
)
from dvfs_kernel.networks.reference.interpreter import run_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.network import Layer

__all__ = ["Range", "layer_range", "sum_range", "tensor_ranges"]

_INT32 = np.iinfo(np.int32)
_SUMS: dict[type, Any] = {
    Convolution: convolution_sums,
    Depthwise: depthwise_sums,
    FullyConnected: fully_connected_sums,
}


class Range(NamedTuple):
    """Least and greatest values, element by element."""

    low: npt.NDArray[Any]
    high: npt.NDArray[Any]


def tensor_ranges(network: Network) -> list[Range | None]:
    """Return the range of every tensor, over all possible inputs of the network.

    Returns
    -------
    list
        By index of the tensor; None for one that no layer writes.
    """
    ranges: list[Range | None] = [None] * len(network.tensors)
    ranges[network.input] = _whole(network.tensors[network.input])
    for layer in network.layers:
        sources = [found for i in layer.inputs if (found := ranges[i]) is not None]
        ranges[layer.output] = layer_range(layer, sources, network.tensors)
    return ranges


def layer_range(layer: Layer, sources: Sequence[Range], tensors: Sequence[Tensor]) -> Range:
    """Return the range of a layer's output from those of its inputs."""
    if isinstance(layer, Softmax):
        return _whole(tensors[layer.output])
    if isinstance(layer, Convolution | Depthwise | FullyConnected):
        return _weighted_range(layer, sources[0], tensors)
    low = run_layer(layer, [source.low for source in sources], tensors)
    high = run_layer(layer, [source.high for source in sources], tensors)
    return Range(low, high)


def sum_range(
    layer: Convolution | Depthwise | FullyConnected, source: Range, zero_point: int
) -> Range:
    """Return the range of a layer's sums of products, without bias: int64, channels last."""
    sums = _SUMS[type(layer)]
    rising = replace(layer, weights=np.maximum(layer.weights, 0))
    falling = replace(layer, weights=np.minimum(layer.weights, 0))

    def bound(up: npt.NDArray[Any], down: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        total: npt.NDArray[np.int64] = sums(rising, up, zero_point) + sums(
            falling, down, zero_point
        )
        return total

    return Range(bound(source.low, source.high), bound(source.high, source.low))


def _weighted_range(
    layer: Convolution | Depthwise | FullyConnected, source: Range, tensors: Sequence[Tensor]
) -> Range:
    first, output = tensors[layer.inputs[0]], tensors[layer.output]
    sums = sum_range(layer, source, first.zero_point)
    low = requantize(layer, sums.low, first, output)
    high = requantize(layer, sums.high, first, output)
    # What wraps around in 32 bits is in no order any more.
    factors_of = (
        fully_connected_factors if isinstance(layer, FullyConnected) else convolution_factors
    )
    _, shifts = quantize_multipliers(factors_of(first.scale, layer.weight_scales, output.scale))
    left = np.maximum(shifts, 0).astype(np.int64)
    wraps = ((sums.low + layer.bias) < (_INT32.min >> left)) | (
        (sums.high + layer.bias) > (_INT32.max >> left)
    )
    clamp = np.int8(layer.activation_min), np.int8(layer.activation_max)
    return Range(
        np.where(wraps, clamp[0], low).reshape(output.shape),
        np.where(wraps, clamp[1], high).reshape(output.shape),
    )


def _whole(tensor: Tensor) -> Range:
    if tensor.element == "float32":
        least, most = np.float32(-np.inf), np.float32(np.inf)
        return Range(np.full(tensor.shape, least), np.full(tensor.shape, most))
    limits = np.iinfo(tensor.element)
    return Range(
        np.full(tensor.shape, limits.min, tensor.element),
        np.full(tensor.shape, limits.max, tensor.element),
    )
