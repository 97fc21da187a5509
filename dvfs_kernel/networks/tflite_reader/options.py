"""Options that several operators share: activations, padding, lists of whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tflite

from dvfs_kernel.errors import FileFormatError, NetworkError, UnsupportedOperatorError
from dvfs_kernel.networks.network import Padding
from dvfs_kernel.networks.quantisation import activation_range

if TYPE_CHECKING:
    from dvfs_kernel.networks.tensor import Shape
    from dvfs_kernel.networks.tflite_reader.graph import GraphOperator, GraphTensor

__all__ = ["activation_limits", "same_padding", "whole_numbers"]

_ACTIVATIONS = {
    tflite.ActivationFunctionType.NONE: "none",
    tflite.ActivationFunctionType.RELU: "relu",
    tflite.ActivationFunctionType.RELU6: "relu6",
    tflite.ActivationFunctionType.RELU_N1_TO_1: "relu_n1_to_1",
}

# Paddings, axes and shapes are short lists; a longer constant is none of them.
_NUMBERS_MAX = 16


def activation_limits(operator: GraphOperator, output: GraphTensor) -> tuple[int, int]:
    """Least and largest stored int8 value that the fused activation lets through."""
    code = operator.options["FusedActivationFunction"]
    if code not in _ACTIVATIONS:
        raise UnsupportedOperatorError(
            f"{operator.label} has the fused activation of code {code}; "
            f"supported are {', '.join(_ACTIVATIONS.values())}"
        )
    if output.element != "int8" or len(output.scales) != 1:
        raise FileFormatError(
            f"{operator.label} makes {output.element} with {len(output.scales)} scales; "
            "the model is not quantised to int8, or not wholly"
        )
    if not output.scales[0] > 0:
        raise FileFormatError(f"{operator.label} makes a tensor of scale {output.scales[0]}")
    try:
        return activation_range(
            _ACTIVATIONS[code], float(output.scales[0]), int(output.zero_points[0])
        )
    except NetworkError as error:
        raise FileFormatError(f"{operator.label}: {error}") from error


def same_padding(
    operator: GraphOperator,
    shape: Shape,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Padding:
    """Compute the padding of a sliding window: none, or what gives ceil(size / stride) outputs.

    An odd total puts the larger part after the feature map.
    """
    code = operator.options["Padding"]
    if code == tflite.Padding.VALID:
        return Padding()
    if code != tflite.Padding.SAME:
        raise FileFormatError(f"{operator.label} has padding of code {code}; known: SAME, VALID")
    if min(*kernel, *stride, *dilation) < 1:
        raise FileFormatError(
            f"{operator.label} has kernel {kernel}, stride {stride}, dilation {dilation}; "
            "all are at least 1"
        )
    sides = []
    for size, k, s, d in zip(shape[:2], kernel, stride, dilation, strict=True):
        count = -(-size // s)
        total = max(0, (count - 1) * s + (k - 1) * d + 1 - size)
        sides.append((total // 2, total - total // 2))
    (top, bottom), (left, right) = sides
    return Padding(top, bottom, left, right)


def whole_numbers(operator: GraphOperator, tensor: GraphTensor) -> tuple[int, ...]:
    """Content of a short constant of integers, flattened."""
    assert tensor.data is not None
    if tensor.element == "float32" or tensor.data.size > _NUMBERS_MAX:
        raise FileFormatError(
            f"{operator.label} reads {tensor.data.size} {tensor.element} from {tensor.name!r}; "
            f"at most {_NUMBERS_MAX} whole numbers can stand there"
        )
    return tuple(int(number) for number in tensor.data.reshape(-1))
