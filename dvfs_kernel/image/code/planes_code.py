"""Code for a depthwise layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import CodeError
from dvfs_kernel.image.code.access_code import pairing_code
from dvfs_kernel.image.code.depthwise_code import Planes, depthwise_code, words_of
from dvfs_kernel.image.code.piece import LayerCode, Piece, words
from dvfs_kernel.image.rescaling import folded_bias, weighted_rescale
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import STREAMED

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.networks.layers import Depthwise
    from dvfs_kernel.networks.tensor import Tensor

__all__ = ["plane_pitch", "plane_words", "planes_code", "why_no_planes_code"]

_REACH_BYTES = 4095
_WORD = 4
_PAIRED_CHANNELS = 4


def plane_pitch(layer: Depthwise, output: Tensor) -> int:
    """Return the words of a pair of rows of a plane."""
    return (output.shape[1] - 1) * layer.stride[1] + layer.weights.shape[1]


def plane_words(layer: Depthwise, output: Tensor) -> int:
    """Return the words of one channel's plane of row pairs."""
    rows = (output.shape[0] - 1) * layer.stride[0] + layer.weights.shape[0]
    return -(-rows // 2) * plane_pitch(layer, output)


def why_no_planes_code(layer: Depthwise, source: Tensor, output: Tensor) -> str:
    """Return why a layer can only be packed; nothing where it can be streamed."""
    height, width, channels = layer.weights.shape
    taps = layer.weights.reshape(-1, channels).T
    _, largest = folded_bias(layer.bias, taps, source.zero_point)
    reach = _WORD * (
        plane_pitch(layer, output) * (-(-height // 2) + 1) + 3 * layer.stride[1] + width
    )
    record = _WORD * (4 + width * len(words_of(height, layer.stride[0])))
    if weighted_rescale(layer, largest, source, output).form is abi.Requantisation.EXACT:
        return "its sums or factors exceed the bounded form of requantisation"
    if layer.multiplier != 1 or layer.dilation != (1, 1) or layer.stride[0] > 2:
        return "it has a multiplier, a dilation or a stride beyond 2"
    if _WORD * plane_words(layer, output) > abi.SCRATCH_BYTES:
        return "a channel of it does not fit the scratch memory"
    if max(reach, record, 2 * channels) > _REACH_BYTES:
        return "it is wider than loads reach"
    return ""


def planes_code(layer: Depthwise, source: Tensor, output: Tensor) -> LayerCode:
    """Make the code of a layer.

    Raises
    ------
    CodeError
        The layer can only be packed; says why.
    """
    why = why_no_planes_code(layer, source, output)
    if layer.form != STREAMED:
        why = "code without weights serves all channels of a depthwise layer"
    if why:
        raise CodeError(f"layer {layer.name!r} cannot be {layer.form}: {why}")
    height, width, channels = layer.weights.shape
    taps = layer.weights.reshape(-1, channels).T
    bias, largest = folded_bias(layer.bias, taps, source.zero_point)
    scaling = weighted_rescale(layer, largest, source, output)
    planes = Planes(
        (height, width), layer.stride, output.shape[0], output.shape[1], plane_pitch(layer, output),
        channels, output.shape[1] * channels, layer.activation_min, layer.activation_max,
    )  # fmt: skip
    records = np.concatenate(
        [2 * bias[:, None], _lanes(layer), scaling.bounded_numbers(output.zero_point)], axis=1
    )
    data = words(records)
    pieces = [Piece(code, data, 0, channels) for code in depthwise_code(planes)]
    access = []
    if channels >= _PAIRED_CHANNELS:
        touched = min(source.shape[1], planes.pitch - layer.padding.left)
        code = pairing_code(touched, channels, planes.plane_bytes)
        access.append(Piece(code, b"", 0, 0))
    return LayerCode(1, scaling.form, (*access, *pieces), len(access))


def _lanes(layer: Depthwise) -> npt.NDArray[np.int64]:
    """Return the doubled weights as words of two lanes, (channel, kernel column × word)."""
    height, _, channels = layer.weights.shape
    pairs = np.array(words_of(height, layer.stride[0]))
    padded = np.pad(layer.weights.astype(np.int64), ((0, 1), (0, 0), (0, 0)))  # row -1: no tap
    lower = 2 * padded[pairs[:, 0]] & 0xFFFF
    upper = 2 * padded[pairs[:, 1]] & 0xFFFF
    return (upper << 16 | lower).transpose(2, 1, 0).reshape(channels, -1)
