"""The fixed-point functions under softmax, against real numbers."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.networks.reference.softmax import _exp, _reciprocal


@given(st.integers(-(2**31) + 1, 0))
def test_exponential_of_q5_26(raw):
    result = _exp(np.array([raw]))[0] / 2**31
    assert abs(result - math.exp(raw / 2**26)) < 1e-6


@given(st.integers(1 << 19, (1 << 31) - 1))
def test_reciprocal_of_q12_19(raw):
    mantissa, exponent = (int(array[0]) for array in _reciprocal(np.array([raw])))
    product = Fraction(raw, 1 << 19) * Fraction(mantissa, 1 << 31) / Fraction(2) ** exponent
    assert abs(product - 1) < Fraction(1, 1 << 27)
