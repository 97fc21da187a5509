"""Merges padding into the layer that follows it, where that changes no output."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from dvfs_kernel.networks.network import Convolution, Depthwise, Layer, Network, Pad, Pool

__all__ = ["drop_unused_tensors", "fuse_padding"]


def fuse_padding(network: Network) -> Network:
    """Drop each `Pad` whose only reader pads its input with the same value itself.

    A convolution takes what lies outside its input for the zero point; a maximum ignores it, which
    is the same as the least value. An average does not count it, so padding before one stays.
    """
    readers = Counter(index for layer in network.layers for index in layer.inputs)
    readers.update(network.outputs)
    pads = {
        layer.output: layer
        for layer in network.layers
        if isinstance(layer, Pad) and readers[layer.output] == 1
    }
    layers: list[Layer] = []
    fused: set[str] = set()
    for layer in network.layers:
        pad = pads.get(layer.inputs[0])
        if pad is None or not _takes(layer, pad, network):
            layers.append(layer)
            continue
        assert isinstance(layer, Convolution | Depthwise | Pool)
        fused.add(pad.name)
        layers.append(replace(layer, inputs=pad.inputs, padding=pad.padding + layer.padding))
    return replace(network, layers=tuple(layer for layer in layers if layer.name not in fused))


def _takes(layer: Layer, pad: Pad, network: Network) -> bool:
    if isinstance(layer, Convolution | Depthwise):
        return pad.value == network.tensors[pad.output].zero_point
    if isinstance(layer, Pool) and layer.kind == "max":
        total = pad.padding + layer.padding
        fits = (
            max(total.top, total.bottom) < layer.kernel[0]
            and max(total.left, total.right) < layer.kernel[1]
        )
        return fits and pad.value == -128
    return False


def drop_unused_tensors(network: Network) -> Network:
    """Renumber the tensors, without those that no layer reads or writes."""
    used = {network.input, *network.outputs}
    for layer in network.layers:
        used.update((*layer.inputs, layer.output))
    order = sorted(used)
    number = {old: new for new, old in enumerate(order)}
    layers = tuple(
        replace(
            layer,
            inputs=tuple(number[i] for i in layer.inputs),
            output=number[layer.output],
        )
        for layer in network.layers
    )
    return replace(
        network,
        tensors=tuple(network.tensors[i] for i in order),
        layers=layers,
        input=number[network.input],
        outputs=tuple(number[i] for i in network.outputs),
    )
