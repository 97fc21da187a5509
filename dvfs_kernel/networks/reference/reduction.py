"""Pooling and means in TFLite's int8 arithmetic."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.networks.quantisation import mean_multiplier, multiply_by_quantized_multiplier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.network import Mean, Pool, Tensor

__all__ = ["mean", "pool"]

Array = npt.NDArray[Any]


def _windows(values: Array, layer: Pool, fill: int) -> Array:
    """View (out height, out width, channels, kernel height, kernel width) of a padded map."""
    padding = layer.padding
    padded = np.pad(
        values,
        ((padding.top, padding.bottom), (padding.left, padding.right), (0, 0)),
        constant_values=fill,
    )
    view = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel, axis=(0, 1))
    result: Array = view[:: layer.stride[0], :: layer.stride[1]]
    return result


def pool(layer: Pool, values: Sequence[Array], _inputs: Sequence[Tensor], _output: Tensor) -> Array:
    """Max or average over windows; positions outside the feature map do not count."""
    source = values[0]
    if layer.kind == "max":
        pooled = _windows(source, layer, -128).max(axis=(3, 4)).astype(np.int64)
    else:
        sums = _windows(source.astype(np.int64), layer, 0).sum(axis=(3, 4))
        inside = np.ones((*source.shape[:2], 1), dtype=np.int64)
        counts = _windows(inside, layer, 0).sum(axis=(3, 4))
        magnitudes = (np.abs(sums) + counts // 2) // counts
        pooled = np.where(sums > 0, magnitudes, -magnitudes)
    clipped: Array = np.clip(pooled, layer.activation_min, layer.activation_max)
    return clipped.astype(np.int8)


def mean(layer: Mean, values: Sequence[Array], inputs: Sequence[Tensor], output: Tensor) -> Array:
    """Mean over axes, rescaled from the input's to the output's scale and zero point."""
    source = values[0].astype(np.int64)
    count = prod(source.shape[axis] for axis in layer.axes)
    sums = source.sum(axis=layer.axes) - inputs[0].zero_point * count
    scaled = multiply_by_quantized_multiplier(
        sums, *mean_multiplier(inputs[0].scale, output.scale, count)
    )
    return np.clip(scaled + output.zero_point, -128, 127).astype(np.int8)
