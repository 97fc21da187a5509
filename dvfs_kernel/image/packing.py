"""Layers as the firmware reads them: a record, and blobs of weights in the order of the kernels.

What the blobs and the operator-specific parameters hold is agreed with ``firmware/kernels``:

Convolution, pointwise, fully connected (``matrix.h``)
    Weights: rows of (kernel row, kernel column, channel), one an output channel, zero-padded to
    words of four bytes, two rows interleaved word by word; an odd last row is paired with zeros.
Depthwise (``depthwise_rows.c``)
    Weights, a channel: for 3×3, 5×5 and 7×7 with stride 1 or 2 and no dilation rows of taps as
    pairs of int16 lanes, else the int8 taps in order.
All of them
    Bias, multiplier, shift: int32, one a channel. The bias holds −zero point × Σ weights, so that
    kernels multiply raw int8 values and pad with the zero point. The shift is to the right.

In the bounded forms of requantisation (see ``abi.toml``) the bias is doubled, and so is one of the
factors (the columns of a matrix product, the paired taps of a depthwise kernel): the doubling high
multiplication of a sum is then the upper half of a 64-bit product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import UnsupportedOperatorError
from dvfs_kernel.image.code.kept_code import kept_or_made
from dvfs_kernel.image.code.planes_code import planes_code
from dvfs_kernel.image.code.product_code import product_code
from dvfs_kernel.image.code.tiles_code import tiles_code
from dvfs_kernel.image.fused_pooling import FusedConvolution, FusedPool
from dvfs_kernel.image.rescaling import folded_bias, rescale, weighted_rescale
from dvfs_kernel.image.scratch import scratch_bytes
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import PACKED, UNPACKED, WINOGRAD
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
    Pad,
    Padding,
    Pool,
    Quantize,
    Softmax,
    Tensor,
    Transpose,
    Upsample,
)
from dvfs_kernel.networks.quantisation import (
    ADD_LEFT_SHIFT,
    add_factors,
    mean_multiplier,
    quantize_multiplier,
    softmax_factors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dvfs_kernel.image.code.piece import LayerCode, Piece

__all__ = ["PackedLayer", "operator_of", "pack", "scratch_bytes"]

Record = dict[str, Any]


@dataclass(frozen=True)
class PackedLayer:
    """One layer for the data image.

    Parameters
    ----------
    record
        Fields of the ABI's ``layer`` struct, without the tensors and the blobs' offsets. A
        concatenation's parameters name its inputs, as indices into the network's tensors.
    weights, bias, multiplier, shift
        Blobs; empty where the operator has none. Each has to lie at a multiple of 4 bytes, and the
        weights before others: kernels read up to ``abi.WEIGHTS_READ_AHEAD_BYTES`` past them, and
        use none.
    pieces
        Code, for the forms that bring it.
    """

    record: Record
    weights: bytes = b""
    bias: bytes = b""
    multiplier: bytes = b""
    shift: bytes = b""
    pieces: tuple[Piece, ...] = ()


def operator_of(layer: Layer, tensors: Sequence[Tensor]) -> abi.Operator:
    """Return the firmware's operator that runs a layer."""
    if isinstance(layer, Convolution):
        return abi.Operator.POINTWISE if layer.is_pointwise else abi.Operator.CONVOLUTION
    if isinstance(layer, Pool):
        return abi.Operator.MAX_POOL if layer.kind == "max" else abi.Operator.AVERAGE_POOL
    if isinstance(layer, Quantize):
        is_float = tensors[layer.inputs[0]].element == "float32"
        return abi.Operator.QUANTIZE if is_float else abi.Operator.REQUANTIZE
    return _OPERATORS[type(layer)]


