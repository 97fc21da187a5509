"""The network that is left: zeros in place of the weights whose products are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.approximation.accuracy.kept import network_digest
from dvfs_kernel.approximation.skipping.pairs import position_pairs
from dvfs_kernel.approximation.skipping.skippable import (
    Skippable,
    skippable_layer,
    weight_matrix,
    with_weights,
)
from dvfs_kernel.errors import NetworkError

if TYPE_CHECKING:
    from dvfs_kernel.approximation.skipping.plan import LayerSkip, SkipPlan
    from dvfs_kernel.networks.network import Network

__all__ = ["thin", "thin_layer"]


def thin(network: Network, plan: SkipPlan) -> Network:
    """Return the network that computes what is left of it under a plan.

    Leaving a product out for all pixels is the same as a weight of zero: the exact interpreter's
    result on this network is what a board that skips has to give, byte for byte. Shapes, orders
    of weights and all other layers stay as they are.

    Raises
    ------
    NetworkError
        The plan is for another network.
    UnknownLayerError
        The plan names a layer that is not there.
    """
    digest = network_digest(network)
    if plan.network != digest:
        raise NetworkError(
            f"the skip plan {plan.name!r} is for a network with digest {plan.network[:12]}…; "
            f"{network.name!r} has {digest[:12]}…"
        )
    layers = list(network.layers)
    for skip in plan.layers:
        index, layer = skippable_layer(network, skip.name)
        layers[index] = thin_layer(layer, skip)
    return type(network)(
        network.name, network.tensors, tuple(layers), network.input, network.outputs
    )


def thin_layer(layer: Skippable, skip: LayerSkip) -> Skippable:
    """Return what is left of one layer.

    Raises
    ------
    NetworkError
        What is to be left out has not the layer's shape.
    ArgumentError
        The order is none of the layer's input channels.
    """
    own = weight_matrix(layer)
    position_pairs(layer, skip.order)  # speaks up where the order is none
    weights = own if skip.weights is None else skip.weights
    bias = layer.bias if skip.bias is None else skip.bias
    if not own.shape == skip.dropped.shape == weights.shape or bias.shape != layer.bias.shape:
        raise layer.error(
            f"has weights of {own.shape} and {len(layer.bias)} biases; what is left out of it has "
            f"{skip.dropped.shape}, {weights.shape} weights and {bias.shape} biases"
        )
    return with_weights(layer, np.where(skip.dropped, np.int8(0), weights), bias)
