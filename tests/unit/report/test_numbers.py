"""Numbers for people."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.report.numbers import UNKNOWN, column, percent, quantity, scaled

PREFIX = {"M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0653, "65.30\u202fms"),
        (0.99996, "1.000\u202fs"),
        (-2e-6, "−2.000\u202fµs"),
        (0, "0\u202fs"),
        (None, UNKNOWN),
        (1e-12, "0.001000\u202fns"),
    ],
)
def test_quantities(value, text):
    assert quantity(value, "s") == text


@given(st.floats(1e-9, 9e8))
def test_a_quantity_is_what_it_says(value):
    number, unit = quantity(value, "J").split("\u202f")
    back = float(number.replace(",", "")) * PREFIX[unit.removesuffix("J")]
    assert math.isclose(back, value, rel_tol=5.1e-4)


@pytest.mark.parametrize(
    ("value", "text"), [(0.252, "25.2"), (-0.0004, "0.0"), (-0.05, "−5.0"), (1.0, "100.0")]
)
def test_percentages(value, text):
    assert percent(value) == f"{text}\u202f%"


def test_a_column_has_one_number_of_decimals():
    assert column([0.0187713, None, 0.0000054], 1e-3) == ["18.771", UNKNOWN, "0.005"]
    assert column([0, 0], 1e-3) == ["0", "0"]
    assert column([], 1.0) == []


def test_scaled():
    assert scaled(0.001234567, 1e-6) == "1,235"
    assert scaled(None, 1.0) == UNKNOWN
