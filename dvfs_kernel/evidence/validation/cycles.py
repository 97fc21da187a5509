"""Published cycle figures of the chip, and of programs that the package carries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.evidence.validation.figure import Figure
from dvfs_kernel.evidence.validation.program import CACHES_OFF, CACHES_ON, Setup, benchmarks, word
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["measure_cycles"]

_AN4667 = "ST AN4667 Rev 4"
_ART = 0x307  # accelerator and its prefetch, seven wait states
_DC = 0x10000  # the data cache alone
_AXI, _ITCM_FLASH = 0x08000000, 0x00200000
_CONSTANTS = 0x08100000
_ITCM_CODE, _ITCM_CONSTANTS = 0x20, 0x1000
_DTCM, _SRAM1 = 0x20008000, 0x20020000
_POINTS = 1024
_TOGGLES = 200


class _Place(NamedTuple):
    """A configuration of AN4667 with its published cycles, of single and of dual bank."""

    name: str
    flash_base: int | None  # None: everything in ITCM RAM
    data: int
    setup: Setup
    single: int
    dual: int | None


# AN4667 Tables 9 and 10, compiled by MDK-ARM.
_REFERENCE = _Place("ITCM RAM", None, _DTCM, Setup(7, CACHES_OFF), 106275, None)
_PLACES = (
    _Place("flash on ITCM, data in DTCM", _ITCM_FLASH, _DTCM, Setup(_ART, 0), 117059, 123237),
    _Place("flash on ITCM, data in SRAM1", _ITCM_FLASH, _SRAM1, Setup(_ART, _DC), 115004, 119645),
    _Place("flash on AXI, data in DTCM", _AXI, _DTCM, Setup(7, CACHES_ON), 108491, 109209),
    _Place("flash on AXI, data in SRAM1", _AXI, _SRAM1, Setup(7, CACHES_ON), 112372, 112844),
)  # fmt: skip


def _signal() -> np.ndarray:
    index = np.arange(_POINTS)
    waves = np.sin(2 * np.pi * 10 * index / _POINTS), np.sin(2 * np.pi * 100 * index / _POINTS)
    return np.asarray(waves[0] + 0.5 * waves[1]).astype(np.complex64)


def fft_cycles(place: _Place, timing: TimingParameters) -> int:
    """Return the cycles of one transform from a place; its result is checked against NumPy's."""
    program = benchmarks(timing)
    addresses = program.machine().symbols.addresses
    begin, end = addresses["fft_start"], addresses["fft_end"]
    code = program.machine().read_memory(begin, end - begin)
    twiddles = np.exp(-2j * np.pi * np.arange(_POINTS) / _POINTS).astype(np.complex64)
    signal = _signal()
    contents = [(place.data, signal.tobytes())]
    if place.flash_base is None:
        function, constants = addresses["fft_run"] - begin + _ITCM_CODE, _ITCM_CONSTANTS
        contents += [(_ITCM_CODE, code), (constants, twiddles.tobytes())]
    else:
        offset = place.flash_base - _AXI
        function, constants = addresses["fft_run"] + offset, _CONSTANTS + offset
        contents += [(_CONSTANTS, twiddles.tobytes())]
    cycles, machine = program.run(
        function, 1, place.setup, data=place.data, constants=constants, contents=contents
    )
    found = np.frombuffer(machine.read_memory(place.data + 8 * _POINTS, 4 * _POINTS), np.float32)
    if not np.allclose(found, np.abs(np.fft.fft(signal)), atol=0.05):
        raise AssertionError(f"the transform from {place.name} is wrong")
    return cycles


def measure_cycles(timing: TimingParameters) -> Iterator[Figure]:
    """Yield one FFT from every memory over the same in ITCM RAM, GPIO toggles, and interrupts."""
    reference = fft_cycles(_REFERENCE, timing)
    dual = replace(timing, flash_dual_bank=1)
    for place in _PLACES:
        for which, published, parameters in (
            ("single", place.single, timing), ("dual", place.dual, dual),
        ):  # fmt: skip
            if published is None:
                continue
            yield Figure(
                "cycles",
                f"FFT, {place.name}, {which} bank, over ITCM RAM",
                published / _REFERENCE.single,
                fft_cycles(place, parameters) / reference,
                "ratio",
                f"{_AN4667}, Tables 9 and 10",
                "fitted",
            )
    program = benchmarks(timing)
    few, many = (program.run("toggle_run", n)[0] for n in (_TOGGLES, 2 * _TOGGLES))
    yield Figure(
        "cycles",
        "HAL_GPIO_TogglePin in a loop",
        20.0,
        ds.SYSCLK_MAX_HZ * _TOGGLES / (many - few) / 1e6,
        "M/s",
        "github.com/hpaluch/stm32-latency-test, F767ZI",
        "fitted",
    )
    yield _interrupt(timing)


def _interrupt(timing: TimingParameters) -> Figure:
    """Return the figure of an interrupt's entry, without what its handler does to read the time."""
    _, machine = benchmarks(timing).run("interrupt_run", 16, data=_DTCM)
    handler_cycles = 3  # the counter's address in two halves, and the load
    return Figure(
        "cycles",
        "interrupt to the first instruction of its handler",
        12,
        word(machine, _DTCM) - handler_cycles,
        "cycles",
        "Arm, for Cortex-M3, M4 and M7",
        "sourced",
    )
