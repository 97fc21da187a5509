"""Softmax of int8 values in 32-bit fixed point, as TFLite's reference kernel computes it.

Qm.f below is a 32-bit number with m integer and f fraction bits, m + f = 31.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.networks.quantisation import (
    SOFTMAX_INTEGER_BITS,
    rounding_divide_by_power_of_two,
    saturating_doubling_high_multiply,
    softmax_factors,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.network import Softmax, Tensor

__all__ = ["softmax"]

Fixed = npt.NDArray[np.int64]

_ONE = (1 << 31) - 1
# The sum of the exponentials is Q12.19.
_SUM_INTEGER_BITS = 12


def _fixed(real: float, integer_bits: int) -> int:
    """Nearest number with so many integer bits."""
    return round(real * (1 << (31 - integer_bits)))


# exp(−2**k) in Q0.31 for the bits of a Q5.26 number from 1/4 up to 16.
_EXPONENTIALS = tuple((k, _fixed(float(np.exp(-(2.0**k))), 0)) for k in range(-2, 5))
_EXP_OF_MINUS_EIGHTH = _fixed(float(np.exp(-0.125)), 0)
_ONE_THIRD = _fixed(1 / 3, 0)


def _saturating_left_shift(values: Fixed, bits: int) -> Fixed:
    result: Fixed = np.clip(values << bits, -(1 << 31), _ONE)
    return result


def _exp_near_zero(values: Fixed) -> Fixed:
    """Return exp of Q0.31 values in [−1/4, 0): a Taylor polynomial of degree 4 around −1/8."""
    multiply = saturating_doubling_high_multiply
    x = values + (1 << 28)
    x2 = multiply(x, x)
    x3 = multiply(x2, x)
    x4 = multiply(x2, x2)
    x4_over_4 = rounding_divide_by_power_of_two(x4, 2)
    tail = rounding_divide_by_power_of_two(multiply(x4_over_4 + x3, _ONE_THIRD) + x2, 1)
    return _EXP_OF_MINUS_EIGHTH + multiply(x + tail, _EXP_OF_MINUS_EIGHTH)


def _exp(values: Fixed) -> Fixed:
    """Return exp of Q5.26 values ≤ 0 in Q0.31."""
    fraction_bits = 31 - SOFTMAX_INTEGER_BITS
    quarter = 1 << (fraction_bits - 2)
    within = (values & (quarter - 1)) - quarter
    result = _exp_near_zero(_saturating_left_shift(within, SOFTMAX_INTEGER_BITS))
    remainder = within - values
    for k, factor in _EXPONENTIALS:
        bit_set = (remainder >> (fraction_bits + k)) & 1
        result = np.where(bit_set, saturating_doubling_high_multiply(result, factor), result)
    return np.where(values == 0, _ONE, result)


def _reciprocal(values: Fixed) -> tuple[Fixed, Fixed]:
    """Return 1/x of positive Q12.19 values: Q0.31 numbers r, and e, with 1/x = r × 2**−e.

    Newton's iteration for 1/(1 + y), y in [0, 1), from the linear approximation 48/17 − 32/17 × d.
    """
    multiply = saturating_doubling_high_multiply
    bits = np.frexp(values.astype(np.float64))[1].astype(np.int64)
    headroom = 32 - bits
    y = (values << headroom) - (1 << 31)
    half_denominator = (y + _ONE + 1) >> 1
    x = _fixed(48 / 17, 2) + multiply(half_denominator, _fixed(-32 / 17, 2))
    for _ in range(3):
        error = (1 << 29) - multiply(half_denominator, x)
        x = x + _saturating_left_shift(multiply(x, error), 2)
    return _saturating_left_shift(x, 1), _SUM_INTEGER_BITS - headroom


def softmax(
    layer: Softmax,
    values: Sequence[npt.NDArray[Any]],
    inputs: Sequence[Tensor],
    _output: Tensor,
) -> npt.NDArray[Any]:
    """Softmax over the channels."""
    multiplier, left_shift, least = softmax_factors(layer.beta, inputs[0].scale)
    source = values[0].astype(np.int64)
    differences = source - source.max(axis=2, keepdims=True)
    counts = differences >= least
    rescaled = saturating_doubling_high_multiply(
        np.where(counts, differences, 0) << left_shift, multiplier
    )
    exponentials = np.where(counts, _exp(rescaled), 0)
    # A sum of 4096 and more is as good as one just below: no share is half a step of the output.
    total = np.minimum(
        rounding_divide_by_power_of_two(exponentials, _SUM_INTEGER_BITS).sum(axis=2, keepdims=True),
        _ONE,
    )
    reciprocal, exponent = _reciprocal(total)
    shares = rounding_divide_by_power_of_two(
        saturating_doubling_high_multiply(reciprocal, exponentials), exponent + 31 - 8
    )
    stored = np.where(counts, shares - 128, -128)
    return np.clip(stored, -128, 127).astype(np.int8)
