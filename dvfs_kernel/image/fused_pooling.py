"""Max pooling that a convolution's code does along with its outputs.

The largest of four outputs is the requantised largest of their sums, as requantising keeps values
in order. So code that computes four columns at a time computes the four that one window of a
pooling layer covers, keeps the largest sum of each channel, and requantises and stores a quarter of
the values. The feature map between the two layers is never written, and what the pooling layer
drops at an odd edge is never computed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from dvfs_kernel.image.rescaling import folded_bias
from dvfs_kernel.networks.layers.base import LayerBase
from dvfs_kernel.networks.layers.weighted import PACKED
from dvfs_kernel.networks.network import Convolution, Pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.network import Layer, Network
    from dvfs_kernel.networks.tensor import Shape, Tensor

__all__ = ["FusedConvolution", "FusedPool", "fuse_pooling", "fused_pools"]

_SIDE = 2
# The difference of two doubled sums fits 32 bits.
_SUM_LIMIT = (1 << 29) - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class FusedConvolution(Convolution):
    """A convolution with code that stores the largest of each 2 × 2 of its outputs."""

    @property
    def is_pointwise(self) -> bool:
        """False: its columns do not lie in memory in the order in which they are needed."""
        return False

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output, after pooling."""
        height, width, channels = super().output_shape(inputs)
        return height // _SIDE, width // _SIDE, channels


@dataclass(frozen=True, kw_only=True)
class FusedPool(LayerBase):
    """What is left of the pooling layer: nothing to do; it keeps its place in the schedule."""


def fused_pools(network: Network) -> dict[int, int]:
    """Return the pooling layers that code takes over: index of the convolution → of the pooling.

    Those of 2 × 2 with stride 2, without padding and with no tighter clamp, which are all that
    reads the output of a convolution that brings code.
    """
    readers: dict[int, list[int]] = {index: [] for index in range(len(network.tensors))}
    for number, layer in enumerate(network.layers):
        for index in layer.inputs:
            readers[index].append(number)
    found = {}
    for number, layer in enumerate(network.layers):
        if not isinstance(layer, Convolution) or layer.form == PACKED:
            continue
        if layer.output in network.outputs or len(readers[layer.output]) != 1:
            continue
        (reader,) = readers[layer.output]
        if _takes_over(layer, network.layers[reader], network):
            found[number] = reader
    return found


def fuse_pooling(network: Network) -> Network:
    """Return the network as its image has it.

    Layers keep their places: a convolution writes what its pooling layer wrote, and a layer that
    does nothing stands in for that.
    """
    pools = fused_pools(network)
    if not pools:
        return network
    layers: list[Layer | FusedPool] = list(network.layers)
    for number, reader in pools.items():
        layer, pool = layers[number], layers[reader]
        its = {field.name: getattr(layer, field.name) for field in fields(layer)}
        layers[number] = FusedConvolution(**its | {"output": pool.output})
        layers[reader] = FusedPool(name=pool.name, inputs=(pool.output,), output=pool.output)
    # A network of the image alone: it has a layer that nobody else knows.
    return replace(network, layers=tuple(layers))  # type: ignore[arg-type]


def _takes_over(layer: Convolution, pool: Layer, network: Network) -> bool:
    if not isinstance(pool, Pool) or pool.kind != "max" or pool.padding:
        return False
    if pool.kernel != (_SIDE, _SIDE) or pool.stride != (_SIDE, _SIDE):
        return False
    if pool.activation_min > layer.activation_min or pool.activation_max < layer.activation_max:
        return False
    source = network.tensors[layer.inputs[0]]
    rows = layer.weights.reshape(layer.weights.shape[0], -1)
    _, largest = folded_bias(layer.bias, rows, source.zero_point)
    return bool((largest <= _SUM_LIMIT).all())
