"""Convolution, depthwise convolution and fully connected layers in TFLite's int8 arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.quantisation import (
    convolution_factors,
    fully_connected_factors,
    multiply_by_quantized_multiplier,
    quantize_multipliers,
    wrap_int32,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.network import Convolution, Depthwise, FullyConnected, Padding, Tensor

__all__ = ["convolution", "depthwise", "fully_connected"]

Array = npt.NDArray[Any]

# Products of an int8 weight and a difference of int8 values stay below 255 × 128. A sum of so many
# is a whole number that single precision holds exactly, whatever the order of the additions.
_SINGLE_PRECISION_TERMS = (1 << 24) // (255 * 128)


def _requantize(
    accumulators: npt.NDArray[np.int64],
    factors: npt.NDArray[np.float64],
    zero_point: int,
    low: int,
    high: int,
) -> npt.NDArray[np.int8]:
    """Accumulators, channels last, to stored outputs."""
    multipliers, shifts = quantize_multipliers(factors)
    scaled = multiply_by_quantized_multiplier(accumulators, multipliers, shifts) + zero_point
    return np.clip(scaled, low, high).astype(np.int8)


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


def convolution(
    layer: Convolution, values: Sequence[Array], inputs: Sequence[Tensor], output: Tensor
) -> Array:
    """2-D convolution, one scale a channel."""
    source = inputs[0]
    channels, kernel_height, kernel_width, _ = layer.weights.shape
    padded = _padded(values[0], source.zero_point, layer.padding)
    windows = _windows(padded, (kernel_height, kernel_width), layer.stride, layer.dilation)
    height, width = windows.shape[:2]
    columns = windows.transpose(0, 1, 3, 4, 2).reshape(height * width, -1)
    sums = _matrix_product(columns, layer.weights.reshape(channels, -1))
    factors = convolution_factors(source.scale, layer.weight_scales, output.scale)
    result = _requantize(
        wrap_int32(sums + layer.bias),
        np.broadcast_to(factors, (channels,)),
        output.zero_point,
        layer.activation_min,
        layer.activation_max,
    )
    return result.reshape(height, width, channels)


def depthwise(
    layer: Depthwise, values: Sequence[Array], inputs: Sequence[Tensor], output: Tensor
) -> Array:
    """Depthwise convolution, one scale a channel."""
    source = inputs[0]
    kernel_height, kernel_width, channels = layer.weights.shape
    padded = _padded(values[0], source.zero_point, layer.padding)
    padded = np.repeat(padded, layer.multiplier, axis=2)
    windows = _windows(padded, (kernel_height, kernel_width), layer.stride, layer.dilation)
    sums = np.zeros(windows.shape[:3], dtype=np.int32)
    for row in range(kernel_height):
        for column in range(kernel_width):
            sums += windows[..., row, column] * layer.weights[row, column].astype(np.int32)
    factors = convolution_factors(source.scale, layer.weight_scales, output.scale)
    return _requantize(
        wrap_int32(sums.astype(np.int64) + layer.bias),
        np.broadcast_to(factors, (channels,)),
        output.zero_point,
        layer.activation_min,
        layer.activation_max,
    )


def fully_connected(
    layer: FullyConnected, values: Sequence[Array], inputs: Sequence[Tensor], output: Tensor
) -> Array:
    """Matrix × vector."""
    source = inputs[0]
    vector = values[0].astype(np.int16).reshape(1, -1) - np.int16(source.zero_point)
    sums = _matrix_product(vector, layer.weights) + layer.bias
    factors = fully_connected_factors(source.scale, layer.weight_scales, output.scale)
    return _requantize(
        wrap_int32(sums),
        np.broadcast_to(factors, (len(layer.bias),)),
        output.zero_point,
        layer.activation_min,
        layer.activation_max,
    )
