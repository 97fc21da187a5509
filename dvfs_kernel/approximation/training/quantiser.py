"""Post-training quantisation of a float classifier to int8, in TensorFlow Lite's arithmetic.

Weights are symmetric with one scale an output channel, activations have one scale and zero point a
feature map, biases are int32 with scale = input scale × weight scale; ReLU is the clamp of the
layer's output. What can be chosen is chosen on calibration images, which come from the training
part: the range of each feature map and the scale of each channel's weights by their squared error,
and a correction of each bias by the mean error that quantisation has left in its channel (Nagel et
al.: Data-Free Quantization Through Weight Equalization and Bias Correction, 2019, with images).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.approximation.training.float_network import (
    FloatConvolution,
    FloatDense,
    FloatLayer,
    FloatNetwork,
    FloatPool,
)
from dvfs_kernel.errors import ArgumentError
from dvfs_kernel.networks.network import (
    Convolution,
    FullyConnected,
    Layer,
    Network,
    Padding,
    Pool,
    Tensor,
)
from dvfs_kernel.networks.quantisation import activation_range
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.networks.tensor import Shape

__all__ = ["INPUT_SCALE", "INPUT_ZERO_POINT", "quantise"]

# A pixel p is stored as p − 128 (see `networks.input_tensor`) and has the real value p / 255.
INPUT_SCALE = float(np.float32(1 / 255))
INPUT_ZERO_POINT = -128

_LEVELS = 255
_WEIGHT_MAX = 127
# Shares of the largest value that are tried as the end of a range.
_RANGES = np.linspace(0.5, 1.0, 41)
# Values of a feature map that a range is chosen by.
_SAMPLES = 200_000


@dataclass(frozen=True, eq=False)
class _Values(ByContent):
    """What the calibration images are at one feature map.

    Parameters
    ----------
    wanted
        What the float network computes.
    real
        Real values of what the quantised network computes.
    """

    wanted: npt.NDArray[np.float32]
    real: npt.NDArray[np.float32]


def quantise(network: FloatNetwork, images: npt.NDArray[np.uint8]) -> Network:
    """Quantise a float network.

    Parameters
    ----------
    network
        Ends with a layer that is fully connected.
    images
        uint8, (N, height, width, channels), for calibration; some hundred are enough.

    Returns
    -------
    A network that passes its check and has one int8 output a class.

    Raises
    ------
    ArgumentError
        For no images, or images of another shape.
    """
    if images.dtype != np.uint8 or images.shape[1:] != network.shape or not len(images):
        raise ArgumentError(
            f"calibration images are {images.dtype} of shape {images.shape}; "
            f"at least one uint8 picture of {network.shape} is needed"
        )
    tensors = [Tensor("input", network.shape, scale=INPUT_SCALE, zero_point=INPUT_ZERO_POINT)]
    layers: list[Layer] = []
    pixels = images.astype(np.float32) / np.float32(_LEVELS)
    values = _Values(pixels, pixels)
    for layer in network.layers:
        source = tensors[-1]
        index = len(tensors)
        if isinstance(layer, FloatPool):
            values = _Values(layer.run(values.wanted), layer.run(values.real))
            pool = Pool(
                name=layer.name,
                inputs=(index - 1,),
                output=index,
                kind="max",
                kernel=(2, 2),
                stride=(2, 2),
            )
            layers.append(pool)
            tensors.append(replace(source, name=layer.name, shape=_shape(values.real)))
            continue
        weighted, output, values = _weighted(layer, source, index, values)
        layers.append(weighted)
        tensors.append(output)
    made = Network(network.name, tuple(tensors), tuple(layers), 0, (len(tensors) - 1,))
    made.check()
    return made


def _weighted(
    layer: FloatConvolution | FloatDense, source: Tensor, index: int, values: _Values
) -> tuple[Layer, Tensor, _Values]:
    """Quantise a layer with weights: the layer, its output, and the values there."""
    scales = _weight_scales(layer.weights)
    column = scales.reshape(-1, *[1] * (layer.weights.ndim - 1))
    stored = np.clip(np.rint(layer.weights / column), -_WEIGHT_MAX, _WEIGHT_MAX)
    unit = source.scale * scales

    # What the layer makes of the quantised network's inputs, before its activation.
    linear = replace(layer, relu=False)
    wanted = linear.run(values.wanted)
    weights = (stored * column).astype(np.float32)
    made = replace(linear, weights=weights).run(values.real)
    # Errors that all pictures share are taken away; those of single pictures remain.
    missing = (wanted - made).reshape(-1, len(scales)).mean(axis=0, dtype=np.float64)
    bias = np.rint((layer.bias + missing) / unit)
    made += (bias * unit - layer.bias).astype(np.float32)
    if layer.relu:
        wanted = np.maximum(wanted, np.float32(0))

    scale, zero_point = _covering(wanted, layer.relu)
    low, high = activation_range("relu" if layer.relu else "none", scale, zero_point)
    output = Tensor(layer.name, _shape(made), scale=scale, zero_point=zero_point)
    levels = np.clip(np.rint(made / np.float32(scale)) + zero_point, low, high)
    real = ((levels - zero_point) * np.float32(scale)).astype(np.float32)
    common: dict[str, Any] = {
        "name": layer.name,
        "inputs": (index - 1,),
        "output": index,
        "weights": stored.astype(np.int8),
        "weight_scales": scales,
        "bias": bias.astype(np.int32),
        "activation_min": low,
        "activation_max": high,
    }
    return _deployed(layer, common), output, _Values(wanted, real)


def _deployed(layer: FloatLayer, common: dict[str, Any]) -> Layer:
    if isinstance(layer, FloatConvolution):
        around = layer.padding
        return Convolution(padding=Padding(around, around, around, around), **common)
    return FullyConnected(**common)


def _shape(values: npt.NDArray[Any]) -> Shape:
    height, width, channels = values.shape[1:]
    return height, width, channels


def _weight_scales(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Scale of each channel that leaves the least squared error, as single-precision numbers."""
    rows = weights.reshape(len(weights), -1).astype(np.float64)
    largest = np.abs(rows).max(axis=1)
    # A channel without weights may have any scale.
    largest[largest == 0] = 1.0
    best: npt.NDArray[np.float64] = largest / _WEIGHT_MAX
    least = np.full(len(rows), np.inf)
    for share in _RANGES:
        scales = (share * largest / _WEIGHT_MAX).astype(np.float32).astype(np.float64)[:, None]
        stored = np.clip(np.rint(rows / scales), -_WEIGHT_MAX, _WEIGHT_MAX)
        error = ((stored * scales - rows) ** 2).sum(axis=1)
        best = np.where(error < least, scales[:, 0], best)
        least = np.minimum(error, least)
    return best


def _covering(values: npt.NDArray[np.float32], relu: bool) -> tuple[float, int]:
    """Scale and zero point that leave the least squared error in values."""
    flat = values.reshape(-1)
    flat = flat[:: -(-flat.size // _SAMPLES)].astype(np.float64)
    low = 0.0 if relu else min(0.0, float(values.min()))
    high = max(0.0, float(values.max()))
    if high == low:
        # Nothing but zeros was seen.
        high = low + 1.0
    best, least = (1.0, 0), np.inf
    for share in _RANGES if relu else (1.0,):
        scale = float(np.float32(share * (high - low) / _LEVELS))
        zero_point = -128 - round(share * low / scale)
        levels = np.clip(np.rint(flat / scale) + zero_point, -128, 127)
        error = float((((levels - zero_point) * scale - flat) ** 2).sum())
        if error < least:
            best, least = (scale, zero_point), error
    return best
