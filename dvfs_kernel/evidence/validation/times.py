"""Start-up, lock, over-drive and wake-up times: as a program sees them, between two pin changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.evidence.validation.figure import Figure
from dvfs_kernel.evidence.validation.program import Setup, benchmarks
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["measure_times"]

_DS = "ST DS11532 Rev 7"
_BUTTON_PIN = 13
_ASLEEP_S = 5e-3
_AWAKE_S = 1e-3
# PWR_CR1: LPDS, FPDS, LPUDS, MRUDS, UDEN.
_LPDS, _FPDS, _LPUDS, _MRUDS, _UDEN = 1 << 0, 1 << 9, 1 << 10, 1 << 11, 3 << 18
_STOPS = {
    "flash on": (0, _LPDS),
    "flash off": (_FPDS, _FPDS | _LPDS),
    "under-drive": (_FPDS | _UDEN | _MRUDS, _FPDS | _UDEN | _LPUDS | _LPDS),
}
_REGULATORS = ("main regulator", "low-power regulator")
_SLEEPDEEP = 4


def measure_times(timing: TimingParameters) -> Iterator[Figure]:
    """Yield each time as seen by a program on the HSI or on a 50 MHz HSE."""
    yield from _clock_times(timing)
    yield from _wake_times(timing)


def _clock_times(timing: TimingParameters) -> Iterator[Figure]:
    for on_hse in (0, 1):
        _, machine = benchmarks(timing).run("timings_run", on_hse, Setup())
        marks = {marker.odr: marker.time_ps for marker in machine.trace.markers}

        def between(first: int, last: int, marks: dict[int, int] = marks) -> float:
            return (marks[last] - marks[first]) / ds.PS_PER_US

        source = "HSE 50 MHz" if on_hse else "HSI"
        low, high = (limit / ds.PS_PER_US for limit in ds.PLL_LOCK_PS[1][1:])
        yield Figure(
            "times", f"PLL lock at a VCO of 432 MHz, on {source}", low, between(3, 4), "µs",
            f"{_DS}, Table 47", "sourced", band=high,
        )  # fmt: skip
        enable_ps, disable_ps = (
            (ds.OVERDRIVE_ENABLE_HSE_PS[-1][1], ds.OVERDRIVE_DISABLE_HSE_PS[-1][1])
            if on_hse
            else (ds.OVERDRIVE_ENABLE_HSI_PS, ds.OVERDRIVE_DISABLE_HSI_PS)
        )
        for name, published_ps, (first, last) in (
            ("over-drive on", enable_ps, (5, 6)), ("over-drive off", disable_ps, (6, 7)),
        ):  # fmt: skip
            yield Figure(
                "times", f"{name}, on {source}", published_ps / ds.PS_PER_US, between(first, last),
                "µs", f"{_DS}, Table 23", "sourced",
            )  # fmt: skip


def _wake_times(timing: TimingParameters) -> Iterator[Figure]:
    cycle_us = 1e6 / ds.HSI_HZ
    yield Figure(
        "times", "wake-up from Sleep", ds.SLEEP_WAKE_CYCLES, _wake_us(timing, 0, 0) / cycle_us,
        "cycles", f"{_DS}, Table 40", "sourced",
    )  # fmt: skip
    for state, published in ds.STOP_WAKE_PS.items():
        for regulator, published_ps, bits in zip(
            _REGULATORS, published, _STOPS[state], strict=True
        ):
            yield Figure(
                "times",
                f"wake-up from Stop, {state}, {regulator}",
                published_ps / ds.PS_PER_US,
                _wake_us(timing, bits, _SLEEPDEEP),
                "µs",
                f"{_DS}, Table 40",
                "sourced",
            )


def _wake_us(timing: TimingParameters, power_control: int, system_control: int) -> float:
    """Return from the button's edge to the next instruction, without the pin's own change."""
    program = benchmarks(timing)
    machine = program.machine()
    program.request(machine, "wake_run", power_control, Setup(), system_control, 0)
    machine.reset()
    machine.run(_ASLEEP_S)
    seen, pressed_ps = len(machine.trace.markers), machine.now_ps
    machine.devices.devices["gpioPortC"][2].set_input(_BUTTON_PIN, level=True)
    machine.run(_AWAKE_S)
    awake, later = machine.trace.markers[seen : seen + 2]
    return float(2 * awake.time_ps - later.time_ps - pressed_ps) / ds.PS_PER_US
