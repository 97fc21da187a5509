"""One function for each operator of TensorFlow Lite that can be imported."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import FileFormatError, UnsupportedOperatorError
from dvfs_kernel.networks.network import (
    Add,
    Concatenate,
    Dequantize,
    Mean,
    Pad,
    Padding,
    Pool,
    Quantize,
    Softmax,
    Upsample,
)
from dvfs_kernel.networks.tflite_reader.options import (
    activation_limits,
    same_padding,
    whole_numbers,
)
from dvfs_kernel.networks.tflite_reader.values import NetworkBuilder, canonical_axes
from dvfs_kernel.networks.tflite_reader.weighted import convolution, depthwise, fully_connected

if TYPE_CHECKING:
    from dvfs_kernel.networks.tflite_reader.graph import GraphOperator

__all__ = ["CONVERTERS"]


def _name(operator: GraphOperator) -> str:
    return f"{operator.name.lower()}_{operator.index}"


def _check_dims(builder: NetworkBuilder, operator: GraphOperator, dims: tuple[int, ...]) -> None:
    """Compare the shape that the file states for an output with the one the operator makes."""
    stated = builder.output(operator).dims
    if stated != dims:
        raise FileFormatError(
            f"{operator.label} makes shape {list(dims)}; the file says {list(stated)}"
        )


def _add(builder: NetworkBuilder, operator: GraphOperator) -> None:
    if len(operator.inputs) != 2:
        raise FileFormatError(f"{operator.label} has {len(operator.inputs)} inputs, not 2")
    first, second = builder.value(operator, 0), builder.value(operator, 1)
    if first.dims == second.dims and first.axes == second.axes and first.axes is not None:
        shape, axes = builder.tensor(first).shape, first.axes
        same = builder.tensor(second).shape == shape
    else:
        same = False
    if same:
        _check_dims(builder, operator, first.dims)
        output = builder.add_output(operator, shape, axes)
    else:
        first, second = builder.canonical(operator, 0), builder.canonical(operator, 1)
        output = builder.add_canonical_output(operator)
    low, high = activation_limits(operator, builder.output(operator))
    builder.add_layer(
        Add(
            name=_name(operator),
            inputs=(first.tensor, second.tensor),
            output=output,
            activation_min=low,
            activation_max=high,
        )
    )


def _concatenation(builder: NetworkBuilder, operator: GraphOperator) -> None:
    values = [builder.canonical(operator, i) for i in range(len(operator.inputs))]
    output = builder.output(operator)
    if activation_limits(operator, output) != (-128, 127):
        raise UnsupportedOperatorError(
            f"{operator.label} has a fused activation; supported is a concatenation without"
        )
    rank = len(output.dims)
    if any(len(value.dims) != rank for value in values):
        raise FileFormatError(f"{operator.label} joins tensors of different ranks")
    stated = operator.options["Axis"]
    axis = stated + rank if stated < 0 else stated
    if not 0 <= axis < rank:
        raise FileFormatError(f"{operator.label} joins along axis {stated} of {rank}")
    place = canonical_axes(rank)[axis]
    if place is None:
        raise UnsupportedOperatorError(
            f"{operator.label} joins along axis {stated}, a batch; supported are the last three"
        )
    builder.add_layer(
        Concatenate(
            name=_name(operator),
            inputs=tuple(value.tensor for value in values),
            output=builder.add_canonical_output(operator),
            axis=place,
        )
    )


def _change_representation(kind: type[Quantize | Dequantize]) -> Converter:
    def convert(builder: NetworkBuilder, operator: GraphOperator) -> None:
        # Only int8 is moved about on the board, so what another type needs in order is put so now.
        is_int8 = builder.output(operator).element == "int8"
        value = builder.value(operator, 0) if is_int8 else builder.in_order(operator, 0)
        _check_dims(builder, operator, value.dims)
        output = builder.add_output(operator, builder.tensor(value).shape, value.axes)
        builder.add_layer(kind(name=_name(operator), inputs=(value.tensor,), output=output))

    return convert


def _pool(kind: str) -> Converter:
    def convert(builder: NetworkBuilder, operator: GraphOperator) -> None:
        value = builder.canonical(operator, 0)
        options = operator.options
        kernel = (options["FilterHeight"], options["FilterWidth"])
        stride = (options["StrideH"], options["StrideW"])
        low, high = activation_limits(operator, builder.output(operator))
        builder.add_layer(
            Pool(
                name=_name(operator),
                inputs=(value.tensor,),
                output=builder.add_canonical_output(operator),
                kind=kind,
                kernel=kernel,
                stride=stride,
                padding=same_padding(
                    operator, builder.tensor(value).shape, kernel, stride, dilation=(1, 1)
                ),
                activation_min=low,
                activation_max=high,
            )
        )

    return convert


def _mean(builder: NetworkBuilder, operator: GraphOperator) -> None:
    value = builder.value(operator, 0)
    if value.axes is None:
        value = builder.canonical(operator, 0)
    assert value.axes is not None
    rank = len(value.dims)
    stated = whole_numbers(operator, builder.constant(operator, 1))
    reduced = {axis + rank if axis < 0 else axis for axis in stated}
    if not reduced <= set(range(rank)):
        raise FileFormatError(f"{operator.label} averages over axes {stated} of {rank}")
    kept = tuple(1 if i in reduced else size for i, size in enumerate(value.dims))
    dropped = tuple(size for i, size in enumerate(value.dims) if i not in reduced)
    keeps_dims = len(builder.output(operator).dims) == rank
    _check_dims(builder, operator, kept if keeps_dims else dropped)
    axes = tuple(axis for i, axis in enumerate(value.axes) if keeps_dims or i not in reduced)
    averaged = {value.axes[i] for i in reduced if value.dims[i] > 1}
    shape = builder.tensor(value).shape
    height, width, channels = (1 if axis in averaged else size for axis, size in enumerate(shape))
    builder.add_layer(
        Mean(
            name=_name(operator),
            inputs=(value.tensor,),
            output=builder.add_output(operator, (height, width, channels), axes),
            axes=tuple(axis for axis in range(3) if axis in averaged),
        )
    )


def _pad(builder: NetworkBuilder, operator: GraphOperator) -> None:
    value = builder.canonical(operator, 0)
    amounts = builder.constant(operator, 1)
    rank = len(value.dims)
    if amounts.dims != (rank, 2):
        raise FileFormatError(
            f"{operator.label} has paddings of shape {list(amounts.dims)}, not {[rank, 2]}"
        )
    flat = whole_numbers(operator, amounts)
    around = {}
    for i, axis in enumerate(canonical_axes(rank)):
        before, after = flat[2 * i : 2 * i + 2]
        if (before or after) and axis in (None, 2):
            raise UnsupportedOperatorError(
                f"{operator.label} pads dimension {i} of {rank} by {before} and {after}; "
                "supported is padding of height and width"
            )
        around[axis] = (before, after)
    top, bottom = around.get(0, (0, 0))
    left, right = around.get(1, (0, 0))
    fill = builder.optional_constant(operator, 2) if operator.name == "PADV2" else None
    builder.add_layer(
        Pad(
            name=_name(operator),
            inputs=(value.tensor,),
            output=builder.add_canonical_output(operator),
            padding=Padding(top, bottom, left, right),
            value=(
                builder.tensor(value).zero_point
                if fill is None
                else whole_numbers(operator, fill)[0]
            ),
        )
    )


def _reshape(builder: NetworkBuilder, operator: GraphOperator) -> None:
    value = builder.in_order(operator, 0)
    dims = builder.output(operator).dims
    if prod(dims) != prod(value.dims):
        raise FileFormatError(
            f"{operator.label} makes shape {list(dims)} of {list(value.dims)}: "
            "the numbers of elements differ"
        )
    if operator.name == "RESHAPE" and (target := builder.optional_constant(operator, 1)):
        wanted = whole_numbers(operator, target)
        agrees = len(wanted) == len(dims) and all(
            stated in (size, -1) for stated, size in zip(wanted, dims, strict=True)
        )
        if not agrees:
            raise FileFormatError(
                f"{operator.label} is to make shape {list(wanted)}; the file says {list(dims)}"
            )
    # Where only dimensions of 1 come or go, each longer one stays on its axis.
    axes: tuple[int | None, ...] | None = None
    long = [size for size in dims if size > 1]
    if value.axes is not None and long == [size for size in value.dims if size > 1]:
        places = iter([axis for axis, size in zip(value.axes, value.dims, strict=True) if size > 1])
        axes = tuple(next(places) if size > 1 else None for size in dims)
    builder.alias_output(operator, value, axes)


def _resize_nearest_neighbor(builder: NetworkBuilder, operator: GraphOperator) -> None:
    value = builder.canonical(operator, 0)
    height, width, _ = builder.tensor(value).shape
    target = whole_numbers(operator, builder.constant(operator, 1))
    if len(target) != 2 or min(target) < 1:
        raise FileFormatError(f"{operator.label} is to make a height and width of {list(target)}")
    for size, wanted in ((height, target[0]), (width, target[1])):
        if wanted % size or not _repeats(size, wanted, operator):
            raise UnsupportedOperatorError(
                f"{operator.label} resizes {height} by {width} to {target[0]} by {target[1]}; "
                "supported are whole factors that repeat each element alike"
            )
    builder.add_layer(
        Upsample(
            name=_name(operator),
            inputs=(value.tensor,),
            output=builder.add_canonical_output(operator),
            factors=(target[0] // height, target[1] // width),
        )
    )


def _repeats(size: int, wanted: int, operator: GraphOperator) -> bool:
    """Whether single-precision nearest neighbours of a whole factor are plain repetition."""
    if wanted > 0xFFFF:
        return False
    corners = operator.options["AlignCorners"] and wanted > 1
    scale = (
        np.float32(size - 1) / np.float32(wanted - 1)
        if corners
        else np.float32(size) / np.float32(wanted)
    )
    offset = np.float32(0.5 if operator.options["HalfPixelCenters"] else 0.0)
    places = (np.arange(wanted, dtype=np.float32) + offset) * scale
    if operator.options["AlignCorners"]:
        places = np.trunc(places.astype(np.float64) + 0.5)
    nearest = np.minimum(np.floor(places).astype(np.int64), size - 1)
    return bool((nearest == np.arange(wanted) // (wanted // size)).all())


def _softmax(builder: NetworkBuilder, operator: GraphOperator) -> None:
    value = builder.canonical(operator, 0)
    builder.add_layer(
        Softmax(
            name=_name(operator),
            inputs=(value.tensor,),
            output=builder.add_canonical_output(operator),
            beta=float(operator.options["Beta"]),
        )
    )


def _transpose(builder: NetworkBuilder, operator: GraphOperator) -> None:
    value = builder.value(operator, 0)
    if value.axes is None:
        value = builder.canonical(operator, 0)
    assert value.axes is not None
    permutation = whole_numbers(operator, builder.constant(operator, 1))
    rank = len(value.dims)
    permutation = tuple(axis + rank if axis < 0 else axis for axis in permutation)
    if sorted(permutation) != list(range(rank)):
        raise FileFormatError(f"{operator.label} permutes {rank} dimensions by {list(permutation)}")
    _check_dims(builder, operator, tuple(value.dims[axis] for axis in permutation))
    builder.alias_output(operator, value, tuple(value.axes[axis] for axis in permutation))


Converter = Callable[[NetworkBuilder, "GraphOperator"], None]

CONVERTERS: dict[str, Converter] = {
    "ADD": _add,
    "AVERAGE_POOL_2D": _pool("average"),
    "CONCATENATION": _concatenation,
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "DEQUANTIZE": _change_representation(Dequantize),
    "EXPAND_DIMS": _reshape,
    "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": _pool("max"),
    "MEAN": _mean,
    "PAD": _pad,
    "PADV2": _pad,
    "QUANTIZE": _change_representation(Quantize),
    "RESHAPE": _reshape,
    "RESIZE_NEAREST_NEIGHBOR": _resize_nearest_neighbor,
    "SOFTMAX": _softmax,
    "SQUEEZE": _reshape,
    "TRANSPOSE": _transpose,
}
