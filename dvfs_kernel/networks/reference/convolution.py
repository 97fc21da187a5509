"""Convolution, depthwise convolution and fully connected layers in TFLite's int8 arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.networks.network import FullyConnected
from dvfs_kernel.networks.quantisation import (
    convolution_factors,
    fully_connected_factors,
    multiply_by_quantized_multiplier,
    quantize_multipliers,
    wrap_int32,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.network import Convolution, Depthwise, Padding, Tensor

__all__ = [
    "convolution",
    "convolution_sums",
    "depthwise",
    "depthwise_sums",
    "fully_connected",
    "fully_connected_sums",
    "requantize",
]

Array = npt.NDArray[Any]

# Products of an int8 weight and a difference of int8 values stay below 255 × 128. A sum of so many
# is a whole number that single precision holds exactly, whatever the order of the additions.
_SINGLE_PRECISION_TERMS = (1 << 24) // (255 * 128)


def _matrix_product(values: Array, weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Multiply (n, k) by (m, k) transposed, exactly: floating point on whole numbers."""
    exact: type[np.floating[Any]] = (
        np.float32 if weights.shape[1] <= _SINGLE_PRECISION_TERMS else np.float64
    )
    return (values.astype(exact) @ weights.astype(exact).T).astype(np.int64)


def _padded(values: Array, zero_point: int, padding: Padding) -> npt.NDArray[np.int16]:
    """Feature map minus zero point, with zeros around it."""
    return np.pad(
        values.astype(np.int16) - np.int16(zero_point),
        ((padding.top, padding.bottom), (padding.left, padding.right), (0, 0)),
    )


def _windows(
    values: Array, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Array:
    """View of shape (out height, out width, channels, kernel height, kernel width)."""
    extent = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    view = np.lib.stride_tricks.sliding_window_view(values, extent, axis=(0, 1))
    return view[:: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]


def convolution_sums(layer: Convolution, values: Array, zero_point: int) -> npt.NDArray[np.int64]:
    """Compute the sums of products of a convolution, without bias: (h, w, out channels)."""
    channels, kernel_height, kernel_width, _ = layer.weights.shape
    padded = _padded(values, zero_point, layer.padding)
    windows = _windows(padded, (kernel_height, kernel_width), layer.stride, layer.dilation)
    height, width = windows.shape[:2]
    columns = windows.transpose(0, 1, 3, 4, 2).reshape(height * width, -1)
    sums = _matrix_product(columns, layer.weights.reshape(channels, -1))
    return sums.reshape(height, width, channels)


def depthwise_sums(layer: Depthwise, values: Array, zero_point: int) -> npt.NDArray[np.int64]:
    """Compute the sums of products of a depthwise convolution, without bias: (h, w, channels)."""
    kernel_height, kernel_width, _ = layer.weights.shape
    padded = _padded(values, zero_point, layer.padding)
    padded = np.repeat(padded, layer.multiplier, axis=2)
    windows = _windows(padded, (kernel_height, kernel_width), layer.stride, layer.dilation)
    sums = np.zeros(windows.shape[:3], dtype=np.int32)
    for row in range(kernel_height):
        for column in range(kernel_width):
            sums += windows[..., row, column] * layer.weights[row, column].astype(np.int32)
    return sums.astype(np.int64)


def fully_connected_sums(
    layer: FullyConnected, values: Array, zero_point: int
) -> npt.NDArray[np.int64]:
    """Compute the sums of products of a fully connected layer, without bias: (1, 1, rows)."""
    vector = values.astype(np.int16).reshape(1, -1) - np.int16(zero_point)
    return _matrix_product(vector, layer.weights).reshape(1, 1, -1)


def requantize(
    layer: Convolution | Depthwise | FullyConnected,
    sums: npt.NDArray[np.int64],
    source: Tensor,
    output: Tensor,
) -> npt.NDArray[np.int8]:
    """Turn sums of products, channels last, into stored outputs: bias, scale, clamp."""
    scales_to_factors = (
        fully_connected_factors if isinstance(layer, FullyConnected) else convolution_factors
    )
    factors = scales_to_factors(source.scale, layer.weight_scales, output.scale)
    multipliers, shifts = quantize_multipliers(factors)
    scaled = multiply_by_quantized_multiplier(wrap_int32(sums + layer.bias), multipliers, shifts)
    clamped: Array = np.clip(scaled + output.zero_point, layer.activation_min, layer.activation_max)
    return clamped.astype(np.int8)


def convolution(
    layer: Convolution, values: Sequence[Array], inputs: Sequence[Tensor], output: Tensor
) -> Array:
    """2-D convolution, one scale a channel."""
    sums = convolution_sums(layer, values[0], inputs[0].zero_point)
    return requantize(layer, sums, inputs[0], output)


def depthwise(
    layer: Depthwise, values: Sequence[Array], inputs: Sequence[Tensor], output: Tensor
) -> Array:
    """Depthwise convolution, one scale a channel."""
    sums = depthwise_sums(layer, values[0], inputs[0].zero_point)
    return requantize(layer, sums, inputs[0], output)


def fully_connected(
    layer: FullyConnected, values: Sequence[Array], inputs: Sequence[Tensor], output: Tensor
) -> Array:
    """Matrix × vector."""
    sums = fully_connected_sums(layer, values[0], inputs[0].zero_point)
    return requantize(layer, sums, inputs[0], output)
