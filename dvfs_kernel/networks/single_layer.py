"""One layer of a network as a network of its own."""

from __future__ import annotations

from dataclasses import replace

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.network import Network

__all__ = ["lone_layers", "single_layer"]


def lone_layers(network: Network) -> list[int]:
    """Return the layers of which `single_layer` makes a network."""
    return [n for n, layer in enumerate(network.layers) if len(set(layer.inputs)) == 1]


def single_layer(network: Network, index: int) -> Network:
    """Return a network of one layer, with the weights and scales that it has in another one.

    Its input is the layer's: where the caches were warm from the layer before, they are cold here.

    Raises
    ------
    NetworkError
        There is no such layer, or it reads more than one tensor.
    """
    if not 0 <= index < len(network.layers):
        raise NetworkError(
            f"layer {index}: {network.name} has layers 0 to {len(network.layers) - 1}"
        )
    layer = network.layers[index]
    if len(set(layer.inputs)) != 1:
        raise NetworkError(
            f"layer {index} ({layer.name}) reads {len(set(layer.inputs))} tensors; "
            "a layer with one input can stand alone"
        )
    tensors = (network.tensors[layer.inputs[0]], network.tensors[layer.output])
    alone = replace(layer, inputs=(0,) * len(layer.inputs), output=1)
    return Network(f"{network.name}-{layer.name}", tensors, (alone,), 0, (1,))
