"""Code for a convolution, pointwise or fully connected layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import CodeError
from dvfs_kernel.image.code.access_code import Run, widening_code
from dvfs_kernel.image.code.matrix_code import Channel, Product, streamed_code, unpacked_code
from dvfs_kernel.image.code.piece import LayerCode, Piece, words
from dvfs_kernel.image.fused_pooling import FusedConvolution
from dvfs_kernel.image.rescaling import folded_bias, weighted_rescale
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import STREAMED, FullyConnected, WeightedLayer

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.networks.layers import Convolution
    from dvfs_kernel.networks.tensor import Tensor

__all__ = ["columns_of", "product_code", "why_no_code"]

# Channels of a piece by its columns: at most 8 sums.
_CHANNELS = {1: 8, 2: 4, 3: 2, 4: 2}
# Words of four values that a piece widens; each takes five instructions.
_WIDENED_WORDS_MAX = 640
_COLUMNS = (4, 3, 2)
# Columns of a window of pooling.
_POOLED = 4
# What a store reaches beyond the first column's output.
_REACH_BYTES = 4095


def columns_of(layer: WeightedLayer, output: Tensor) -> int:
    """Return how many columns a block of a layer holds: what wastes the least time.

    A block that is not full costs as much as a full one, and each block costs something beside
    its products.
    """
    pixels = 1 if isinstance(layer, FullyConnected) else output.shape[0] * output.shape[1]
    if isinstance(layer, FusedConvolution):
        return _POOLED
    if pixels == 1:
        return 1
    pairs = -(-layer.taps // 4) * 2
    rows = output.shape[2]
    fitting = [
        count
        for count in _COLUMNS
        if count <= pixels and (count - 1) * rows + _CHANNELS[count] - 1 <= _REACH_BYTES
    ]  # fmt: skip
    return min(
        fitting or [1],
        key=lambda count: -(-pixels // count) * (2 * count * pairs + 6 * count + 6),
    )


def _requantisation(
    layer: Convolution | FullyConnected, source: Tensor, output: Tensor
) -> abi.Requantisation:
    rows = layer.weights.reshape(layer.weights.shape[0], -1)
    _, largest = folded_bias(layer.bias, rows, source.zero_point)
    return weighted_rescale(layer, largest, source, output).form


def why_no_code(layer: Convolution | FullyConnected, source: Tensor, output: Tensor) -> str:
    """Return why a layer can only be packed; nothing where it can have code."""
    if _requantisation(layer, source, output) is abi.Requantisation.EXACT:
        return "its sums or factors exceed the bounded form of requantisation"
    return ""


def product_code(layer: Convolution | FullyConnected, source: Tensor, output: Tensor) -> LayerCode:
    """Make the code of a layer in its form.

    Raises
    ------
    CodeError
        The layer can only be packed; says why.
    """
    rows = layer.weights.reshape(layer.weights.shape[0], -1)
    count = len(rows)
    bias, largest = folded_bias(layer.bias, rows, source.zero_point)
    scaling = weighted_rescale(layer, largest, source, output)
    if scaling.form is abi.Requantisation.EXACT:
        raise CodeError(
            f"layer {layer.name!r} cannot be {layer.form}: "
            f"{why_no_code(layer, source, output)}; it can be packed"
        )
    columns = columns_of(layer, output)
    lanes = _lanes(layer)
    product = Product(
        lanes.shape[1], columns, count, layer.activation_min, layer.activation_max,
        pools=isinstance(layer, FusedConvolution),
    )  # fmt: skip
    numbers = scaling.bounded_numbers(output.zero_point)
    step = _CHANNELS[columns]
    make = _streamed if layer.form == STREAMED else _unpacked
    pieces = tuple(
        make(product, lanes[first : first + step], 2 * bias[first : first + step],
             numbers[first : first + step], first)
        for first in range(0, count, step)
    )  # fmt: skip
    access = _access(layer, source, columns)
    return LayerCode(columns, scaling.form, (*access, *pieces), len(access))


def _access(layer: Convolution | FullyConnected, source: Tensor, columns: int) -> tuple[Piece, ...]:
    """Make the pieces that widen columns, where they pay and can be.

    One for the blocks of a pointwise layer; of another convolution one for a block whose windows
    lie side by side, or in a square where they are pooled, and one for a single window.
    """
    if isinstance(layer, FullyConnected) or layer.dilation[1] != 1:
        return ()
    height, width, channels = layer.weights.shape[1:]
    fours = -(-layer.taps // 4)
    if columns * fours > _WIDENED_WORDS_MAX:
        return ()
    if layer.is_pointwise:
        block = 4 * (2 * columns * fours + 1)
        starts = tuple(channels * column for column in range(columns))
        runs = [Run(1, channels, 0, starts, columns, block, columns * channels)]
    else:
        row_step = layer.dilation[0] * source.shape[1] * channels
        right, down = layer.stride[1] * channels, layer.stride[0] * source.shape[1] * channels
        if isinstance(layer, FusedConvolution):
            starts = (0, right, down, down + right)
        else:
            starts = tuple(right * column for column in range(columns))
        single = Run(height, width * channels, row_step, (0,), columns)
        runs = [replace(single, columns=starts), single]
    return tuple(Piece(widening_code(run), b"", 0, 0) for run in runs)


def _lanes(layer: Convolution | FullyConnected) -> npt.NDArray[np.int16]:
    """Doubled weights as (row, pair, lane), in the order in which columns are widened.

    Kernel rows one after another, of each its whole words of four values; then the values that are
    left of each row.
    """
    weights = 2 * layer.weights.astype(np.int16)
    count = len(weights)
    rows = weights.reshape(count, weights.shape[1] if weights.ndim > 2 else 1, -1)
    whole = rows.shape[2] // 4 * 4
    ordered = np.concatenate(
        [rows[:, :, :whole].reshape(count, -1), rows[:, :, whole:].reshape(count, -1)], axis=1
    )
    padded = np.pad(ordered, ((0, 0), (0, -ordered.shape[1] % 4)))
    fours = padded.reshape(count, -1, 4)
    return np.ascontiguousarray(fours[:, :, [0, 2, 1, 3]]).reshape(count, -1, 2)


def _streamed(
    product: Product,
    lanes: npt.NDArray[np.int16],
    bias: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.int64],
    first: int,
) -> Piece:
    channels = len(lanes)
    weights = np.ascontiguousarray(lanes.transpose(1, 0, 2)).astype("<i2").tobytes()
    data = words(bias) + weights + words(numbers)
    return Piece(streamed_code(product, channels), data, first, channels)


def _unpacked(
    product: Product,
    lanes: npt.NDArray[np.int16],
    bias: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.int64],
    first: int,
) -> Piece:
    channels = tuple(
        Channel(tuple(map(tuple, lanes[i].tolist())), int(bias[i]), *map(int, numbers[i]))
        for i in range(len(lanes))
    )
    return Piece(unpacked_code(product, channels, first), b"", first, len(channels))
