"""Code for a depthwise layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import CodeError
from dvfs_kernel.image.code.access_code import pairing_code
from dvfs_kernel.image.code.depthwise_code import Planes, depthwise_code, turn_of, words_of
from dvfs_kernel.image.code.piece import LayerCode, Piece, words
from dvfs_kernel.image.rescaling import folded_bias, weighted_rescale
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import STREAMED

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.networks.layers import Depthwise
    from dvfs_kernel.networks.tensor import Tensor

__all__ = ["plane_bytes", "plane_pitch", "planes_code", "why_no_planes_code"]

_REACH_BYTES = 4095
_WORD = 4
_PAIRED_CHANNELS = 4
_CHANNELS_OF_A_LINE = 32


def plane_pitch(layer: Depthwise, output: Tensor) -> int:
    """Return the words of a pair of rows of a plane."""
    return int((output.shape[1] - 1) * layer.stride[1] + layer.weights.shape[1])


def plane_bytes(layer: Depthwise, source: Tensor, output: Tensor, granularity: int) -> int:
    """Return the scratch that planes of row pairs take; as ``planes_of`` in ``depthwise_code.c``.

    Parameters
    ----------
    granularity
        Channels of a group, 0 for those of a cache line.
    """
    stride, kernel = layer.stride[0], int(layer.weights.shape[0])
    pitch = plane_pitch(layer, output)
    touched = min(source.shape[1], pitch - layer.padding.left)
    row_bytes = -(-touched * source.shape[2] // _WORD) * _WORD
    channels = min(granularity or _CHANNELS_OF_A_LINE, source.shape[2])
    fitting = max(0, abi.SCRATCH_BYTES - row_bytes) // _WORD // pitch

    def pairs_for(output_pairs: int) -> int:
        return ((2 * output_pairs - 1) * stride + kernel + 1) // 2

    pairs = pairs_for(-(-output.shape[0] // 2))
    if output.shape[0] // 2 <= turn_of(output.shape[1]):
        channels = max(1, min(channels, fitting // pairs))
    elif pairs > fitting // channels:
        pairs = pairs_for(1 + max(0, fitting // channels - pairs_for(1)) // stride)
    return _WORD * pitch * pairs * channels + row_bytes


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
    if layer.padding.left >= plane_pitch(layer, output):
        return "its windows lie in the padding alone"
    if plane_bytes(layer, source, output, 0) > abi.SCRATCH_BYTES:
        return "its planes do not fit the scratch memory"
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
        code = pairing_code(touched, channels)
        access.append(Piece(code, b"", 0, 0))
    return LayerCode(1, scaling.form, (*access, *pieces), len(access))


def _lanes(layer: Depthwise) -> npt.NDArray[np.int64]:
    """Return the doubled weights as words of two lanes, (channel, kernel column × word)."""
    height, _, channels = layer.weights.shape
    pairs = np.array(words_of(height, layer.stride[0]))
    padded = np.pad(layer.weights.astype(np.int64), ((0, 1), (0, 0), (0, 0)))  # row -1: no tap
    lower = 2 * padded[pairs[:, 0]] & 0xFFFF
    upper = 2 * padded[pairs[:, 1]] & 0xFFFF
    lanes: npt.NDArray[np.int64] = upper << 16 | lower
    return lanes.transpose(2, 1, 0).reshape(channels, -1)
