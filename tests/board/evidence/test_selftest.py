"""The self-test against a virtual board whose wiring is spoilt one fault at a time."""

import json
import re

import pytest
from click.testing import CliRunner
from firmware_board import firmware

from dvfs_kernel.boards.virtual import NUCLEO_F767ZI, VirtualBoard
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.evidence.measurement.ammeter import Ammeter
from dvfs_kernel.evidence.self_test.diagnosis import diagnose
from dvfs_kernel.evidence.self_test.readings import take_readings
from dvfs_kernel.link.ina219_sampling import Sampling
from dvfs_kernel.link.session import Session

pytestmark = pytest.mark.board

HSE_HZ = 8_000_000
QUICK = Ammeter(sampling=Sampling(1))


def test_a_board_as_the_guide_has_it():
    result = CliRunner().invoke(cli, ["selftest", "--board", "virtual", "--json"])
    assert result.exit_code == 0, result.output
    findings = json.loads(result.stdout)
    assert [finding["check"] for finding in findings] == ["clock", "sensor", "supply", "current"]
    assert all(finding["ok"] for finding in findings)


def sensor_of(platform):
    return platform.sensors["ina219"]


def jumper_on(platform):
    sensor_of(platform).shunt_ohm = 1e-9


def swapped(platform):
    sensor_of(platform).shunt_ohm = -0.1


def another_shunt(platform):
    sensor_of(platform).shunt_ohm = 0.033


def much_larger_shunt(platform):
    sensor_of(platform).shunt_ohm = 1.0


def supply_at_5v(platform):
    platform.meter.supply_v = 5.0


def minus_off(platform):
    platform.meter.supply_v = 0.0


def phy_on_it(platform):
    meter = platform.meter
    whole = meter.average_current_a
    meter.average_current_a = lambda *window: whole(*window) + 0.05


def wrong_current(platform):
    platform.meter.average_current_a = lambda *_: 0.02


def clock_low(platform):
    platform.devices["gpioPortB"][2].set_input(8, False)


def both_low(platform):
    clock_low(platform)
    platform.devices["gpioPortB"][2].set_input(9, False)


def readdressed(platform):
    bus = platform.devices["i2c1"][2]
    bus.attach(0x45, bus.slaves.pop(0x40))


def absent(platform):
    platform.devices["i2c1"][2].slaves.clear()


@pytest.mark.parametrize(
    ("fault", "check", "text"),
    [
        (jumper_on, "current", "Take the jumper off JP5"),
        (swapped, "current", r"IN\+ and IN- are swapped"),
        (another_shunt, "current", r"a shunt of about 0\.03[234] Ω it would fit"),
        (much_larger_shunt, "current", "the resistor is larger"),
        (supply_at_5v, "supply", "the shunt is in a 5 V line"),
        (minus_off, "supply", "IN- is not connected"),
        (phy_on_it, "current", r"5\d mA more than the chip draws.*open SB13"),
        (wrong_current, "current", "does not follow the clock"),
        (readdressed, "sensor", "one at 0x45: .*say --address 0x45"),
        (absent, "sensor", "nothing answers at 0x40 to 0x4f"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_wiring_fault_is_told_from_the_others(fault, check, text):
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        board.flash(firmware())
        board.reset()
        fault(board.machine.devices)
        findings = diagnose(take_readings(Session(board), HSE_HZ, QUICK))
    faults = [finding for finding in findings if not finding.ok]
    assert [finding.check for finding in faults] == [check]
    assert re.search(text, faults[0].text)


@pytest.mark.parametrize(
    ("fault", "text"),
    [(clock_low, "SCL is low: PB8"), (both_low, "SCL and SDA are both low")],
    ids=["scl", "both"],
)
def test_a_line_at_ground_is_named(fault, text):
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        board.flash(firmware())
        board.reset()
        board.machine.devices.devices["i2c1"][2].slaves.clear()
        fault(board.machine.devices)
        findings = diagnose(take_readings(Session(board), HSE_HZ, QUICK))
    assert text in findings[1].text


def test_another_clock_than_was_said_is_measured():
    with VirtualBoard(hse_hz=8_000_000, strict=False) as board:
        board.flash(firmware())
        board.reset()
        (clock, *_) = diagnose(take_readings(Session(board), 12_000_000, QUICK))
    assert not clock.ok
    assert "OSC_IN has 7.99 MHz" in clock.text
    assert "--hse 8MHz" in clock.text


def test_a_missing_clock_is_told(tmp_path):
    platform = tmp_path / "no_hse.repl"
    text = NUCLEO_F767ZI.read_text(encoding="utf-8")
    text = text.replace('using "./', f'using "{NUCLEO_F767ZI.parent}/')
    begin = text.index("hseClock:")
    text = text[:begin] + text[text.index("greenLed:") :]
    platform.write_text(text, encoding="utf-8")
    with VirtualBoard(platform=platform, strict=False) as board:
        board.flash(firmware())
        board.reset()
        findings = diagnose(take_readings(Session(board), HSE_HZ, QUICK))
    assert "no clock of 8 MHz comes in on OSC_IN" in findings[0].text
    assert [finding.ok for finding in findings[1:]] == [True, True]
