"""Quantities as text: exact, and rounded once, at the end."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import dvfs_kernel as dvfs
from dvfs_kernel.api.board import board_spec
from dvfs_kernel.commands.parameters import FREQUENCY, MEMORY, TIME
from dvfs_kernel.errors import InfeasibleLatencyError
from renode_platform.devices.clock_tree import megahertz

LARGEST = 10**12
HERTZ = {"Hz": 1, "kHz": 10**3, "MHz": 10**6}
BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "kB": 10**3, "MB": 10**6}
SECONDS = {"s": 1, "ms": Fraction(1, 10**3), "us": Fraction(1, 10**6)}


@st.composite
def decimals(draw):
    """Return a decimal number of at most twelve digits, as text."""
    digits = str(draw(st.integers(1, 10**12 - 1)))
    places = draw(st.integers(0, 12))
    padded = digits.rjust(places + 1, "0")
    return f"{padded[: len(padded) - places]}.{padded[len(padded) - places :]}".rstrip(".")


def parsed(quantity, of_the_command_line, text, exact, least=1):
    """Return what both readers make of a text, or None where it is out of range for both."""
    if not least <= exact < LARGEST:
        with pytest.raises(dvfs.QuantityError):
            quantity.parse(text)
        return None
    value = quantity.parse(text)
    # The command line reads text and hands on a number, which the face reads again.
    assert quantity.parse(of_the_command_line.convert(text, None, None)) == value
    return value


@given(decimals(), st.sampled_from(list(HERTZ)))
@example("33.3", "MHz")
@example("4.1", "MHz")
@example("16.4", "MHz")
def test_a_frequency_is_the_nearest_whole_hertz_and_its_text_again(number, unit):
    exact = Fraction(number) * HERTZ[unit]
    value = parsed(dvfs.FREQUENCY, FREQUENCY, number + unit, exact)
    if value is not None:
        assert type(value) is int
        assert value == round(exact)
        assert dvfs.FREQUENCY.parse(megahertz(value)) == value
        if value == exact:
            assert Decimal(value) / HERTZ[unit] == Decimal(number)


@given(decimals(), st.sampled_from(list(BYTES)))
def test_an_amount_of_memory_is_whole_bytes_and_no_more_than_was_said(number, unit):
    exact = Fraction(number) * BYTES[unit]
    value = parsed(dvfs.MEMORY, MEMORY, number + unit, exact)
    if value is not None:
        assert type(value) is int
        assert value == math.floor(exact)


@given(decimals(), st.sampled_from(list(SECONDS)))
@example("33.3", "ms")
def test_a_time_is_the_nearest_float_and_its_text_again(number, unit):
    exact = Fraction(number) * SECONDS[unit]
    value = parsed(dvfs.TIME, TIME, number + unit, exact, least=Fraction(1, 10**30))
    if value is not None:
        assert value == float(exact)
        assert Fraction(repr(value)) / SECONDS[unit] == Fraction(number)


@pytest.mark.parametrize("text", ["1e400Hz", "1e-400s", "9" * 61, "1e999999999", "٣MHz"])
def test_what_would_take_minutes_to_write_out_is_no_quantity(text):
    with pytest.raises(dvfs.QuantityError):
        dvfs.FREQUENCY.parse(text)


@pytest.mark.parametrize("tenths", range(40, 500))
def test_every_tenth_of_a_megahertz_is_itself_on_the_board(tenths):
    spec = board_spec("virtual", hse=f"{tenths / 10:g}MHz")
    assert spec.hse_hz == tenths * 100_000


@given(
    st.floats(1e-6, 1e3) | st.integers(1, 10**8).map(lambda steps: math.nextafter(steps / 1e7, 1e9))
)
def test_the_latency_that_a_refusal_offers_is_one_that_can_be_kept(least_s):
    offered = str(InfeasibleLatencyError(0.0, least_s)).rpartition("least possible is ")[2]
    assert dvfs.TIME.parse(offered) >= least_s
