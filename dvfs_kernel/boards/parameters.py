"""The numbers that the models stand on, each with the source that stands beside it in the code."""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.boards.source_comments import comments_of, groups_of, tags_of
from renode_platform.devices import datasheet
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Parameter", "cited", "parameters"]

_PS_A_US: Final = 1e6
_MOVES_SWITCHES = "what a change of clocks costs"
_MOVES_CLOCKS = "which clocks there are"
_MOVES_ENERGY = "energy of every layer"
_MOVES_IDLE = "energy of idling"
#: What the groups of the timing model move.
_MOVES_TIMING: Final = {
    "pipeline": "time of every layer",
    "branches": "time of every layer",
    "exceptions": "time of a layer that an interrupt hits",
    "caches and buses": "time of layers that wait for memory, and of memory segments",
}
#: Of the current model: what each number is, its unit, and how many of it are one of the model's.
_CURRENT_MODEL: Final = {
    "static_a": ("static current", "mA", 1e-3),
    "leakage_a_per_v": ("leakage, for each volt of core voltage", "mA/V", 1e-3),
    "clock_c_per_v": ("charge of the clock tree, a cycle and volt", "pC/V", 1e-12),
    "core_c_per_v": ("charge of the core's clock, a cycle and volt", "pC/V", 1e-12),
    "work_c_per_v": ("charge of a busy cycle, a volt", "pC/V", 1e-12),
    "flash_word_c": ("charge of a flash read of 256 bits", "nC", 1e-9),
    "flash_half_word_c": ("charge of a flash read of 128 bits", "nC", 1e-9),
    "itcm_ram_c_per_v": ("charge of code in ITCM RAM, a cycle and volt", "pC/V", 1e-12),
    "v12_scale3_v": ("core voltage at scale 3", "V", 1.0),
    "v12_scale2_v": ("core voltage at scale 2", "V", 1.0),
    "v12_scale1_v": ("core voltage at scale 1", "V", 1.0),
    "overdrive_v": ("over-drive, on top of that", "V", 1.0),
}
#: Tags that the sources do not explain themselves.
_TAGS: Final = {
    "RM0410": "ST's reference manual of the family",
    "UM1974": "ST's manual of the Nucleo-144 boards",
}
_WORDS: Final = {
    "ahb": "AHB",
    "alu": "ALU",
    "apb": "APB",
    "art": "flash accelerator's",
    "fp": "floating-point",
    "isb": "ISB",
    "itcm": "ITCM",
    "mac": "MAC",
    "ppb": "private bus",
    "sram": "SRAM",
}
_RATE: Final = " per cycle"


@dataclass(frozen=True)
class Parameter:
    """One number.

    Parameters
    ----------
    name
        In the code.
    source
        Where it comes from, in the words of the code.
    title
        What it is, for people.
    moves
        What of the results depends on it.
    """

    name: str
    value: float | str
    unit: str
    source: str
    title: str
    moves: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


@lru_cache(maxsize=1)
def parameters(profile: BoardProfile | None = None) -> tuple[Parameter, ...]:
    """Return the data sheet's numbers that schedules depend on, and all of the timing model.

    Parameters
    ----------
    profile
        Its values stand in place of the package's, and its name in place of their sources.
    """
    profile = profile or BoardProfile()
    return (*_of_datasheet(profile), *_of_timing(profile))


def cited() -> dict[str, str]:
    """Return what the tags in sources stand for, such as ``DS`` and ``JNK``."""
    return {
        **tags_of(inspect.getdoc(datasheet) or ""),
        **tags_of(inspect.getdoc(TimingParameters) or ""),
        **_TAGS,
    }


# ---- the data sheet ------------------------------------------------------------------------------


def _of_datasheet(profile: BoardProfile) -> Iterator[Parameter]:
    comments = comments_of(inspect.getsource(datasheet))
    yield from _supply(comments)
    yield from _clocks(comments)
    yield from _changes(comments)
    yield from _current_model(profile, comments)
    for name, values in datasheet.CURRENT_TABLES_MA.items():
        place = f"CURRENT_TABLES_MA.{name}"
        rates = ", ".join(str(row[0]) for row in datasheet.CURRENT_ROWS)
        title = f"typical current at {rates} MHz: {name.replace('_', ' ')}"
        yield Parameter(place, _listed(values), "mA", comments[place], title, _MOVES_ENERGY)


def _supply(comments: Mapping[str, str]) -> Iterator[Parameter]:
    yield _one("VDD_V", datasheet.VDD_V, "V", comments, "supply voltage", "every energy")
    hsi_ma = float(f"{datasheet.HSI_CURRENT_A * 1e3:.12g}")
    yield _one("HSI_CURRENT_A", hsi_ma, "mA", comments, "current of the HSI", _MOVES_IDLE)
    for state, (main, low_power) in datasheet.STOP_CURRENT_A.items():
        yield Parameter(
            f"STOP_CURRENT_A.{state}",
            _listed((main * 1e3, low_power * 1e3)),
            "mA",
            comments["STOP_CURRENT_A"],
            f"current in Stop, {state}: main and low-power regulator",
            _MOVES_IDLE,
        )
    for state, wake_ps in datasheet.STOP_WAKE_PS.items():
        yield Parameter(
            f"STOP_WAKE_PS.{state}",
            _listed(ps / _PS_A_US for ps in wake_ps),
            "µs",
            comments["STOP_WAKE_PS"],
            f"wake-up from Stop, {state}: main and low-power regulator",
            _MOVES_IDLE,
        )