def pack(layer: Layer, tensors: Sequence[Tensor]) -> PackedLayer:
    """Turn a layer into its record and blobs.

    Parameters
    ----------
    layer
        A layer that passes its own check.
    tensors
        All tensors of the network.

    Raises
    ------
    UnsupportedOperatorError
        Where a number does not fit the record (a kernel above 255, say).
    """
    operator = operator_of(layer, tensors)
    packed = _PACKERS[type(layer)](layer, tensors)
    output = tensors[layer.output]
    record: Record = {
        "operator": int(operator),
        "input_zero": tensors[layer.inputs[0]].zero_point,
        "output_zero": output.zero_point,
        "activation_min": 0 if output.element == "uint8" else -128,
        "activation_max": 255 if output.element == "uint8" else 127,
        **packed.record,
    }
    _check_record(record, layer, operator)
    return replace(packed, record=record)


def _check_record(record: Record, layer: Layer, operator: abi.Operator) -> None:
    for name, value in record.items():
        base = abi.LAYER[name].base
        values = np.atleast_1d(np.asarray(value, dtype=np.int64))
        limits = np.iinfo(base)
        outside = values[(values < limits.min) | (values > limits.max)]
        if outside.size:
            raise UnsupportedOperatorError(
                f"layer {layer.name!r} ({operator.name.lower()}) has {name} {outside[0]}; "
                f"the firmware takes {limits.min} to {limits.max}"
            )


def _window(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: Padding,
    dilation: tuple[int, int] = (1, 1),
) -> Record:
    return {
        "kernel_height": kernel[0],
        "kernel_width": kernel[1],
        "stride_height": stride[0],
        "stride_width": stride[1],
        "dilation_height": dilation[0],
        "dilation_width": dilation[1],
        "pad_top": padding.top,
        "pad_bottom": padding.bottom,
        "pad_left": padding.left,
        "pad_right": padding.right,
    }


def _activation(layer: Convolution | Depthwise | FullyConnected | Add | Pool) -> Record:
    return {"activation_min": layer.activation_min, "activation_max": layer.activation_max}


def _words(values: npt.ArrayLike) -> bytes:
    """Little-endian 32-bit words; what does not fit wraps as the kernels' sums do."""
    return (np.asarray(values, dtype=np.int64) & 0xFFFFFFFF).astype("<u4").tobytes()


