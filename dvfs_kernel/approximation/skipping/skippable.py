"""The layers whose products can be left out, as matrices: output channels by input positions.

An *input position* is a place in the column that one output pixel is computed from: kernel row,
kernel column and input channel, in this order; of a fully connected layer it is an input value.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import NetworkError, UnknownLayerError
from dvfs_kernel.networks.network import Convolution, FullyConnected, Network

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Skippable",
    "channel_count",
    "columns",
    "pixel_count",
    "skippable_layer",
    "skippable_layers",
    "weight_matrix",
    "with_weights",
]

#: Layers of which straight-line code can leave products out.
Skippable: TypeAlias = Convolution | FullyConnected


def skippable_layers(
    network: Network, names: Iterable[str] | None = None, *, first: bool = False
) -> tuple[int, ...]:
    """Return the numbers of the layers of which products may be left out.

    Parameters
    ----------
    names
        Layers that are meant; None for every convolution.
    first
        Whether the first convolution is among them where no names are given. It has few products
        and all that follows depends on it.

    Raises
    ------
    UnknownLayerError
        A name is not that of one layer.
    NetworkError
        A layer has no products that could be left out, or the network has no such layer.
    """
    if names is not None:
        found = {skippable_layer(network, name)[0] for name in names}
    else:
        convolutions = [
            index for index, layer in enumerate(network.layers) if isinstance(layer, Convolution)
        ]
        found = set(convolutions if first else convolutions[1:])
    if not found:
        raise NetworkError(
            f"network {network.name!r} has no layer to leave products out of: "
            "that takes a convolution behind the first one, or layers named one by one"
        )
    return tuple(sorted(found))


def skippable_layer(network: Network, name: str) -> tuple[int, Skippable]:
    """Return number and layer of a name.

    Raises
    ------
    UnknownLayerError
        No layer, or more than one, has the name.
    NetworkError
        The layer is no convolution and not fully connected.
    """
    found = [index for index, layer in enumerate(network.layers) if layer.name == name]
    if len(found) != 1:
        known = ", ".join(layer.name for layer in network.layers if isinstance(layer, Skippable))
        fault = f"{len(found)} layers have" if found else "no layer has"
        raise UnknownLayerError(
            f"{fault} the name {name!r}; products can be left out of {known or 'no layer'}"
        )
    layer = network.layers[found[0]]
    if not isinstance(layer, Skippable):
        raise layer.error(
            "has no products that could be left out; convolutions and fully connected layers have"
        )
    return found[0], layer


def weight_matrix(layer: Skippable) -> npt.NDArray[np.int8]:
    """Return the weights, (output channels, input positions)."""
    return layer.weights.reshape(layer.weights.shape[0], -1)


def with_weights(
    layer: Skippable,
    matrix: npt.NDArray[np.int8],
    bias: npt.NDArray[np.int32] | None = None,
) -> Skippable:
    """Return the layer with other weights, (output channels, input positions), and maybe bias."""
    weights = np.ascontiguousarray(matrix, dtype=np.int8).reshape(layer.weights.shape)
    return replace(layer, weights=weights, bias=layer.bias if bias is None else bias)


def channel_count(layer: Skippable) -> int:
    """Return how many input channels have one order at every tap of the kernel."""
    return int(layer.weights.shape[-1])


def pixel_count(network: Network, layer: Skippable) -> int:
    """Return how many output pixels use each weight."""
    height, width, _ = network.tensors[layer.output].shape
    return height * width


def columns(layer: Skippable, values: npt.NDArray[Any], zero_point: int) -> npt.NDArray[np.int16]:
    """Return what the layer multiplies: stored values minus zero point, zeros as padding.

    Parameters
    ----------
    values
        Inputs of the layer, (images, height, width, channels).

    Returns
    -------
    int16 array, (images, output pixels, input positions).
    """
    centred = values.astype(np.int16) - np.int16(zero_point)
    if isinstance(layer, FullyConnected):
        return centred.reshape(len(values), 1, -1)
    padding = layer.padding
    padded = np.pad(
        centred,
        ((0, 0), (padding.top, padding.bottom), (padding.left, padding.right), (0, 0)),
    )
    kernel = layer.weights.shape[1:3]
    extent = tuple((k - 1) * d + 1 for k, d in zip(kernel, layer.dilation, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(padded, extent, axis=(1, 2))
    view = view[
        :, :: layer.stride[0], :: layer.stride[1], :, :: layer.dilation[0], :: layer.dilation[1]
    ]
    taps_first = view.transpose(0, 1, 2, 4, 5, 3)
    images, height, width = taps_first.shape[:3]
    return taps_first.reshape(images, height * width, -1)
