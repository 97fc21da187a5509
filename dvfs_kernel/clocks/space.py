"""Every clock setting that a board can run, and which of equally fast ones costs least.

Of the settings that give one SYSCLK, those with the slowest oscillator in the PLL draw the least
current (DS11532 Rev 7, Table 47): the paper's Figure 2, "iso-frequency configurations".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dvfs_kernel.clocks.limits import PLL_INPUT_PREFERRED_HZ
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ClockError
from renode_platform.devices import datasheet as ds
from renode_platform.devices import power
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = [
    "IsoSetting",
    "canonical",
    "cheapest",
    "check_hse",
    "current_a",
    "describe",
    "described",
    "highest_below",
    "iso_frequency",
    "legal_settings",
    "nearest",
    "settings_at",
]

# A board is asked for its settings over and over; there are a handful of boards.
_BOARDS_REMEMBERED = 8


@dataclass(frozen=True)
class IsoSetting:
    """One of the settings that reach a SYSCLK.

    Parameters
    ----------
    sysclk_hz
        What they all give.
    current_a
        Run current of the chip on this setting, without peripherals.
    chosen
        Whether it is the one to take: the least current, of equals a PLL input near 2 MHz.
    """

    sysclk_hz: int
    setting: ClockSetting
    current_a: float
    chosen: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; the clock is text as `ClockSetting.parse` reads it."""
        return {
            "sysclk_hz": self.sysclk_hz,
            "clock": str(self.setting),
            "current_a": self.current_a,
            "chosen": self.chosen,
        }


def check_hse(hse_hz: int) -> None:
    """Refuse an HSE that the chip cannot run on, or that cannot feed the PLL.

    Raises
    ------
    ClockError
        The frequency is outside the data sheet's limits; the message names them.
    """
    if hse_hz:
        ClockSetting("hse").check(hse_hz)
    ClockSetting.fastest(hse_hz)


def legal_settings(hse_hz: int, ahb_dividers: Collection[int] = (1,)) -> tuple[ClockSetting, ...]:
    """Return every PLL setting that the data sheet allows on a board.

    Parameters
    ----------
    hse_hz
        The board's HSE, an external clock; 0: the PLL runs on HSI.
    ahb_dividers
        AHB prescalers to combine each with, of `limits.AHB_DIVIDERS`. With several, one SYSCLK
        gives several HCLK.

    Returns
    -------
    tuple of ClockSetting
        Ordered by SYSCLK, AHB prescaler, VCO, then by distance of the PLL's input from 2 MHz.

    Raises
    ------
    ClockError
        The HSE is out of range, or there is no such AHB prescaler.

    Examples
    --------
    >>> len(legal_settings(50_000_000)), str(legal_settings(8_000_000)[-1])
    (26204, 'pll:8/432/2')
    """
    check_hse(hse_hz)
    for divider in ahb_dividers:
        ClockSetting("hsi", ahb_divider=divider).check(hse_hz)
    found = [
        replace(setting, ahb_divider=divider)
        for settings in _by_sysclk(hse_hz).values()
        for setting in _legal(settings, hse_hz)
        for divider in sorted(set(ahb_dividers))
    ]
    return tuple(sorted(found, key=lambda setting: _order(setting, hse_hz)))


def settings_at(sysclk_hz: int, hse_hz: int) -> tuple[ClockSetting, ...]:
    """Return every legal PLL setting that gives one SYSCLK; empty where none does."""
    check_hse(hse_hz)
    return tuple(_legal(_by_sysclk(hse_hz).get(sysclk_hz, ()), hse_hz))


def _legal(settings: Iterable[ClockSetting], hse_hz: int) -> list[ClockSetting]:
    return [setting for setting in settings if not setting.violations(hse_hz)]


@lru_cache(maxsize=_BOARDS_REMEMBERED)
def _by_sysclk(hse_hz: int) -> dict[int, tuple[ClockSetting, ...]]:
    """Group settings by SYSCLK, slowest first; legality costs time and is looked at later."""
    groups: dict[int, list[ClockSetting]] = defaultdict(list)
    for m, n, p in _factors(hse_hz or ds.HSI_HZ):
        setting = ClockSetting("pll", m, n, p)
        groups[setting.sysclk_hz(hse_hz)].append(setting)
    return {sysclk_hz: tuple(groups[sysclk_hz]) for sysclk_hz in sorted(groups)}