def _matrix(layer: Convolution | FullyConnected, source: Tensor, output: Tensor) -> PackedLayer:
    rows = layer.weights.reshape(layer.weights.shape[0], -1)
    count, values = rows.shape
    bias, largest = folded_bias(layer.bias, rows, source.zero_point)
    scaling = weighted_rescale(layer, largest, source, output)
    odd = count % 2
    padded = np.pad(rows, ((0, odd), (0, -values % 4)))
    pairs = padded.reshape(-1, 2, padded.shape[1] // 4, 4).transpose(0, 2, 1, 3)
    return PackedLayer(
        {**_activation(layer), "requantisation": int(scaling.form)},
        weights=np.ascontiguousarray(pairs).tobytes(),
        bias=_words(np.pad(bias * scaling.doubling, (0, odd))),
        multiplier=_words(np.pad(scaling.multiplier, (0, odd))),
        shift=_words(np.pad(scaling.shift, (0, odd), constant_values=1)),
    )


def _product(layer: Convolution | FullyConnected, tensors: Sequence[Tensor]) -> PackedLayer:
    """Pack a matrix product in the layer's form."""
    source, output = tensors[layer.inputs[0]], tensors[layer.output]
    if layer.form == PACKED:
        return _matrix(layer, source, output)
    if layer.form == WINOGRAD:
        made = tiles_code(layer, source, output)
    elif layer.form == UNPACKED:
        made = kept_or_made(layer, source, output, lambda: product_code(layer, source, output))
    else:
        made = product_code(layer, source, output)
    return PackedLayer(_coded(layer, made), pieces=made.pieces)


def _coded(layer: Convolution | Depthwise | FullyConnected, made: LayerCode) -> Record:
    """Fields of a layer that brings code."""
    return {
        **_activation(layer),
        "requantisation": int(made.requantisation),
        "form": int(abi.KernelForm[layer.form.upper()]),
        "columns": made.columns,
        "access_pieces": made.access_pieces,
    }


def _pack_convolution(layer: Convolution, tensors: Sequence[Tensor]) -> PackedLayer:
    packed = _product(layer, tensors)
    kernel = (layer.weights.shape[1], layer.weights.shape[2])
    packed.record.update(_window(kernel, layer.stride, layer.padding, layer.dilation))
    packed.record.update(_parameters(int(isinstance(layer, FusedConvolution))))
    return packed


def _pack_fully_connected(layer: FullyConnected, tensors: Sequence[Tensor]) -> PackedLayer:
    return _product(layer, tensors)


def _depthwise_is_fast(layer: Depthwise) -> bool:
    """Whether the kernel works on pairs of taps; as ``is_fast`` in ``depthwise_rows.c``."""
    height, width, _ = layer.weights.shape
    return (
        height == width
        and height in (3, 5, 7)
        and layer.stride in ((1, 1), (2, 2))
        and layer.dilation == (1, 1)
    )


def _lanes(taps: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Taps, (channel, row, column), in the order of ``depthwise_steps.h``, (channel, lane)."""
    channels, size, _ = taps.shape
    if size == 3:
        flat = np.pad(taps.reshape(channels, 9), ((0, 0), (0, 1)))
        return flat[:, [0, 2, 3, 5, 6, 8, 1, 4, 7, 9]]
    rows = np.pad(taps, ((0, 0), (0, 0), (0, 1)))
    order = [0, 2, 1, 3, 4, 5] if size == 5 else [0, 2, 1, 3, 4, 6, 5, 7]
    return rows[:, :, order].reshape(channels, -1)


def _pack_depthwise(layer: Depthwise, tensors: Sequence[Tensor]) -> PackedLayer:
    source, output = tensors[layer.inputs[0]], tensors[layer.output]
    height, width, channels = layer.weights.shape
    window = _window((height, width), layer.stride, layer.padding, layer.dilation)
    if layer.form != PACKED:
        made = planes_code(layer, source, output)
        record = {**window, **_coded(layer, made), "depth_multiplier": layer.multiplier}
        return PackedLayer(record, pieces=made.pieces)
    taps = np.moveaxis(layer.weights, 2, 0)
    bias, largest = folded_bias(layer.bias, taps.reshape(channels, -1), source.zero_point)
    scaling = weighted_rescale(layer, largest, source, output)
    if _depthwise_is_fast(layer):
        weights = _lanes(taps.astype(np.int16) * scaling.doubling).astype("<i2").tobytes()
    else:
        weights = np.ascontiguousarray(taps).tobytes()
    return PackedLayer(
        {
            **window,
            **_activation(layer),
            "requantisation": int(scaling.form),
            "depth_multiplier": layer.multiplier,
        },
        weights=weights,
        bias=_words(bias * scaling.doubling),
        multiplier=_words(scaling.multiplier),
        shift=_words(scaling.shift),
    )


def _parameters(*values: int) -> Record:
    return {"parameters": [*values, *[0] * (abi.LAYER["parameters"].shape[0] - len(values))]}


def _right(factor: float) -> tuple[int, int]:
    """Multiplier and right shift."""
    multiplier, shift = quantize_multiplier(factor)
    return multiplier, -shift


def _pack_add(layer: Add, tensors: Sequence[Tensor]) -> PackedLayer:
    inputs = [tensors[i] for i in layer.inputs]
    output = tensors[layer.output]
    factors = add_factors(inputs[0].scale, inputs[1].scale, output.scale)
    # Each input's factor is at most 1/2, and a difference from a zero point is within 255.
    largest = np.array([255 << ADD_LEFT_SHIFT], dtype=np.int64)
    scaling = rescale(
        np.array([factors.output]),
        largest,
        output.zero_point,
        (layer.activation_min, layer.activation_max),
    )
    return PackedLayer(
        {
            **_activation(layer),
            "requantisation": int(scaling.form),
            "input1_zero": inputs[1].zero_point,
            **_parameters(
                *_right(factors.input0),
                *_right(factors.input1),
                int(scaling.multiplier[0]),
                int(scaling.shift[0]),
                ADD_LEFT_SHIFT,
            ),
        }
    )


def _pack_pool(layer: Pool, _tensors: Sequence[Tensor]) -> PackedLayer:
    return PackedLayer({**_window(layer.kernel, layer.stride, layer.padding), **_activation(layer)})


def _pack_mean(layer: Mean, tensors: Sequence[Tensor]) -> PackedLayer:
    source, output = tensors[layer.inputs[0]], tensors[layer.output]
    count = prod(source.shape[axis] for axis in layer.axes)
    multiplier, shift = mean_multiplier(source.scale, output.scale, count)
    axes = sum(1 << axis for axis in layer.axes)
    return PackedLayer(_parameters(axes, multiplier, -shift))


def _pack_upsample(layer: Upsample, _tensors: Sequence[Tensor]) -> PackedLayer:
    return PackedLayer(_parameters(*layer.factors))


def _pack_pad(layer: Pad, _tensors: Sequence[Tensor]) -> PackedLayer:
    padding = _window((0, 0), (0, 0), layer.padding, (0, 0))
    return PackedLayer({**padding, **_parameters(layer.value)})


def _pack_quantize(layer: Quantize, tensors: Sequence[Tensor]) -> PackedLayer:
    source, output = tensors[layer.inputs[0]], tensors[layer.output]
    if source.element == "float32":
        return PackedLayer({})
    return PackedLayer(_parameters(*_right(source.scale / output.scale)))


def _pack_transpose(layer: Transpose, _tensors: Sequence[Tensor]) -> PackedLayer:
    return PackedLayer(_parameters(*layer.permutation))


def _pack_softmax(layer: Softmax, tensors: Sequence[Tensor]) -> PackedLayer:
    factors = softmax_factors(layer.beta, tensors[layer.inputs[0]].scale)
    return PackedLayer(
        _parameters(factors.multiplier, factors.left_shift, factors.least_difference)
    )


def _pack_concatenate(layer: Concatenate, _tensors: Sequence[Tensor]) -> PackedLayer:
    indices = np.zeros(len(layer.inputs) + len(layer.inputs) % 2, dtype="<u2")
    indices[: len(layer.inputs)] = layer.inputs
    words = indices.view("<i4").tolist()
    return PackedLayer(_parameters(layer.axis, len(layer.inputs), *words))


def _pack_nothing(_layer: Layer, _tensors: Sequence[Tensor]) -> PackedLayer:
    return PackedLayer({})


_OPERATORS: dict[type, abi.Operator] = {
    Add: abi.Operator.ADD,
    Concatenate: abi.Operator.CONCATENATE,
    Copy: abi.Operator.COPY,
    Depthwise: abi.Operator.DEPTHWISE,
    Dequantize: abi.Operator.DEQUANTIZE,
    FusedPool: abi.Operator.FUSED,
    FullyConnected: abi.Operator.FULLY_CONNECTED,
    Mean: abi.Operator.MEAN,
    Pad: abi.Operator.PAD,
    Softmax: abi.Operator.SOFTMAX,
    Transpose: abi.Operator.TRANSPOSE,
    Upsample: abi.Operator.UPSAMPLE,
}

_PACKERS: dict[type, Callable[[Any, Sequence[Tensor]], PackedLayer]] = {
    Add: _pack_add,
    Concatenate: _pack_concatenate,
    Convolution: _pack_convolution,
    Copy: _pack_nothing,
    Depthwise: _pack_depthwise,
    Dequantize: _pack_nothing,
    FullyConnected: _pack_fully_connected,
    FusedConvolution: _pack_convolution,
    FusedPool: _pack_nothing,
    Mean: _pack_mean,
    Pad: _pack_pad,
    Pool: _pack_pool,
    Quantize: _pack_quantize,
    Softmax: _pack_softmax,
    Transpose: _pack_transpose,
    Upsample: _pack_upsample,
}
