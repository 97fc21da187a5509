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