def _factors(source_hz: int) -> Iterator[tuple[int, int, int]]:
    """Yield all factors whose VCO can be in range: whether they are legal is not for here."""
    for m in range(ds.PLLM[0], ds.PLLM[1] + 1):
        least = max(ds.PLLN[0], ds.VCO_HZ[0] * m // source_hz)
        most = min(ds.PLLN[1], ds.VCO_HZ[1] * m // source_hz + 1)
        for n in range(least, most + 1):
            for p in ds.PLLP:
                yield m, n, p


def _order(setting: ClockSetting, hse_hz: int) -> tuple[int, int, int, int, float, int, int]:
    """Return what settings are sorted by: SYSCLK, then the cheaper and the steadier first.

    At one SYSCLK and HCLK the current rises with the VCO and with nothing else.
    """
    detour_hz = abs(setting.pll_input_hz(hse_hz) - PLL_INPUT_PREFERRED_HZ)
    return (
        setting.sysclk_hz(hse_hz),
        setting.ahb_divider,
        setting.vco_hz(hse_hz),
        detour_hz,
        setting.pllm,
        setting.plln,
        setting.pllp,
    )


def current_a(setting: ClockSetting, hse_hz: int, mode: str = "run") -> float:
    """Return the chip's typical current on a setting, caches on, without peripherals.

    Parameters
    ----------
    mode
        ``"run"`` or ``"sleep"``: see ``renode_platform/devices/power.py`` for tables and sources.
    """
    return float(power.current_a(setting.clocks(hse_hz), mode))


def describe(setting: ClockSetting, hse_hz: int) -> dict[str, Any]:
    """Return what a setting gives and needs, as plain values in SI units."""
    return {
        "clock": str(setting),
        "sysclk_hz": setting.sysclk_hz(hse_hz),
        "hclk_hz": setting.hclk_hz(hse_hz),
        "pll_input_hz": setting.pll_input_hz(hse_hz),
        "vco_hz": setting.vco_hz(hse_hz),
        "voltage_scale": setting.voltage_scale(hse_hz),
        "overdrive": setting.needs_overdrive(hse_hz),
        "wait_states": setting.required_wait_states(hse_hz),
        "run_current_a": current_a(setting, hse_hz),
        "sleep_current_a": current_a(setting, hse_hz, "sleep"),
    }


def described(setting: ClockSetting, hse_hz: int) -> str:
    """Return a setting as a person reads it: rate, name, where it comes from, voltage scale.

    Examples
    --------
    >>> described(ClockSetting.parse("pll:25/216/2"), 50_000_000)
    '216 MHz: pll:25/216/2, PLL on HSE, VCO 432 MHz, scale 1 with over-drive'
    """
    told = [str(setting)]
    if setting.source == "pll":
        told.append(f"PLL on {'HSE' if hse_hz else 'HSI'}")
        told.append(f"VCO {megahertz(setting.vco_hz(hse_hz))}")
    overdrive = " with over-drive" if setting.needs_overdrive(hse_hz) else ""
    told.append(f"scale {setting.voltage_scale(hse_hz)}{overdrive}")
    return f"{megahertz(setting.hclk_hz(hse_hz))}: {', '.join(told)}"


def canonical(setting: ClockSetting, hse_hz: int) -> ClockSetting:
    """Return the one name of a clock: of the settings with its SYSCLK and VCO, the steadiest.

    Factors that have both in common give the same clock at the same current: the data sheet's
    current goes by SYSCLK and VCO. They differ in the PLL's input, of which 2 MHz is recommended
    for the least jitter: the setting nearest to it names them all. Another VCO is another clock.

    Examples
    --------
    >>> str(canonical(ClockSetting.parse("pll:50/432/2"), 50_000_000))
    'pll:25/216/2'
    """
    if setting.source != "pll":
        return setting
    alike = [
        replace(other, ahb_divider=setting.ahb_divider)
        for other in _by_sysclk(hse_hz).get(setting.sysclk_hz(hse_hz), ())
        if other.vco_hz(hse_hz) == setting.vco_hz(hse_hz)
    ]
    return min(_legal(alike, hse_hz), key=lambda one: _order(one, hse_hz), default=setting)


def cheapest(settings: Iterable[ClockSetting], hse_hz: int) -> ClockSetting:
    """Return the setting with the least current; of equals the PLL input nearest to 2 MHz.

    Raises
    ------
    ClockError
        There are none to choose from.
    """
    chosen = min(
        settings,
        key=lambda setting: (current_a(setting, hse_hz), *_order(setting, hse_hz)),
        default=None,
    )
    if chosen is None:
        raise ClockError("no clock setting to choose from; at least one is needed")
    return chosen


def iso_frequency(settings: Iterable[ClockSetting], hse_hz: int) -> list[IsoSetting]:
    """Group settings by the SYSCLK that they give, and choose the cheapest of each.

    Returns
    -------
    list of IsoSetting
        By SYSCLK, and within one by current, the chosen one first.
    """
    groups: dict[int, list[ClockSetting]] = defaultdict(list)
    for setting in dict.fromkeys(settings):
        groups[setting.sysclk_hz(hse_hz)].append(setting)
    rows = []
    for sysclk_hz in sorted(groups):
        chosen = cheapest(groups[sysclk_hz], hse_hz)
        ranked = sorted(
            groups[sysclk_hz],
            key=lambda setting: (current_a(setting, hse_hz), *_order(setting, hse_hz)),
        )
        rows += [
            IsoSetting(sysclk_hz, setting, current_a(setting, hse_hz), setting == chosen)
            for setting in ranked
        ]
    return rows


def nearest(sysclk_hz: int, hse_hz: int) -> ClockSetting:
    """Return the legal setting whose SYSCLK is nearest; of equals the slower, then the cheapest."""
    check_hse(hse_hz)
    by_distance = sorted(_by_sysclk(hse_hz), key=lambda hz: (abs(hz - sysclk_hz), hz))
    return cheapest(_first_legal(by_distance, hse_hz), hse_hz)


def highest_below(limit_hz: int, hse_hz: int) -> ClockSetting | None:
    """Return the cheapest legal setting with the highest SYSCLK up to a limit; None: all above."""
    check_hse(hse_hz)
    allowed = [hz for hz in reversed(_by_sysclk(hse_hz)) if hz <= limit_hz]
    settings = _first_legal(allowed, hse_hz)
    return cheapest(settings, hse_hz) if settings else None


def _first_legal(order: Iterable[int], hse_hz: int) -> list[ClockSetting]:
    """Return the legal settings of the first SYSCLK that has any."""
    groups = _by_sysclk(hse_hz)
    return next((legal for hz in order if (legal := _legal(groups[hz], hse_hz))), [])
