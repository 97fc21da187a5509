"""Lists of clocks by name: the paper's, the data sheet's edges, both, all, or a user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.space import (
    check_hse,
    describe,
    highest_below,
    legal_settings,
    nearest,
)
from dvfs_kernel.errors import ClockError
from renode_platform.devices import clock_tree
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "PAPER_EXAMPLE_NOTE",
    "PAPER_HSE_HZ",
    "PRESETS",
    "ClockList",
    "ForbiddenSetting",
    "clock_list",
    "parse_clocks",
]

#: What may stand for a list of clocks, and what each means.
PRESETS: Final = {
    "paper": "the paper's PLLM, PLLN and PLLP at an HSE of 50 MHz, as far as they are legal",
    "edges": "the highest SYSCLK of each wait-state count and of each voltage scale",
    "default": "the SYSCLKs of paper and edges, the cheapest setting of each",
    "all": "every legal PLL setting",
}

# The design space of "Decoupled Access-Execute enabled DVFS for tinyML deployments on STM32
# microcontrollers", section III-B: HSE, PLLM, PLLN, and P of Eq. 1.
PAPER_HSE_HZ: Final = 50_000_000
_PAPER_PLLM: Final = (25, 50)
_PAPER_PLLN: Final = (75, 100, 150, 168, 216, 336, 432)
_PAPER_PLLP: Final = 2

#: What to say beside a table of iso-frequency settings.
PAPER_EXAMPLE_NOTE: Final = (
    "The paper's section II gives HSE, PLLM, PLLN = {50, 25, 216} as an example of 100 MHz; its "
    "Eq. 1, HSE × PLLN / (PLLM × PLLP) with PLLP = 2, makes that 216 MHz. {50, 25, 100} and "
    "{50, 50, 200} give 100 MHz."
)


@dataclass(frozen=True)
class ForbiddenSetting:
    """A combination of a list that the data sheet does not allow, and every limit it breaks."""

    setting: ClockSetting
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"clock": str(self.setting), "reasons": list(self.reasons)}


@dataclass(frozen=True)
class ClockList:
    """The clocks that a name or a list stands for on a board.

    Parameters
    ----------
    name
        One of `PRESETS`, or the list as it was given.
    settings
        Legal settings, slowest first; a user's own list in its own order.
    forbidden
        What the name means too but the data sheet does not allow.
    note
        What a person should know about the list; empty for nothing.
    """

    name: str
    hse_hz: int
    settings: tuple[ClockSetting, ...]
    forbidden: tuple[ForbiddenSetting, ...] = ()
    note: str = ""

    def __repr__(self) -> str:
        hse = clock_tree.megahertz(self.hse_hz)
        return f"<Clocks {self.name}: {len(self.settings)} settings at {hse}>"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values in SI units."""
        return {
            "preset": self.name,
            "settings": [describe(setting, self.hse_hz) for setting in self.settings],
            "forbidden": [entry.to_dict() for entry in self.forbidden],
            "note": self.note,
        }


def clock_list(name: str, hse_hz: int) -> ClockList:
    """Return a preset for a board.

    Parameters
    ----------
    name
        A key of `PRESETS`.

        ``paper`` is defined for an HSE of 50 MHz. On another HSE it holds, for each SYSCLK of the
        paper's list, the legal setting with the nearest SYSCLK (of two equally near the slower
        one, then the cheapest), and its note says so.

    hse_hz
        The board's HSE; 0 for none.

    Raises
    ------
    ClockError
        There is no such preset, or the HSE is out of range.

    Examples
    --------
    >>> paper = clock_list("paper", 50_000_000)
    >>> len(paper.settings), [str(entry.setting) for entry in paper.forbidden]
    (11, ['pll:25/336/2', 'pll:25/432/2', 'pll:50/75/2'])
    """
    if name not in PRESETS:
        raise ClockError(f"clock list {name!r} is unknown; allowed: {', '.join(PRESETS)}")
    check_hse(hse_hz)
    if name == "paper":
        return _paper(hse_hz)
    if name == "all":
        return ClockList(name, hse_hz, legal_settings(hse_hz))
    settings = _edges(hse_hz)
    if name == "default":
        paper_hz = {s.sysclk_hz(PAPER_HSE_HZ) for s in _paper(PAPER_HSE_HZ).settings}
        settings += [nearest(sysclk_hz, hse_hz) for sysclk_hz in paper_hz]
    return ClockList(name, hse_hz, _by_sysclk(settings, hse_hz))


