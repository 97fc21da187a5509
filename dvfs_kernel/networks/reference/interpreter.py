"""Runs a network layer by layer and keeps every tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.network import (
    Add,
    Concatenate,
    Convolution,
    Copy,
    Depthwise,
    Dequantize,
    FullyConnected,
    Layer,
    Mean,
    Network,
    Pad,
    Pool,
    Quantize,
    Softmax,
    Tensor,
    Transpose,
    Upsample,
)
from dvfs_kernel.networks.reference import arrangement, convolution, elementwise, reduction
from dvfs_kernel.networks.reference.softmax import softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["run", "run_layer"]

Array = npt.NDArray[Any]

# Each function takes the layer, its input arrays, its input tensors and its output tensor.
_KERNELS: dict[type, Callable[..., Array]] = {
    Add: elementwise.add,
    Concatenate: arrangement.concatenate,
    Convolution: convolution.convolution,
    Copy: arrangement.copy,
    Depthwise: convolution.depthwise,
    Dequantize: elementwise.dequantize,
    FullyConnected: convolution.fully_connected,
    Mean: reduction.mean,
    Pad: arrangement.pad,
    Pool: reduction.pool,
    Quantize: elementwise.quantize,
    Softmax: softmax,
    Transpose: arrangement.transpose,
    Upsample: arrangement.upsample,
}


def run_layer(layer: Layer, inputs: Sequence[Array], tensors: Sequence[Tensor]) -> Array:
    """Compute one layer.

    Parameters
    ----------
    layer
        The layer; its indices refer to `tensors`.
    inputs
        Its inputs, each (height, width, channels) in the element type of its tensor.
    tensors
        All tensors of the network.

    Returns
    -------
    The output, (height, width, channels) in the element type of the output tensor.
    """
    output = tensors[layer.output]
    kernel = _KERNELS[type(layer)]
    return kernel(layer, inputs, [tensors[i] for i in layer.inputs], output).reshape(output.shape)


def run(network: Network, values: npt.ArrayLike) -> list[Array | None]:
    """Run a network on one input.

    Parameters
    ----------
    network
        A network that passes `Network.check`.
    values
        The input; shape and element type of the network's input tensor.

    Returns
    -------
    One array for each tensor of the network; None for a tensor that no layer writes.

    Raises
    ------
    NetworkError
        Where the input has another shape or element type than the network's input tensor.
    """
    tensor = network.tensors[network.input]
    array = np.asarray(values)
    if array.shape != tensor.shape or array.dtype != np.dtype(tensor.element):
        raise NetworkError(
            f"an input of shape {array.shape} and type {array.dtype} does not fit network "
            f"{network.name!r}, which takes {tensor.shape} of {tensor.element}"
        )
    results: list[Array | None] = [None] * len(network.tensors)
    results[network.input] = array
    for layer in network.layers:
        inputs = [results[i] for i in layer.inputs]
        if any(value is None for value in inputs):
            raise NetworkError(
                f"layer {layer.name!r} reads a tensor that no layer before it writes"
            )
        results[layer.output] = run_layer(
            layer, [value for value in inputs if value is not None], network.tensors
        )
    return results
