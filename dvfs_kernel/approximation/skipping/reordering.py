"""Orders of input channels made real: layers before and behind put their channels in that order.

What a layer reads has its channels in an order of its own where the layer that writes them puts
out its channels in that order. So the weights, scales and biases of the one are permuted, and the
input channels of the other; pools and the like between them keep channels where they are. All
that reads the same tensor has to follow. The network's outputs stay what they are, byte for byte.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dvfs_kernel.networks.network import (
    Add,
    Concatenate,
    Convolution,
    Copy,
    Depthwise,
    FullyConnected,
    Mean,
    Network,
    Pad,
    Pool,
    Quantize,
    Upsample,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvfs_kernel.networks.network import Layer

    Order = npt.NDArray[np.intp]
    # Of each tensor of a group, the order of its last axis.
    Group = dict[int, Order]

__all__ = ["possible_orders", "reordered"]

_CHANNELWISE = (Pool, Pad, Upsample, Quantize)
_CHANNEL_AXIS = 2


class _CannotFollowError(Exception):
    """A layer cannot have its channels in another order."""


def possible_orders(network: Network, orders: Mapping[str, Order]) -> dict[str, Order]:
    """Return the orders that can be made real all together.

    Parameters
    ----------
    orders
        Input channels of layers, by the layer's name. Of two that contradict each other the one
        of the earlier layer stays.
    """
    return _groups(network, orders)[0]


def reordered(network: Network, orders: Mapping[str, Order]) -> Network:
    """Return a network with the same outputs in which layers read their channels in an order.

    Parameters
    ----------
    orders
        As of `possible_orders`; what is not possible is left as it is.
    """
    _, group = _groups(network, orders)
    if not group:
        return network
    layers = tuple(_permuted(layer, network, group) for layer in network.layers)
    return replace(network, layers=layers)


def _groups(network: Network, orders: Mapping[str, Order]) -> tuple[dict[str, Order], Group]:
    made: dict[str, Order] = {}
    taken: Group = {}
    for layer in network.layers:
        order = orders.get(layer.name)
        if order is None or (order == np.arange(len(order))).all():
            continue
        tensor = layer.inputs[0]
        if tensor in taken:
            if (taken[tensor] == order).all():
                made[layer.name] = order
            continue
        try:
            group = _group_of(network, tensor, order)
        except _CannotFollowError:
            continue
        taken.update(group)
        made[layer.name] = order
    return made, taken


def _group_of(network: Network, tensor: int, order: Order) -> Group:
    """Return all tensors that have to follow, and how."""
    group: Group = {}
    waiting = [(tensor, order)]
    while waiting:
        index, wanted = waiting.pop()
        if index in group:
            if not np.array_equal(group[index], wanted):
                raise _CannotFollowError
            continue
        if index == network.input or index in network.outputs:
            raise _CannotFollowError
        group[index] = wanted
        for layer in network.layers:
            if layer.output == index:
                waiting += _before(layer, network, wanted)
            if index in layer.inputs:
                waiting += _behind(layer, network, wanted)
    return group


def _before(layer: Layer, network: Network, order: Order) -> list[tuple[int, Order]]:
    """Return what a layer's inputs have to be for its output to have an order."""
    if isinstance(layer, Convolution | FullyConnected):
        return []
    if isinstance(layer, Copy):
        source, output = (network.tensors[i].shape for i in (layer.inputs[0], layer.output))
        if source != output:
            raise _CannotFollowError
    elif not _keeps_channels(layer, network):
        raise _CannotFollowError
    return [(index, order) for index in layer.inputs]


def _behind(layer: Layer, network: Network, order: Order) -> list[tuple[int, Order]]:
    """Return what else has to follow where a layer's input has an order."""
    if isinstance(layer, Convolution):
        return []
    source, output = network.tensors[layer.inputs[0]].shape, network.tensors[layer.output].shape
    if isinstance(layer, FullyConnected):
        return []
    if isinstance(layer, Copy):
        if source == output:
            return [(layer.output, order)]
        if output[:2] != (1, 1):
            raise _CannotFollowError
        return [(layer.output, _flat(order, source[0] * source[1]))]
    if not _keeps_channels(layer, network):
        raise _CannotFollowError
    return [(layer.output, order), *((index, order) for index in layer.inputs)]


def _keeps_channels(layer: Layer, network: Network) -> bool:
    """Whether channels of the output are those of each input, at the same places."""
    if isinstance(layer, Depthwise):
        return layer.multiplier == 1
    if isinstance(layer, Mean):
        return _CHANNEL_AXIS not in layer.axes
    if isinstance(layer, Concatenate):
        return layer.axis != _CHANNEL_AXIS
    if isinstance(layer, Add):
        shapes = {network.tensors[index].shape[_CHANNEL_AXIS] for index in layer.inputs}
        return len(shapes) == 1
    return isinstance(layer, _CHANNELWISE)


def _flat(order: Order, pixels: int) -> Order:
    """Return the order of all elements of a tensor whose last axis has an order."""
    return (np.arange(pixels)[:, None] * len(order) + order).reshape(-1)


def _permuted(layer: Layer, network: Network, group: Group) -> Layer:
    if not isinstance(layer, Convolution | Depthwise | FullyConnected):
        return layer
    own, read = group.get(layer.output), group.get(layer.inputs[0])
    weights = layer.weights
    if read is not None and not isinstance(layer, Depthwise):
        if isinstance(layer, FullyConnected):
            height, width, _ = network.tensors[layer.inputs[0]].shape
            read = _flat(read, height * width)
        weights = weights[..., read]
    if own is None:
        return replace(layer, weights=np.ascontiguousarray(weights))
    weights = np.take(weights, own, axis=layer.channel_axis)
    scales = layer.weight_scales
    return replace(
        layer,
        weights=np.ascontiguousarray(weights),
        bias=layer.bias[own],
        weight_scales=scales[own] if len(scales) > 1 else scales,
    )
