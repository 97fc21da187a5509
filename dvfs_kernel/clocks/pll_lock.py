"""How long the PLL takes to lock: a corner of the data sheet, or a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from dvfs_kernel.errors import ClockError
from dvfs_kernel.storage.whole_units import whole_units
from renode_platform.devices import clock_tree
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["PLL_LOCK_CORNERS", "TYPICAL", "PllLock"]

#: Names of what the data sheet gives, and of what was measured.
PLL_LOCK_CORNERS: Final[tuple[str, ...]] = clock_tree.PLL_LOCK_CORNERS


@dataclass(frozen=True, slots=True)
class PllLock:
    """The lock latency of an emulated board's PLL.

    Parameters
    ----------
    which
        As the device models take it: ``"min"``, ``"mid"`` or ``"max"`` of the data sheet's range,
        ``"typ"`` for the 200 us that were measured on the chip, or picoseconds.

    Raises
    ------
    ClockError
        There is no such corner, or the time is not positive.

    Examples
    --------
    >>> PllLock.lasting(75.5e-6).which, str(PllLock.lasting(75.5e-6)), PllLock("max").plain
    (75500000, '75.5', 'max')
    """

    which: str | int = "typ"

    def __post_init__(self) -> None:
        which = self.which
        if not (which in PLL_LOCK_CORNERS if isinstance(which, str) else which > 0):
            raise ClockError(
                f"the PLL's lock time {which!r} is unknown; "
                f"{', '.join(PLL_LOCK_CORNERS)} or a time of at least a picosecond is allowed"
            )

    @classmethod
    def lasting(cls, duration_s: float | Fraction) -> Self:
        """Return a time in seconds, rounded to the picosecond."""
        return cls(whole_units(duration_s, ds.PS_PER_S))

    @property
    def plain(self) -> str | float:
        """The corner's name, or seconds: what documents and keys of kept runs have."""
        return self.which if isinstance(self.which, str) else self.which / ds.PS_PER_S

    def __str__(self) -> str:
        """Return the corner's name, or microseconds: what `$pll_lock` of Renode's script takes."""
        if isinstance(self.which, str):
            return self.which
        whole, rest = divmod(self.which, ds.PS_PER_US)
        return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")

    def latency_ps(self, vco_hz: int) -> int:
        """Return the time in picoseconds that a lock takes at a frequency of the oscillator."""
        return int(clock_tree.pll_lock_ps(vco_hz, self.which))


#: What the chip was measured to take.
TYPICAL: Final = PllLock()
