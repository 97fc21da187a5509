"""Numbers for people."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.report.numbers import UNKNOWN, column, number, percent, quantity, scaled, signed

PREFIX = {"M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0653, "65.300\u202fms"),
        (0.999996, "1.0000\u202fs"),
        (-2e-6, "−2.0000\u202fµs"),
        (0, "0\u202fs"),
        (None, UNKNOWN),
        (1e-12, "0.0010000\u202fns"),
    ],
)
def test_quantities(value, text):
    assert quantity(value, "s") == text


@given(st.floats(1e-9, 9e8))
def test_a_quantity_is_what_it_says(value):
    number, unit = quantity(value, "J").split("\u202f")
    back = float(number.replace(",", "")) * PREFIX[unit.removesuffix("J")]
    assert math.isclose(back, value, rel_tol=5.1e-5)


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
    assert scaled(0.001234567, 1e-6) == "1,234.6"
    assert scaled(None, 1.0) == UNKNOWN


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0012, "+0.12"), (-0.0012, "−0.12"), (0.0, "0.00"), (1e-7, "0.00"), (-1e-7, "0.00")],
)
def test_errors_say_which_way_they_are(value, text):
    assert signed(value) == f"{text}\u202f%"
    assert signed(None) == UNKNOWN


def test_a_number_as_it_was_written():
    assert (number(1.0), number(3.3), number(-38.0), number(1200.0)) == ("1", "3.3", "−38", "1200")


@given(st.floats(1e-6, 9e5))
def test_one_number_has_one_form(value):
    """In the text and in a table whose unit fits, digits are the same."""
    number_told, unit = quantity(value, "s").split("\u202f")
    assert scaled(value, PREFIX[unit.removesuffix("s")]) == number_told
