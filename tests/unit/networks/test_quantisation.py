"""Fixed-point arithmetic against its definition in whole numbers of any size."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.quantisation import (
    activation_range,
    add_factors,
    fully_connected_factors,
    mean_multiplier,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    quantize_multipliers,
    rounding_divide_by_power_of_two,
    saturating_doubling_high_multiply,
    softmax_factors,
)

INT32 = st.integers(-(2**31), 2**31 - 1)
FACTORS = st.floats(2.0**-31, 2.0**30, allow_subnormal=False)


def truncated(numerator, denominator):
    quotient = abs(numerator) // denominator
    return quotient if numerator >= 0 else -quotient


def high_multiply(a, b):
    """As gemmlowp defines it: a nudge towards the sign, then truncation."""
    product = a * b
    nudge = 1 << 30 if product >= 0 else 1 - (1 << 30)
    return min(truncated(product + nudge, 1 << 31), 2**31 - 1)


def rounded_shift(value, exponent):
    """Nearest whole number of value / 2**exponent; a tie goes away from zero."""
    half = Fraction(1, 2)
    exact = Fraction(value, 1 << exponent)
    return int(abs(exact) + half) * (1 if exact >= 0 else -1)


def array(*values):
    return np.array(values, dtype=np.int64)


@given(FACTORS)
def test_multipliers_represent_their_factor(factor):
    multiplier, shift = quantize_multiplier(factor)
    assert 1 << 30 <= multiplier < 1 << 31
    assert -31 <= shift <= 31
    represented = Fraction(multiplier) * Fraction(2) ** (shift - 31)
    assert abs(represented / Fraction(factor) - 1) <= Fraction(1, 1 << 31)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (0.0, (0, 0)),
        (0.5, (1 << 30, 0)),
        (1.0, (1 << 30, 1)),
        (0.75, (3 << 29, 0)),
        (1 - 2.0**-40, (1 << 30, 1)),
        (2.0**-33, (0, 0)),
        (2.0**-32, (1 << 30, -31)),
    ],
)
def test_known_multipliers(factor, expected):
    assert quantize_multiplier(factor) == expected


@given(st.lists(st.one_of(FACTORS, st.just(0.0), st.floats(0, 1e-9)), max_size=20))
def test_multipliers_of_an_array(factors):
    multipliers, shifts = quantize_multipliers(np.array(factors))
    pairs = list(zip(multipliers.tolist(), shifts.tolist(), strict=True))
    assert pairs == [quantize_multiplier(factor) for factor in factors]
    assert multipliers.dtype == shifts.dtype == np.int32


@pytest.mark.parametrize("factor", [-1.0, float("nan"), float("inf"), 2.0**31])
def test_factors_that_have_no_multiplier(factor):
    with pytest.raises(NetworkError, match=r"rescaling factor of"):
        quantize_multiplier(factor)
    with pytest.raises(NetworkError, match=r"rescaling factor of"):
        quantize_multipliers(np.array([0.5, factor]))


@given(INT32, INT32)
def test_high_multiplication(a, b):
    assert saturating_doubling_high_multiply(array(a), array(b)) == high_multiply(a, b)


def test_high_multiplication_saturates():
    least = array(-(2**31))
    assert saturating_doubling_high_multiply(least, least) == 2**31 - 1


@given(INT32, st.integers(0, 31))
def test_rounded_division(value, exponent):
    assert rounding_divide_by_power_of_two(array(value), exponent) == rounded_shift(value, exponent)


@given(st.integers(-(2**23), 2**23), st.integers(1 << 30, 2**31 - 1), st.integers(-31, 7))
def test_requantisation_rounds_twice(value, multiplier, shift):
    product = high_multiply(value << max(shift, 0), multiplier)
    expected = rounded_shift(product, max(-shift, 0))
    assert multiply_by_quantized_multiplier(array(value), multiplier, shift) == expected


def test_requantisation_takes_a_factor_for_each_channel():
    values = np.arange(-6, 6, dtype=np.int32).reshape(2, 2, 3) * 1000
    multipliers, shifts = quantize_multipliers(np.array([0.01, 0.5, 3.0]))
    together = multiply_by_quantized_multiplier(values, multipliers, shifts)
    for channel in range(3):
        alone = multiply_by_quantized_multiplier(
            values[..., channel], int(multipliers[channel]), int(shifts[channel])
        )
        assert (together[..., channel] == alone).all()


@pytest.mark.parametrize(
    ("activation", "scale", "zero_point", "expected"),
    [
        ("none", 0.1, 3, (-128, 127)),
        ("relu", 0.1, 3, (3, 127)),
        ("relu6", 0.1, 3, (3, 63)),
        ("relu6", 0.01, 3, (3, 127)),
        ("relu_n1_to_1", 0.1, 3, (-7, 13)),
        ("relu6", 6 / 255, -128, (-128, 127)),
    ],
)
def test_activation_ranges(activation, scale, zero_point, expected):
    assert activation_range(activation, scale, zero_point) == expected


def test_impossible_activations():
    with pytest.raises(NetworkError, match="'tanh'"):
        activation_range("tanh", 0.1, 0)
    with pytest.raises(NetworkError, match="too fine"):
        activation_range("relu6", 1e-44, 0)


@given(FACTORS.filter(lambda f: f < 100), st.integers(1, 5000))
def test_means_fold_the_count_into_the_multiplier(factor, count):
    multiplier, shift = mean_multiplier(factor, 1.0, count)
    represented = Fraction(multiplier) * Fraction(2) ** (shift - 31)
    exact = Fraction(factor) / count
    # The multiplier is truncated: never above, and below by less than one unit.
    assert represented <= exact * (1 + Fraction(1, 1 << 30))
    assert multiplier + 1 >= (exact * (1 - Fraction(1, 1 << 30))) * Fraction(2) ** (31 - shift)


def test_the_scale_of_all_weights_is_multiplied_in_single_precision():
    single = fully_connected_factors(0.1, np.array([0.3]), 1.0)
    assert single[0] == float(np.float32(0.1) * np.float32(0.3))
    double = fully_connected_factors(0.1, np.array([0.3, 0.3]), 1.0)
    assert double[0] == 0.1 * 0.3


def test_additions_whose_sum_would_have_to_grow():
    assert add_factors(0.5, 0.25, 1.0)[:2] == (0.5, 0.25)
    with pytest.raises(NetworkError, match="output scale above"):
        add_factors(0.5, 0.5, 1e-8)


def test_softmax_factors():
    assert softmax_factors(1.0, 0.25)[1:] == (25, -62)
    for beta, scale in ((0.0, 0.1), (1.0, 1e-9), (-1.0, 0.1), (float("nan"), 0.1)):
        with pytest.raises(NetworkError, match="softmax"):
            softmax_factors(beta, scale)
