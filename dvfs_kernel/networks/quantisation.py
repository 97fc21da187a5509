"""TFLite's quantised arithmetic: fixed-point multipliers, requantisation, activation ranges.

real value = scale × (stored − zero point). Every rescaling of an int32 accumulator by a real factor
is done in integers: the factor becomes a multiplier in [2³⁰, 2³¹) and a power of two, and the
product is rounded twice (once by the doubling high multiplication, once by the right shift). That
is the default of TensorFlow Lite, of its micro runtime and of CMSIS-NN.

Scales are single-precision numbers in the file format. Where TensorFlow Lite computes in single
precision before it widens, the functions here do the same: one bit there may change an output.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.link import abi

__all__ = [
    "ACTIVATIONS",
    "ADD_LEFT_SHIFT",
    "SOFTMAX_INTEGER_BITS",
    "AddFactors",
    "SoftmaxFactors",
    "activation_range",
    "add_factors",
    "convolution_factors",
    "fully_connected_factors",
    "mean_multiplier",
    "multiply_by_quantized_multiplier",
    "quantize_multiplier",
    "quantize_multipliers",
    "rounding_divide_by_power_of_two",
    "saturating_doubling_high_multiply",
    "softmax_factors",
    "wrap_int32",
]

ACTIVATIONS = ("none", "relu", "relu6", "relu_n1_to_1")

# Both inputs of an addition are shifted left by this before they are scaled to a common scale.
ADD_LEFT_SHIFT = abi.ADD_LEFT_SHIFT

# Input differences of a softmax are Q5.26 numbers.
SOFTMAX_INTEGER_BITS = 5

_INT32_MIN = -(1 << 31)
_INT32_MAX = (1 << 31) - 1


def quantize_multiplier(factor: float) -> tuple[int, int]:
    """Write a non-negative real factor as multiplier × 2**(shift − 31).

    Parameters
    ----------
    factor
        A finite factor ≥ 0, below 2**31.

    Returns
    -------
    multiplier, shift
        The multiplier is 0 (then so is the shift) or in [2**30, 2**31); the shift is in [−31, 31].
        Factors under about 2**−32 become zero.

    Raises
    ------
    NetworkError
        For a negative factor, a factor that is not finite, or one of 2**31 and above.
    """
    if not (math.isfinite(factor) and 0 <= factor < float(1 << 31)):
        raise NetworkError(
            f"a rescaling factor of {factor!r} cannot be represented: "
            "factors are finite, at least 0 and less than 2**31"
        )
    if factor == 0:
        return 0, 0
    fraction, shift = math.frexp(factor)
    # fraction × 2**31 has at most 53 significant bits, so adding one half is exact.
    multiplier = math.floor(fraction * float(1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier >>= 1
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift


def quantize_multipliers(
    factors: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """`quantize_multiplier` of each factor: two int32 arrays, multipliers and shifts."""
    if not (np.isfinite(factors).all() and (factors >= 0).all() and (factors < 2.0**31).all()):
        # Let the first bad one speak.
        for factor in factors:
            quantize_multiplier(float(factor))
    fractions, shifts = np.frexp(factors)
    multipliers = np.floor(fractions * 2.0**31 + 0.5).astype(np.int64)
    rounded_up = multipliers == 1 << 31
    multipliers = np.where(rounded_up, multipliers >> 1, multipliers)
    shifts = shifts + rounded_up
    vanishing = (shifts < -31) | (multipliers == 0)
    return (
        np.where(vanishing, 0, multipliers).astype(np.int32),
        np.where(vanishing, 0, shifts).astype(np.int32),
    )


def wrap_int32(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Reduce to the range of int32 as two's complement hardware does."""
    return values.astype(np.int32).astype(np.int64)


def saturating_doubling_high_multiply(
    a: npt.NDArray[np.int64], b: npt.NDArray[np.int64] | int
) -> npt.NDArray[np.int64]:
    """round(a × b / 2**31) of int32 values, ties towards plus infinity; (−2³¹)² saturates."""
    result: npt.NDArray[np.int64] = np.minimum((a * b + (1 << 30)) >> 31, _INT32_MAX)
    return result


def rounding_divide_by_power_of_two(
    values: npt.NDArray[np.int64], exponent: npt.NDArray[np.int64] | int
) -> npt.NDArray[np.int64]:
    """round(values / 2**exponent), ties away from zero; exponent ≥ 0."""
    mask = (np.int64(1) << np.asarray(exponent, dtype=np.int64)) - 1
    threshold = (mask >> 1) + (values < 0)
    result: npt.NDArray[np.int64] = (values >> exponent) + ((values & mask) > threshold)
    return result


