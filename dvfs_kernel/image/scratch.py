"""How much of the scratch memory a layer's kernel needs; equal to the firmware's own answer."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from dvfs_kernel.image.code.planes_code import plane_bytes
from dvfs_kernel.image.code.product_code import columns_of
from dvfs_kernel.image.code.winograd_code import TILES
from dvfs_kernel.image.fused_pooling import FusedConvolution
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import PACKED, WINOGRAD, WeightedLayer
from dvfs_kernel.networks.network import (
    Add,
    Convolution,
    Depthwise,
    FullyConnected,
    Layer,
    Softmax,
    Tensor,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["scratch_bytes"]

# firmware/kernels/matrix.c, depthwise.c, planes.h and elementwise.c.
_GROUP_MAX = 64
_CHANNELS_OF_A_LINE = 32
_SLACK_BYTES = 16
_ADD_TABLES_BYTES = 2 * 256 * 4


def scratch_bytes(layer: Layer, tensors: Sequence[Tensor], granularity: int) -> int:
    """Return what ``kernel_scratch_bytes`` returns for a layer.

    Parameters
    ----------
    layer
        The layer.
    tensors
        All tensors of the network.
    granularity
        0 for the interleaved form, else g channel planes (depthwise) or g columns (pointwise);
        other layers have one form.
    """
    source, output = tensors[layer.inputs[0]], tensors[layer.output]
    if isinstance(layer, WeightedLayer) and layer.form != PACKED:
        return _coded(layer, source, output, granularity)
    if isinstance(layer, Convolution):
        return _convolution(layer, source, output, granularity)
    if isinstance(layer, Depthwise):
        return _depthwise(layer, source, output, granularity)
    if isinstance(layer, FullyConnected):
        return _column_bytes(source.size)
    if isinstance(layer, Add):
        return _ADD_TABLES_BYTES
    return source.shape[2] * 4 if isinstance(layer, Softmax) else 0


def _coded(layer: WeightedLayer, source: Tensor, output: Tensor, granularity: int) -> int:
    """Return what a layer with code of its own needs."""
    if isinstance(layer, Depthwise):
        return plane_bytes(layer, source, output, granularity)
    if isinstance(layer, Convolution) and layer.form == WINOGRAD:
        return _tiles(layer, source, output, granularity)
    if isinstance(layer, Convolution):
        pixels = output.shape[0] * output.shape[1]
        pixels *= columns_of(layer, output) if isinstance(layer, FusedConvolution) else 1
        return _blocks(layer, output, (pixels, output.shape[2]), granularity)
    return _blocks(layer, output, (1, output.size), granularity)


def _blocks(
    layer: WeightedLayer, output: Tensor, product: tuple[int, int], granularity: int
) -> int:
    """As ``product_of`` and ``group_of`` in ``layer_code.c``; the product's columns and rows."""
    columns, rows = product
    at_a_time = columns_of(layer, output)
    gathers = isinstance(layer, Convolution) and not layer.is_pointwise
    words = -(-layer.taps // 4)
    block = 4 * (words * 2 * at_a_time + 1)
    beside = -(-at_a_time * rows // 4) * 4 + (8 * words if gathers else 0)
    blocks = -(-columns // at_a_time)
    stored = 1 if isinstance(layer, FusedConvolution) else at_a_time
    asked = -(-granularity // at_a_time)
    return _grouped(block, blocks, beside, stored * rows, asked)


def _tiles(layer: Convolution, source: Tensor, output: Tensor, granularity: int) -> int:
    """As ``tiling_of`` and ``group_of`` in ``winograd.c``."""
    pools = isinstance(layer, FusedConvolution)
    side, stored = (1, 1) if pools else (2, 4)
    height, width, rows = output.shape
    channels = source.shape[2]
    blocks = -(-(-(-height // side) * -(-width // side)) // TILES)
    block = 4 * TILES * (16 * (channels // 2) + stored)
    beside = -(-rows // 4) * 4 + channels
    return _grouped(block, blocks, beside, TILES * stored * rows, -(-granularity // TILES))


def _grouped(
    block_bytes: int, blocks: int, beside_bytes: int, output_bytes: int, asked: int
) -> int:
    """Bytes of a group of blocks: as many as are asked for, else what scratch and D-cache hold."""
    if asked:
        group = min(asked, blocks)
    else:
        fitting = max(abi.SCRATCH_BYTES - beside_bytes, 0) // block_bytes
        cached = abi.CODE_OUTPUT_BYTES_MAX // output_bytes
        group = max(1, min(blocks, fitting, cached))
    return group * block_bytes + beside_bytes


def _column_bytes(values: int) -> int:
    """Bytes of a column of values widened to int16, in whole words of four values."""
    return -(-values // 4) * 8


def _group(columns: int, bytes_each: int, bytes_taken: int) -> int:
    fitting = max(abi.SCRATCH_BYTES - bytes_taken, 0) // bytes_each
    return max(1, min(columns, _GROUP_MAX, fitting))


def _convolution(layer: Convolution, source: Tensor, output: Tensor, granularity: int) -> int:
    column = _column_bytes(prod(layer.weights.shape[1:]))
    pixels = output.shape[0] * output.shape[1]
    if not layer.is_pointwise:
        window = column // 2
        return _group(pixels, column, window) * column + window
    column = _column_bytes(source.shape[2])
    group = min(granularity, pixels) if granularity else _group(pixels, column, 0)
    return group * column


def _depthwise(layer: Depthwise, source: Tensor, output: Tensor, granularity: int) -> int:
    extents: list[int] = [
        (kernel - 1) * dilation + 1
        for kernel, dilation in zip(layer.weights.shape[:2], layer.dilation, strict=True)
    ]
    columns = (output.shape[1] - 1) * layer.stride[1] + extents[1]
    row = -(-columns // 4) * 4
    slack = row + _SLACK_BYTES
    channels, rows = source.shape[2], output.shape[0]
    if granularity:
        channels = min(granularity, channels)
    else:
        channels = min(_CHANNELS_OF_A_LINE, channels)
        fitting = (abi.SCRATCH_BYTES - slack) // (channels * row)
        beyond_first = max(fitting - extents[0], 0)
        rows = min(rows, 1 + beyond_first // layer.stride[0])
    plane = ((rows - 1) * layer.stride[0] + extents[0]) * row
    return channels * plane + slack
