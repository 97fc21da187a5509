"""The variables of Renode's script."""

import pytest

from renode_platform.ironpython.options import from_variables

VARIABLES = {
    "repl": "@/a/board.repl", "hse": 0, "pll_lock": "typ", "cycles": "", "serial": "paced",
    "mpu": "on", "access": 0,
}  # fmt: skip


def options(**changes):
    return from_variables({**VARIABLES, **changes}.get)


def test_the_defaults_are_the_chip_s():
    plain = options()
    assert (plain.repl, plain.hse_hz, plain.pll_lock, plain.table) == (
        "/a/board.repl", None, "typ", "",
    )  # fmt: skip
    assert plain.paced
    assert plain.guarded


def test_a_number_is_a_lock_time_in_microseconds():
    assert options(pll_lock=150).pll_lock == 150_000_000
    assert options(pll_lock=0.5).pll_lock == 500_000


def test_what_is_given_is_taken():
    given = options(hse=8_000_000, serial="stock", mpu="off", cycles="@/a/table.txt", access=6)
    assert (given.hse_hz, given.paced, given.guarded) == (8_000_000, False, False)
    assert given.table == "/a/table.txt"
    assert given.access_cycles == 6


@pytest.mark.parametrize("variable", ["serial", "mpu"])
def test_an_unknown_word_is_named_with_the_allowed_ones(variable):
    with pytest.raises(ValueError, match=rf"^{variable} is 'x'; allowed: "):
        options(**{variable: "x"})
