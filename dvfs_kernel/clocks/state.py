"""The state that a layer leaves the clock in: what the PLL is locked on, and whether it is used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ClockError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["IDLE", "ClockState", "states_of"]

_ON_HSE = "+hse"


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the PLL is locked on, and whether SYSCLK runs on it or on the HSE meanwhile.

    Parameters
    ----------
    pll
        The setting that the PLL is locked on; None: the PLL is off.
    on_hse
        SYSCLK runs on the HSE. Otherwise it runs on the PLL, or on HSI where the PLL is off.

    Raises
    ------
    ClockError
        ``pll`` is no PLL setting, or has an AHB prescaler that HSE would not run with.

    Examples
    --------
    >>> fast = ClockState.parse("pll:25/216/2")
    >>> aside = ClockState.parse("pll:25/216/2+hse")
    >>> str(aside.setting), fast.reaches(aside), ClockState.parse("pll:25/100/2").reaches(aside)
    ('hse', True, False)
    """

    pll: ClockSetting | None = None
    on_hse: bool = False

    def __post_init__(self) -> None:
        if self.pll is not None and self.pll.source != "pll":
            raise ClockError(f"the PLL cannot be locked on {self.pll}; pll:M/N/P is allowed")
        if self.on_hse and self.pll is not None and self.pll.ahb_divider != 1:
            raise ClockError(
                f"state {self}: the AHB prescaler belongs to the PLL's clock, which does not run; "
                "leave it out"
            )

    @classmethod
    def of(cls, setting: ClockSetting) -> Self:
        """Return the state in which SYSCLK runs on a setting and the PLL on nothing else."""
        if setting.source == "pll":
            return cls(setting)
        if setting.ahb_divider != 1:
            raise ClockError(f"clock {setting}: no AHB prescaler is allowed in a state without PLL")
        return cls(None, setting.source == "hse")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``hsi``, ``hse``, ``pll:M/N/P`` or ``pll:M/N/P+hse``, as `str` writes them.

        Raises
        ------
        ClockError
            The text has another form.
        """
        lowered = text.strip().lower()
        if lowered.endswith(_ON_HSE):
            return cls(ClockSetting.parse(lowered.removesuffix(_ON_HSE)), on_hse=True)
        return cls.of(ClockSetting.parse(lowered))

    def __str__(self) -> str:
        if self.pll is None:
            return str(self.setting)
        return f"{self.pll}{_ON_HSE}" if self.on_hse else str(self.pll)

    @property
    def setting(self) -> ClockSetting:
        """What SYSCLK runs on."""
        if self.on_hse:
            return ClockSetting("hse")
        return ClockSetting("hsi") if self.pll is None else self.pll

    @property
    def factors(self) -> ClockSetting | None:
        """What the PLL is locked on, whatever the AHB prescaler."""
        return None if self.pll is None else replace(self.pll, ahb_divider=1)

    @property
    def runs_on_pll(self) -> bool:
        """Whether SYSCLK runs on the PLL."""
        return self.pll is not None and not self.on_hse

    @property
    def keeps_pll(self) -> bool:
        """Whether SYSCLK runs on the HSE while the PLL stays locked: no clock of its own."""
        return self.pll is not None and self.on_hse

    def reaches(self, later: ClockState) -> bool:
        """Tell whether the firmware can go from one layer in this state to the next in another.

        It locks the PLL only to run on it, and never switches the PLL off between layers.
        """
        return later.runs_on_pll or self.factors == later.factors


#: PLL off, SYSCLK on HSI: what comes before the first lock, and what idling with gated clocks is.
IDLE: Final = ClockState()


def states_of(settings: Iterable[ClockSetting], hse_hz: int) -> tuple[ClockState, ...]:
    """Return every state that layers on some settings can be in.

    Those are `IDLE`; the HSE with the PLL off; and for each PLL setting SYSCLK on it, and SYSCLK on
    the HSE while it stays locked. On a board without HSE only those on HSI and on the PLL.

    Raises
    ------
    ClockError
        HSE or HSI stands among the settings with an AHB prescaler, which no state has.
    """
    plls = dict.fromkeys(s for s in settings if ClockState.of(s).pll is not None)
    states = [IDLE, *(ClockState(pll) for pll in plls)]
    if hse_hz:
        locked = dict.fromkeys(replace(pll, ahb_divider=1) for pll in plls)
        states += [ClockState(None, on_hse=True), *(ClockState(p, on_hse=True) for p in locked)]
    return tuple(states)
