"""Addition and changes of representation in TFLite's arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.networks.quantisation import (
    ADD_LEFT_SHIFT,
    add_factors,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.network import Add, Dequantize, Quantize, Tensor

__all__ = ["add", "dequantize", "quantize"]

Array = npt.NDArray[Any]


def add(layer: Add, values: Sequence[Array], inputs: Sequence[Tensor], output: Tensor) -> Array:
    """Sum of two int8 feature maps, with broadcasting."""
    factors = add_factors(inputs[0].scale, inputs[1].scale, output.scale)
    scaled = [
        multiply_by_quantized_multiplier(
            (value.astype(np.int64) - tensor.zero_point) << ADD_LEFT_SHIFT,
            *quantize_multiplier(factor),
        )
        for value, tensor, factor in zip(values, inputs, factors[:2], strict=True)
    ]
    total = multiply_by_quantized_multiplier(
        scaled[0] + scaled[1], *quantize_multiplier(factors.output)
    )
    return np.clip(total + output.zero_point, layer.activation_min, layer.activation_max).astype(
        np.int8
    )


def quantize(
    _layer: Quantize, values: Sequence[Array], inputs: Sequence[Tensor], output: Tensor
) -> Array:
    """float32 or stored values to stored values under the output's scale and zero point.

    A float beyond ±2**31 steps saturates and a NaN becomes the zero point, as the conversion
    instruction of an Arm core has it.
    """
    limits = np.iinfo(output.element)
    if inputs[0].element == "float32":
        with np.errstate(over="ignore"):
            steps = (values[0] / np.float32(output.scale)).astype(np.float64)
        steps = np.nan_to_num(steps, nan=0.0, posinf=2.0**31, neginf=-(2.0**31))
        rounded = np.trunc(steps + np.copysign(0.5, steps))
        stored = np.clip(rounded, -(2.0**31), 2.0**31 - 1).astype(np.int64) + output.zero_point
    else:
        factor = inputs[0].scale / output.scale
        stored = (
            multiply_by_quantized_multiplier(
                values[0].astype(np.int64) - inputs[0].zero_point, *quantize_multiplier(factor)
            )
            + output.zero_point
        )
    return np.clip(stored, limits.min, limits.max).astype(output.element)


def dequantize(
    _layer: Dequantize, values: Sequence[Array], inputs: Sequence[Tensor], _output: Tensor
) -> Array:
    """Turn stored values into float32."""
    source = inputs[0]
    steps = (values[0].astype(np.int32) - source.zero_point).astype(np.float32)
    with np.errstate(over="ignore"):
        result: Array = np.float32(source.scale) * steps
    return result
