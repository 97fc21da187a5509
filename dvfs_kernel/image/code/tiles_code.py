"""Code for a convolution of 3 × 3 by Winograd's minimal filtering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import CodeError
from dvfs_kernel.image.code.piece import LayerCode, Piece, words
from dvfs_kernel.image.code.winograd_code import TILES, transformed_weights, winograd_code
from dvfs_kernel.image.fused_pooling import FusedConvolution
from dvfs_kernel.image.rescaling import folded_bias, weighted_rescale
from dvfs_kernel.link import abi
from dvfs_kernel.networks.network import Convolution

if TYPE_CHECKING:
    from dvfs_kernel.networks.layers import FullyConnected
    from dvfs_kernel.networks.tensor import Tensor

__all__ = ["tiles_code", "why_no_tiles_code"]

_CHANNELS = 2
# Sums come out four times as large, and two of them are compared.
_SUM_LIMIT = (1 << 28) - 1
# A place's products are straight code, and its words within an offset's reach.
_INPUTS_MAX = 256


def why_no_tiles_code(layer: Convolution | FullyConnected, source: Tensor, output: Tensor) -> str:
    """Return why a layer cannot be computed so; nothing where it can."""
    if not isinstance(layer, Convolution) or layer.weights.shape[1:3] != (3, 3):
        return "its kernel is not 3 × 3"
    if layer.stride != (1, 1) or layer.dilation != (1, 1):
        return "it has a stride or dilation"
    channels = layer.weights.shape[3]
    if channels % 4 or channels > _INPUTS_MAX:
        return f"it has {channels} input channels; multiples of 4 up to {_INPUTS_MAX} can be"
    rows = layer.weights.reshape(layer.weights.shape[0], -1)
    _, largest = folded_bias(layer.bias, rows, source.zero_point)
    form = weighted_rescale(layer, largest, source, output).form
    if form is abi.Requantisation.EXACT or (largest > _SUM_LIMIT).any():
        return "its sums or factors exceed the bounded form of requantisation"
    return ""


def tiles_code(layer: Convolution | FullyConnected, source: Tensor, output: Tensor) -> LayerCode:
    """Make the code of a layer.

    Raises
    ------
    CodeError
        It cannot have this form; says why.
    """
    why = why_no_tiles_code(layer, source, output)
    if why:
        raise CodeError(f"layer {layer.name!r} cannot be {layer.form}: {why}; it can be packed")
    count, inputs = layer.weights.shape[0], layer.weights.shape[3]
    rows = layer.weights.reshape(count, -1)
    bias, largest = folded_bias(layer.bias, rows, source.zero_point)
    scaling = weighted_rescale(layer, largest, source, output)
    numbers = np.column_stack([2 * bias, scaling.bounded_numbers(output.zero_point)])
    fours = transformed_weights(layer.weights).reshape(count, 16, inputs // 4, 4)
    lanes = fours[..., [0, 2, 1, 3]].reshape(count, 16, inputs // 2, 2)
    pools = isinstance(layer, FusedConvolution)
    clamp = layer.activation_min, layer.activation_max

    def piece(first: int) -> Piece:
        its: Any = lanes[first : first + _CHANNELS]
        code = winograd_code(inputs // 2, len(its), *clamp, pools=pools)
        weights = np.ascontiguousarray(its.transpose(1, 2, 0, 3)).astype("<i2").tobytes()
        data = weights + words(numbers[first : first + _CHANNELS])
        return Piece(code, data, first, len(its))

    pieces = tuple(piece(first) for first in range(0, count, _CHANNELS))
    return LayerCode(TILES, scaling.form, pieces)