def parse_clocks(text: str, hse_hz: int) -> ClockList:
    """Read a preset's name or settings between commas.

    Parameters
    ----------
    text
        A key of `PRESETS`, or settings as `ClockSetting.parse` reads them; a setting that stands
        twice counts once.
    hse_hz
        The board's HSE; 0 for none.

    Raises
    ------
    ClockError
        The list is empty, or settings are unreadable or illegal: the message names each of them.
    """
    if text.strip().lower() in PRESETS:
        return clock_list(text.strip().lower(), hse_hz)
    check_hse(hse_hz)
    parts = [part.strip() for part in text.split(",")]
    if not any(parts):
        raise ClockError(
            f"the list of clocks is empty; allowed: {', '.join(PRESETS)}, "
            "or settings such as pll:25/216/2,pll:25/100/2"
        )
    settings: list[ClockSetting] = []
    complaints = []
    for part in parts:
        try:
            setting = ClockSetting.parse(part)
            setting.check(hse_hz)
        except ClockError as error:
            complaints.append(str(error))
            continue
        settings.append(setting)
    if complaints:
        if len(parts) == 1:
            complaints.append(f"a name is allowed too: {', '.join(PRESETS)}")
        raise ClockError("\n".join(complaints))
    return ClockList(text, hse_hz, tuple(dict.fromkeys(settings)))


def _paper(hse_hz: int) -> ClockList:
    listed = [ClockSetting("pll", m, n, _PAPER_PLLP) for m in _PAPER_PLLM for n in _PAPER_PLLN]
    broken = {setting: setting.violations(PAPER_HSE_HZ) for setting in listed}
    legal = [setting for setting in listed if not broken[setting]]
    if hse_hz == PAPER_HSE_HZ:
        forbidden = tuple(ForbiddenSetting(s, tuple(why)) for s, why in broken.items() if why)
        return ClockList("paper", hse_hz, _sorted(legal, hse_hz), forbidden)
    wanted_hz = sorted({setting.sysclk_hz(PAPER_HSE_HZ) for setting in legal})
    settings = [nearest(sysclk_hz, hse_hz) for sysclk_hz in wanted_hz]
    worst_hz = max(
        abs(setting.sysclk_hz(hse_hz) - sysclk_hz)
        for setting, sysclk_hz in zip(settings, wanted_hz, strict=True)
    )
    off = f"at most {clock_tree.megahertz(worst_hz)} beside" if worst_hz else "the same as"
    note = (
        f"The paper's list is defined for an HSE of {clock_tree.megahertz(PAPER_HSE_HZ)}; with "
        f"{clock_tree.megahertz(hse_hz or ds.HSI_HZ)} these are the settings with the nearest "
        f"SYSCLKs, {off} the paper's."
    )
    return ClockList("paper", hse_hz, _by_sysclk(settings, hse_hz), note=note)


def _edges(hse_hz: int) -> list[ClockSetting]:
    """Return settings for the limits of wait states, voltage scales and over-drive."""
    limits = set(ds.WAIT_STATE_HCLK_HZ) | {hz for pair in ds.HCLK_MAX_HZ.values() for hz in pair}
    return [setting for hz in limits if (setting := highest_below(hz, hse_hz)) is not None]


def _by_sysclk(settings: Iterable[ClockSetting], hse_hz: int) -> tuple[ClockSetting, ...]:
    """Keep one setting of each SYSCLK: they are the cheapest ones already."""
    return tuple({s.sysclk_hz(hse_hz): s for s in _sorted(settings, hse_hz)}.values())


def _sorted(settings: Iterable[ClockSetting], hse_hz: int) -> tuple[ClockSetting, ...]:
    return tuple(sorted(settings, key=lambda s: (s.sysclk_hz(hse_hz), s.vco_hz(hse_hz))))
