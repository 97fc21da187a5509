"""From readings to what is wrong with clocks and wiring, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dvfs_kernel.clocks.setting import ClockSetting
from renode_platform.devices import power
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.evidence.self_test.readings import Readings

__all__ = ["Finding", "diagnose"]

# HSI against a good clock: 1 % at 25 °C, 4 % from -10 to 85 °C (DS11532, table 45).
_FREQUENCY_TOLERANCE = 0.05
# VDD of the Nucleo is 3.3 V; the chip works from 1.7 V (DS11532, table 17).
_SUPPLY_MIN_V, _SUPPLY_MAX_V = 3.0, 3.6
_NOTHING_V, _NOTHING_A = 0.5, 1e-3
# Chips differ, and typical currents are what is compared with: maxima at 25 °C are 13 % above them
# (DS11532, table 24); only what is far off can be the wiring.
_CURRENT_RATIO_MIN, _CURRENT_RATIO_MAX = 0.6, 1.6
_FOLLOWS_MIN = 0.1
# The Ethernet PHY draws some 50 mA (LAN8742A), the peripherals in use a few.
_EXCESS_A = 20e-3


@dataclass(frozen=True)
class Finding:
    """One check.

    Parameters
    ----------
    check
        What was looked at.
    ok
        False for a fault.
    text
        What was found, and for a fault what to do.
    """

    check: str
    ok: bool
    text: str


def diagnose(readings: Readings) -> list[Finding]:
    """Judge readings, from what everything depends on to what depends on the rest."""
    findings = [_clock(readings), _sensor(readings)]
    if readings.sensor is None:
        findings.append(_supply(readings))
        findings += _current(readings)
    return findings


def _clock(readings: Readings) -> Finding:
    expected = megahertz(readings.expected_hse_hz)
    if readings.hse_hz is None:
        return Finding(
            "clock",
            ok=False,
            text=f"no clock of {expected} comes in on OSC_IN ({readings.clock_error}). As sold it "
            "is the ST-LINK's MCO: SB112 and SB149 closed, SB148, SB8 and SB9 open; a clock of "
            "your own goes to PH0 with SB112 and SB149 open",
        )
    measured = f"{readings.hse_hz / 1e6:.2f} MHz"
    if abs(readings.hse_hz / readings.expected_hse_hz - 1) > _FREQUENCY_TOLERANCE:
        return Finding(
            "clock",
            ok=False,
            text=f"OSC_IN has {measured}, not {expected}: say "
            f"--hse {round(readings.hse_hz / 1e6)}MHz, or feed {expected}",
        )
    if readings.fast_hz is None:
        return Finding(
            "clock",
            ok=False,
            text=f"OSC_IN has {measured}, but the PLL fails: {readings.clock_error}",
        )
    if abs(readings.fast_hz / readings.expected_fast_hz - 1) > _FREQUENCY_TOLERANCE:
        return Finding(
            "clock",
            ok=False,
            text=f"the PLL gives {readings.fast_hz / 1e6:.1f} MHz instead of "
            f"{megahertz(readings.expected_fast_hz)} from {measured} on OSC_IN",
        )
    return Finding(
        "clock", ok=True, text=f"{measured} on OSC_IN, {readings.fast_hz / 1e6:.1f} MHz by the PLL"
    )


def _sensor(readings: Readings) -> Finding:
    here = f"0x{readings.address:02x}"
    lines = readings.sensor
    if lines is None:
        return Finding("sensor", ok=True, text=f"an INA219 answers at {here}")
    if not lines.scl_high and not lines.sda_high:
        text = (
            "SCL and SDA are both low: the sensor has no supply (VCC belongs on 3V3), or both "
            "lines touch ground"
        )
    elif not lines.scl_high:
        text = "SCL is low: PB8 (CN7, D15) touches ground, or the sensor holds it"
    elif not lines.sda_high:
        text = "SDA is low: PB9 (CN7, D14) touches ground, or the sensor holds it"
    elif readings.answering:
        others = ", ".join(f"0x{address:02x}" for address in readings.answering)
        text = f"no sensor at {here}, but one at {others}: its jumpers A0 and A1 are set; say "
        text += f"--address 0x{readings.answering[0]:02x}"
    else:
        text = (
            "nothing answers at 0x40 to 0x4f, though both lines are high: SCL and SDA are swapped "
            "(SCL belongs on PB8, D15, SDA on PB9, D14), a wire is off, or the sensor has no ground"
        )
    return Finding("sensor", ok=False, text=text)


def _supply(readings: Readings) -> Finding:
    supply_v = readings.supply_v or 0.0
    found = f"{supply_v:.3f} V at IN-"
    if supply_v < _NOTHING_V:
        text = f"{found}: IN- is not connected; it belongs on the chip's side of JP5"
    elif supply_v > _SUPPLY_MAX_V:
        text = f"{found}: the shunt is in a 5 V line, not in JP5"
    elif supply_v < _SUPPLY_MIN_V:
        text = f"{found}, which is too little: the shunt or its wires have too much resistance"
    else:
        return Finding("supply", ok=True, text=found)
    return Finding("supply", ok=False, text=text)


def _current(readings: Readings) -> Iterator[Finding]:
    if readings.slow_a is None or readings.fast_a is None:
        return
    slow_a, fast_a = readings.slow_a, readings.fast_a
    hse_hz = readings.expected_hse_hz
    expected_fast_a = power.current_a(ClockSetting.fastest(hse_hz).clocks(hse_hz), "run")
    expected_slow_a = power.current_a(ClockSetting("hsi").clocks(hse_hz), "run")
    ratio = (fast_a - slow_a) / (expected_fast_a - expected_slow_a)
    found = f"{slow_a * 1e3:.1f} mA at 16 MHz, {fast_a * 1e3:.1f} mA at 216 MHz"
    if readings.saturated:
        text = f"the sensor is at its limit of 40 mV: a shunt of {readings.shunt_ohm:g} Ω would "
        text += "carry 400 mA; the resistor is larger, or a wire of the shunt is off"
    elif abs(slow_a) < _NOTHING_A and abs(fast_a) < _NOTHING_A:
        text = (
            f"{found}: no current goes through the shunt though the chip runs. Take the jumper off "
            "JP5; the shunt belongs in its place"
        )
    elif fast_a < 0:
        text = f"{found}: IN+ and IN- are swapped; IN+ belongs on the supply's side of JP5"
    elif ratio < _FOLLOWS_MIN:
        text = (
            f"{found}: the current does not follow the clock, so it is not the chip's; the shunt "
            "has to be in JP5 alone"
        )
    elif not _CURRENT_RATIO_MIN < ratio < _CURRENT_RATIO_MAX:
        text = (
            f"{found}: the change is {ratio:.2f} times what the chip's is; with a shunt of about "
            f"{readings.shunt_ohm * ratio:.2g} Ω it would fit: measure it, and say --shunt"
        )
    elif slow_a - ratio * expected_slow_a > _EXCESS_A:
        text = (
            f"{found}: {(slow_a - ratio * expected_slow_a) * 1e3:.0f} mA more than the chip draws. "
            "The Ethernet PHY is fed through JP5 too: open SB13"
        )
    else:
        yield Finding("current", ok=True, text=f"{found}, {ratio:.2f} times the typical change")
        return
    yield Finding("current", ok=False, text=text)