def _clocks(comments: Mapping[str, str]) -> Iterator[Parameter]:
    vco = " to ".join(megahertz(hz).removesuffix(" MHz") for hz in datasheet.VCO_HZ)
    yield _one("VCO_HZ", vco, "MHz", comments, "range of the VCO", _MOVES_CLOCKS)
    for scale, most_hz in datasheet.HCLK_MAX_HZ.items():
        yield Parameter(
            f"HCLK_MAX_HZ.{scale}",
            _listed(hz / 1e6 for hz in most_hz),
            "MHz",
            comments["HCLK_MAX_HZ"],
            f"highest HCLK at voltage scale {scale}, without over-drive and with it",
            _MOVES_CLOCKS,
        )
    yield _one(
        "WAIT_STATE_HCLK_HZ",
        _listed(hz / 1e6 for hz in datasheet.WAIT_STATE_HCLK_HZ),
        "MHz",
        comments,
        "highest HCLK with 0, 1, 2, … wait states",
        "time of layers that wait for flash",
    )
    for vco_hz, least_a, most_a, least_analog_a, most_analog_a in datasheet.PLL_CURRENT_A:
        yield Parameter(
            f"PLL_CURRENT_A.{vco_hz}",
            f"{(least_a + least_analog_a) * 1e3:g} to {(most_a + most_analog_a) * 1e3:g}",
            "mA",
            comments["PLL_CURRENT_A"],
            f"current of the PLL at a VCO of {megahertz(vco_hz)}",
            _MOVES_ENERGY,
        )


def _changes(comments: Mapping[str, str]) -> Iterator[Parameter]:
    lock, edges = datasheet.PLL_LOCK_MEASURED_PS, datasheet.SYSCLK_SWITCH_CYCLES
    for name, value, unit, title in (
        ("PLL_LOCK_MEASURED_PS", lock / _PS_A_US, "µs", "time in which the PLL locks, typical"),
        ("SYSCLK_SWITCH_CYCLES", edges, "cycles", "edges of each clock that a change takes"),
        (
            "OVERDRIVE_READY_PS",
            datasheet.OVERDRIVE_READY_PS / _PS_A_US,
            "µs",
            "over-drive until it is ready",
        ),
        (
            "OVERDRIVE_ENABLE_HSI_PS",
            datasheet.OVERDRIVE_ENABLE_HSI_PS / _PS_A_US,
            "µs",
            "switching to over-drive, on the HSI",
        ),
    ):
        yield _one(name, value, unit, comments, title, _MOVES_SWITCHES)
    for hse_hz, time_ps in datasheet.OVERDRIVE_ENABLE_HSE_PS:
        yield Parameter(
            f"OVERDRIVE_ENABLE_HSE_PS.{hse_hz}",
            time_ps / _PS_A_US,
            "µs",
            comments["OVERDRIVE_ENABLE_HSI_PS"],
            f"switching to over-drive, on an HSE of {megahertz(hse_hz)}",
            _MOVES_SWITCHES,
        )


def _current_model(profile: BoardProfile, comments: Mapping[str, str]) -> Iterator[Parameter]:
    values = profile.current_model().values
    changed = dict(profile.current)
    for name, (title, unit, factor) in _CURRENT_MODEL.items():
        source = "Fitted to the data sheet's currents below (benchmarks/fit_current.py)."
        own = comments.get(f"CURRENT_MODEL.{name}")
        if name in changed:
            source = f"Board profile {profile.name!r}"
        elif own:
            source = f"{own[:1].upper()}{own[1:]}. {source}"
        value = float(f"{values[name] / factor:.12g}")
        yield Parameter(f"CURRENT_MODEL.{name}", value, unit, source, title, _MOVES_ENERGY)


def _one(
    name: str,
    value: float | str,
    unit: str,
    comments: Mapping[str, str],
    title: str,
    moves: str,
) -> Parameter:
    return Parameter(name, value, unit, comments.get(name, ""), title, moves)


def _listed(values: Any) -> str:
    return ", ".join(f"{value:g}" for value in values)


# ---- the timing model ----------------------------------------------------------------------------


def _of_timing(profile: BoardProfile) -> Iterator[Parameter]:
    source = inspect.getsource(TimingParameters)
    comments, groups = comments_of(source), groups_of(source)
    changed = dict(profile.timing)
    for name, value in asdict(profile.timing_parameters()).items():
        told = f"Board profile {profile.name!r}" if name in changed else comments.get(name, "")
        title, unit = _titled(name, value)
        yield Parameter(name, value, unit, told, title, _MOVES_TIMING[groups[name]])


def _titled(name: str, value: object) -> tuple[str, str]:
    """Return what a parameter of the timing model is called by people, and its unit."""
    words = " ".join(_WORDS.get(word, word) for word in name.split("_"))
    if isinstance(value, bool):
        return words, ""
    if words.endswith(_RATE):
        return words.removesuffix(_RATE), "a cycle"
    for unit in ("half cycles", "cycles"):
        if words.endswith(f" {unit}"):
            return words.removesuffix(f" {unit}"), unit
    return words, "cycles"