def multiply_by_quantized_multiplier(
    values: npt.NDArray[np.signedinteger],
    multiplier: npt.NDArray[np.int32] | int,
    shift: npt.NDArray[np.int32] | int,
) -> npt.NDArray[np.int64]:
    """Scale int32 values by multiplier × 2**(shift − 31) with TFLite's double rounding.

    Parameters
    ----------
    values
        int32 values, any shape.
    multiplier, shift
        From `quantize_multiplier`; scalars, or arrays that broadcast (one a channel).

    Returns
    -------
    int64 array that holds int32 values. A left shift that overflows wraps, as it does in C.
    """
    shift64 = np.asarray(shift, dtype=np.int64)
    multiplier64 = np.asarray(multiplier, dtype=np.int64)
    left = np.maximum(shift64, 0)
    shifted = values.astype(np.int64)
    if left.any():
        shifted = wrap_int32(shifted << left)
    high = saturating_doubling_high_multiply(shifted, multiplier64)
    return rounding_divide_by_power_of_two(high, np.maximum(-shift64, 0))


def activation_range(activation: str, scale: float, zero_point: int) -> tuple[int, int]:
    """Clamp of a fused activation in stored int8 values.

    Parameters
    ----------
    activation
        One of `ACTIVATIONS`.
    scale, zero_point
        Of the layer's output.

    Raises
    ------
    NetworkError
        For another activation, or a scale so fine that a limit divided by it overflows.
    """

    def stored(real: float) -> int:
        with np.errstate(over="ignore"):
            steps = float(np.float32(real) / np.float32(scale))
        if not math.isfinite(steps):
            raise NetworkError(
                f"an output scale of {scale!r} is too fine for activation {activation!r}: "
                f"{real} has no stored value"
            )
        return zero_point + int(math.copysign(math.floor(abs(steps) + 0.5), steps))

    low, high = -128, 127
    if activation in ("relu", "relu6"):
        low = max(low, stored(0.0))
    if activation == "relu6":
        high = min(high, stored(6.0))
    if activation == "relu_n1_to_1":
        low, high = max(low, stored(-1.0)), min(high, stored(1.0))
    if activation not in ACTIVATIONS:
        raise NetworkError(f"unknown activation {activation!r}; known: {', '.join(ACTIVATIONS)}")
    return low, high


def convolution_factors(
    input_scale: float, weight_scales: npt.NDArray[np.float64], output_scale: float
) -> npt.NDArray[np.float64]:
    """Accumulator → output factor of each channel of a convolution (double precision)."""
    factors: npt.NDArray[np.float64] = (np.float64(input_scale) * weight_scales) / np.float64(
        output_scale
    )
    return factors


def fully_connected_factors(
    input_scale: float, weight_scales: npt.NDArray[np.float64], output_scale: float
) -> npt.NDArray[np.float64]:
    """Accumulator → output factors of a fully connected layer: one, or one a row.

    With one scale for all weights the product of the scales is rounded to single precision before
    the division; with one a row it is not.
    """
    if len(weight_scales) == 1:
        with np.errstate(over="ignore"):
            product = np.float32(input_scale) * np.float32(weight_scales[0])
        return np.array([np.float64(product) / np.float64(output_scale)])
    return convolution_factors(input_scale, weight_scales, output_scale)


class AddFactors(NamedTuple):
    """Real factors of an addition after both inputs are shifted left by `ADD_LEFT_SHIFT`."""

    input0: float
    input1: float
    output: float


def add_factors(scale0: float, scale1: float, output_scale: float) -> AddFactors:
    """Factors that bring two inputs to a common scale, and their sum to the output's.

    Raises
    ------
    NetworkError
        Where the output is so fine that the sum would have to be scaled up.
    """
    twice_larger = 2.0 * max(scale0, scale1)
    output = twice_larger / (float(1 << ADD_LEFT_SHIFT) * output_scale)
    if not output < 1:
        raise NetworkError(
            f"an addition with input scales {scale0!r} and {scale1!r} needs an output scale above "
            f"{twice_larger / (1 << ADD_LEFT_SHIFT)!r}, not {output_scale!r}"
        )
    return AddFactors(scale0 / twice_larger, scale1 / twice_larger, output)


def mean_multiplier(input_scale: float, output_scale: float, count: int) -> tuple[int, int]:
    """Multiplier and shift that turn a sum of `count` values into their rescaled mean.

    The division by the count is folded into the multiplier, truncated to an integer.
    """
    multiplier, shift = quantize_multiplier(input_scale / output_scale)
    extra = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << extra) // count, shift - extra


class SoftmaxFactors(NamedTuple):
    """Multiplier and left shift of input differences, and the least difference that counts."""

    multiplier: int
    left_shift: int
    least_difference: int


def softmax_factors(beta: float, input_scale: float) -> SoftmaxFactors:
    """Fixed-point scaling of the input differences of a softmax to Q5.26.

    Raises
    ------
    NetworkError
        Where beta × scale is too small to be represented.
    """
    fraction_bits = 31 - SOFTMAX_INTEGER_BITS
    factor = min(
        float(np.float32(beta)) * float(np.float32(input_scale)) * float(1 << fraction_bits),
        float(_INT32_MAX),
    )
    if not factor > 1:
        raise NetworkError(
            f"a softmax with beta {beta!r} and input scale {input_scale!r} cannot be represented: "
            f"their product has to be above 2**-{fraction_bits}"
        )
    multiplier, shift = quantize_multiplier(factor)
    radius = ((1 << SOFTMAX_INTEGER_BITS) - 1) * (1 << fraction_bits) // (1 << shift)
    return SoftmaxFactors(multiplier, shift, -radius)
