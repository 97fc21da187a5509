"""The HSE, read from a board's description."""

import pytest

from renode_platform.ironpython.description import hse_entry

FILES = {
    "/a/soc.repl": "cpu: CPU.CortexM @ sysbus\n    nvic: nvic\n",
    "/a/board.repl": 'using "./soc.repl"\n\nhseClock: Timers.STM32L0_LpTimer @ none\n'
    "    frequency: 8000000 // from the ST-LINK\n",
    "/b/own.repl": 'using "/a/board.repl"\nled: Miscellaneous.LED @ gpioPortB\n',
    "/b/faster.repl": 'using "/a/board.repl"\nhseCrystal:\n    frequency: 0x17D7840\n',
    "/b/cpu.repl": 'using "platforms/cpus/stm32f746.repl"\nused: A @ none\n    frequency: 1\n',
}


@pytest.mark.parametrize(
    ("path", "frequency_hz"),
    [
        ("/a/soc.repl", None),
        ("/a/board.repl", 8_000_000),
        ("/b/own.repl", 8_000_000),
        ("/b/faster.repl", 25_000_000),
        ("/b/cpu.repl", None),
    ],
)
def test_a_file_s_own_hse_comes_before_that_of_a_file_it_uses(path, frequency_hz):
    entry = hse_entry(path, lambda name: FILES[name].splitlines())
    assert (entry and entry.attributes["frequency"]) == frequency_hz


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('hseClock: A @ none\n    frequency: "25 MHz"\n', 'own.repl:2: .*"25 MHz"; a whole number'),
        ("hseClock: A @ none\n    frequency:\n", "own.repl:2: .*missing; a whole number"),
        ("using chip.repl\n", "own.repl:1: using takes one file in double quotes"),
    ],
)
def test_a_line_that_tells_no_frequency_is_refused_with_its_place(text, words):
    with pytest.raises(ValueError, match=words):
        hse_entry("own.repl", lambda _: text.splitlines())


def test_files_beside_and_above_are_followed_whatever_their_names():
    files = {
        "/a/b/own.repl": 'using "../up here.repl"\n',
        "/a/b/../up here.repl": 'using "./far.repl"\n',
        "/a/b/../far.repl": "hseClock: A @ none\n    frequency: 5\n",
    }
    found = hse_entry("/a/b/own.repl", lambda name: files[name].splitlines())
    assert found.attributes["frequency"] == 5
