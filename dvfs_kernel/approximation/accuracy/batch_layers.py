"""Every layer class as a function of a batch of feature maps: (images, height, width, channels).

Equal to `networks.reference` to the byte. Sums of products go through the matrix product of
floating point, which is exact on whole numbers as long as no partial sum leaves the range in which
the type holds every whole number; which type that is follows from each layer's own weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.accuracy import batch_loops
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
    Pool,
    Quantize,
    Softmax,
    Transpose,
    Upsample,
)
from dvfs_kernel.networks.quantisation import (
    ADD_LEFT_SHIFT,
    add_factors,
    convolution_factors,
    fully_connected_factors,
    mean_multiplier,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    quantize_multipliers,
    wrap_int32,
)
from dvfs_kernel.networks.reference.interpreter import run_layer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dvfs_kernel.networks.network import Padding, Tensor

__all__ = ["Array", "BatchFunction", "batch_function", "scratch_bytes"]

Array: TypeAlias = npt.NDArray[Any]
#: From a layer's inputs, each (images, height, width, channels), to its output.
BatchFunction: TypeAlias = "Callable[[Sequence[Array]], Array]"

# Single precision holds every whole number up to here.
_SINGLE_PRECISION_LIMIT = 1 << 24


def batch_function(layer: Layer, tensors: Sequence[Tensor]) -> BatchFunction:
    """Return what computes a layer for a batch.

    Parameters
    ----------
    layer
        A layer that fits its tensors.
    tensors
        All tensors of its network.
    """
    return _MAKERS[type(layer)](layer, [tensors[index] for index in layer.inputs], tensors)


def scratch_bytes(layer: Layer, tensors: Sequence[Tensor]) -> int:
    """Return how much memory a layer works on for each image."""
    output = tensors[layer.output]
    size = output.bytes + sum(tensors[index].bytes for index in layer.inputs)
    if isinstance(layer, Convolution | FullyConnected):
        size += 4 * (output.size // layer.weights.shape[0]) * layer.taps
    if isinstance(layer, Convolution | Depthwise | FullyConnected):
        size += 4 * output.size
    return size


def _requantizer(
    layer: Convolution | Depthwise | FullyConnected, source: Tensor, output: Tensor
) -> Callable[[Array], Array]:
    """Return what turns sums (rows, channels), whole numbers within int32, into outputs."""
    to_factors = (
        fully_connected_factors if isinstance(layer, FullyConnected) else convolution_factors
    )
    factors = to_factors(source.scale, layer.weight_scales, output.scale)
    multipliers, shifts = (
        np.ascontiguousarray(np.broadcast_to(values.astype(np.int64), layer.bias.shape))
        for values in quantize_multipliers(factors)
    )
    lefts, rights = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    clamp = output.zero_point, layer.activation_min, layer.activation_max

    def requantize(sums: Array) -> Array:
        stored = np.empty(sums.shape, np.int8)
        batch_loops.requantize(sums, layer.bias, multipliers, lefts, rights, *clamp, stored)
        return stored

    return requantize


def _product(weights: Array, zero_point: int) -> tuple[Callable[[Array], Array], type[Any]]:
    """Return what multiplies columns (rows, taps) by weights (channels, taps), and their type."""
    magnitudes = np.abs(weights.astype(np.int64)).sum(axis=1)
    largest = int(magnitudes.max()) * max(127 - zero_point, zero_point + 128)
    if largest <= _SINGLE_PRECISION_LIMIT:
        single = np.ascontiguousarray(weights.T.astype(np.float32))
        return lambda columns: columns @ single, np.float32
    double = np.ascontiguousarray(weights.T.astype(np.float64))
    return lambda columns: wrap_int32((columns @ double).astype(np.int64)).astype(np.int32), (
        np.float64
    )


def _padded(values: Array, padding: Padding, value: int) -> Array:
    """Return feature maps with rows and columns of one value around each."""
    if not padding:
        return np.ascontiguousarray(values)
    images, height, width, channels = values.shape
    shape = (
        images,
        height + padding.top + padding.bottom,
        width + padding.left + padding.right,
        channels,
    )
    around = np.full(shape, value, values.dtype)
    around[:, padding.top : padding.top + height, padding.left : padding.left + width] = values
    return around


def _convolution(
    layer: Convolution, inputs: Sequence[Tensor], tensors: Sequence[Tensor]
) -> BatchFunction:
    channels, kernel_height, kernel_width, _ = layer.weights.shape
    zero_point, output = inputs[0].zero_point, tensors[layer.output]
    requantize = _requantizer(layer, inputs[0], output)
    multiply, real = _product(layer.weights.reshape(channels, -1), zero_point)

    def convolve(values: Sequence[Array]) -> Array:
        padded = _padded(values[0], layer.padding, zero_point)
        columns = np.empty((len(padded), *output.shape[:2], layer.taps), real)
        batch_loops.fill_columns(
            padded,
            zero_point,
            kernel_height,
            kernel_width,
            layer.stride,
            layer.dilation,
            columns,
        )
        stored = requantize(multiply(columns.reshape(-1, layer.taps)))
        return stored.reshape(-1, *output.shape)

    return convolve


def _depthwise(
    layer: Depthwise, inputs: Sequence[Tensor], tensors: Sequence[Tensor]
) -> BatchFunction:
    zero_point, output = inputs[0].zero_point, tensors[layer.output]
    requantize = _requantizer(layer, inputs[0], output)
    weights = np.ascontiguousarray(layer.weights.astype(np.int32))

    def convolve(values: Sequence[Array]) -> Array:
        padded = _padded(values[0], layer.padding, zero_point)
        sums = np.empty((len(padded), *output.shape), np.int32)
        batch_loops.depthwise_sums(
            padded, zero_point, weights, layer.multiplier, layer.stride, layer.dilation, sums
        )
        return requantize(sums.reshape(-1, output.shape[2])).reshape(sums.shape)

    return convolve


def _fully_connected(
    layer: FullyConnected, inputs: Sequence[Tensor], tensors: Sequence[Tensor]
) -> BatchFunction:
    zero_point, output = inputs[0].zero_point, tensors[layer.output]
    requantize = _requantizer(layer, inputs[0], output)
    multiply, real = _product(layer.weights, zero_point)

    def connect(values: Sequence[Array]) -> Array:
        vectors = values[0].reshape(-1, layer.taps).astype(real) - real(zero_point)
        return requantize(multiply(vectors)).reshape(-1, *output.shape)

    return connect


def _add(layer: Add, inputs: Sequence[Tensor], tensors: Sequence[Tensor]) -> BatchFunction:
    output = tensors[layer.output]
    factors = add_factors(inputs[0].scale, inputs[1].scale, output.scale)
    every = np.arange(-128, 128, dtype=np.int64)
    first_table, second_table = (
        multiply_by_quantized_multiplier(
            (every - tensor.zero_point) << ADD_LEFT_SHIFT, *quantize_multiplier(factor)
        )
        for tensor, factor in zip(inputs, factors[:2], strict=True)
    )
    multiplier, shift = quantize_multiplier(factors.output)
    clamp = output.zero_point, layer.activation_min, layer.activation_max

    def add(values: Sequence[Array]) -> Array:
        shape = (len(values[0]), *output.shape)
        first, second = (
            np.ascontiguousarray(np.broadcast_to(value, shape)).reshape(-1) for value in values
        )
        stored = np.empty(first.shape, np.int8)
        batch_loops.add_scaled(
            first, second, first_table, second_table, multiplier, -shift, *clamp, stored
        )
        return stored.reshape(shape)

    return add


def _pool(layer: Pool, _inputs: Sequence[Tensor], tensors: Sequence[Tensor]) -> BatchFunction:
    shape = tensors[layer.output].shape
    loop = batch_loops.max_pool if layer.kind == "max" else batch_loops.average_pool
    corner = layer.padding.top, layer.padding.left
    clamp = layer.activation_min, layer.activation_max

    def pool(values: Sequence[Array]) -> Array:
        pooled = np.empty((len(values[0]), *shape), np.int8)
        source = np.ascontiguousarray(values[0])
        loop(source, layer.kernel, layer.stride, corner, *clamp, pooled)
        return pooled

    return pool


def _mean(layer: Mean, inputs: Sequence[Tensor], tensors: Sequence[Tensor]) -> BatchFunction:
    source, output = inputs[0], tensors[layer.output]
    axes = tuple(axis + 1 for axis in layer.axes)
    count = int(np.prod([source.shape[axis] for axis in layer.axes], dtype=np.int64))
    factor = mean_multiplier(source.scale, output.scale, count)

    def average(values: Sequence[Array]) -> Array:
        sums = values[0].sum(axis=axes, dtype=np.int64) - source.zero_point * count
        scaled = multiply_by_quantized_multiplier(sums, *factor)
        stored = np.clip(scaled + output.zero_point, -128, 127).astype(np.int8)
        return stored.reshape(-1, *output.shape)

    return average


def _quantize(
    layer: Quantize, inputs: Sequence[Tensor], tensors: Sequence[Tensor]
) -> BatchFunction:
    if inputs[0].element != "float32":
        return _looked_up(layer, inputs, tensors)
    output = tensors[layer.output]
    limits = np.iinfo(output.element)
    scale = np.float32(output.scale)

    def quantize(values: Sequence[Array]) -> Array:
        reals = np.ascontiguousarray(values[0])
        stored = np.empty(reals.shape, output.element)
        batch_loops.quantize_floats(
            reals.reshape(-1),
            scale,
            output.zero_point,
            int(limits.min),
            int(limits.max),
            stored.reshape(-1),
        )
        return stored

    return quantize


def _looked_up(
    layer: Quantize | Dequantize, inputs: Sequence[Tensor], tensors: Sequence[Tensor]
) -> BatchFunction:
    """Return a function of 8-bit values from a table that the reference makes."""
    element, output = inputs[0].element, tensors[layer.output]
    every = np.arange(256, dtype=np.uint8).view(element).reshape(16, 16, 1)
    # The reference reshapes to the shape of the output: here, that of the table.
    named = {index: tensors[index] for index in (*layer.inputs, layer.output)}
    alike = [
        _with_shape(named[index], every.shape) if index in named else tensor
        for index, tensor in enumerate(tensors)
    ]
    table = run_layer(layer, [every], alike).reshape(-1)

    def look_up(values: Sequence[Array]) -> Array:
        return table[np.ascontiguousarray(values[0]).view(np.uint8)].reshape(-1, *output.shape)

    return look_up


def _softmax(layer: Softmax, inputs: Sequence[Tensor], tensors: Sequence[Tensor]) -> BatchFunction:
    # Each pixel is for itself, so a batch is as good as one high feature map.
    height, width, channels = inputs[0].shape

    def softmax(values: Sequence[Array]) -> Array:
        shape = (len(values[0]) * height, width, channels)
        alike = list(tensors)
        alike[layer.output] = _with_shape(tensors[layer.output], shape)
        return run_layer(layer, [values[0].reshape(shape)], alike).reshape(values[0].shape)

    return softmax


def _concatenate(layer: Concatenate, *_: Any) -> BatchFunction:
    return lambda values: np.concatenate(values, axis=layer.axis + 1)


def _copy(layer: Copy, _inputs: Sequence[Tensor], tensors: Sequence[Tensor]) -> BatchFunction:
    return lambda values: values[0].reshape(-1, *tensors[layer.output].shape)


def _pad(layer: Pad, *_: Any) -> BatchFunction:
    return lambda values: _padded(values[0], layer.padding, layer.value)


def _transpose(layer: Transpose, *_: Any) -> BatchFunction:
    axes = (0, *(axis + 1 for axis in layer.permutation))
    return lambda values: np.ascontiguousarray(values[0].transpose(axes))


def _upsample(layer: Upsample, *_: Any) -> BatchFunction:
    return lambda values: values[0].repeat(layer.factors[0], 1).repeat(layer.factors[1], 2)


def _with_shape(tensor: Tensor, shape: tuple[int, int, int]) -> Tensor:
    return type(tensor)(tensor.name, shape, tensor.element, tensor.scale, tensor.zero_point)


_MAKERS: dict[type, Callable[..., BatchFunction]] = {
    Add: _add,
    Concatenate: _concatenate,
    Convolution: _convolution,
    Copy: _copy,
    Depthwise: _depthwise,
    Dequantize: _looked_up,
    FullyConnected: _fully_connected,
    Mean: _mean,
    Pad: _pad,
    Pool: _pool,
    Quantize: _quantize,
    Softmax: _softmax,
    Transpose: _transpose,
    Upsample: _upsample,
}
