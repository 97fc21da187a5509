"""Quantities as people write them: ``"8MHz"``, ``"80ms"``; a number is in the SI unit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from dvfs_kernel.clocks.pll_lock import PLL_LOCK_CORNERS, PllLock
from dvfs_kernel.errors import ClockError, QuantityError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CHARGE",
    "FREQUENCY",
    "MEMORY",
    "PERIOD",
    "RESISTANCE",
    "TIME",
    "VOLTAGE",
    "PllLockLike",
    "Quantity",
    "pll_lock",
]

#: What stands for the time that a PLL takes to lock: a corner's name, seconds, or text with a unit.
PllLockLike = PllLock | str | float

Rounded = TypeVar("Rounded")

_LARGEST = 10**12
# An exponent has two digits: more would make a number that takes minutes to write out.
_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?)\s*([^\s\d]*)\s*", re.ASCII)
_MOST_DIGITS = 60


@dataclass(frozen=True)
class Quantity(Generic[Rounded]):
    """A number with a unit, converted to the SI unit: exactly, and rounded once, at the end.

    Parameters
    ----------
    name
        What the quantity is called in messages.
    units
        Factors to the SI unit.
    example
        For messages.
    guesses
        For messages, where a number has no unit: up to which number which units are likely meant.
    rounded
        What is made of the exact value in the SI unit.
    least
        The least value that is allowed; 0: any positive one.

    Examples
    --------
    >>> TIME.parse("80ms"), FREQUENCY.parse("33.3MHz"), TIME.parse(0.25)
    (0.08, 33300000, 0.25)
    """

    name: str
    units: tuple[tuple[str, int | Fraction], ...]
    example: str
    guesses: tuple[tuple[float, str], ...]
    rounded: Callable[[Fraction], Rounded]
    least: int = 0

    def parse(self, value: str | float) -> Rounded:
        """Return the value in the SI unit.

        Raises
        ------
        QuantityError
            The text is no number with one of the units, or the value is too small. A number in
            a text has a unit: 100 as a time is 100 s to one and 100 ms to another.
        """
        exact = self._exact(value)
        if exact is None or not 0 < exact < _LARGEST or exact < self.least:
            raise self._refusal(value)
        return self.rounded(exact)

    def _exact(self, value: str | float) -> Fraction | None:
        """Return the value in the SI unit as it is written; None where it is no number."""
        if isinstance(value, int | float):
            return Fraction(value) if math.isfinite(value) else None
        factors = {unit.lower(): factor for unit, factor in self.units}
        match = _TEXT.fullmatch(str(value))
        factor = factors.get(match[2].lower()) if match else None
        if match is None or factor is None or len(match[1]) > _MOST_DIGITS:
            return None
        return Fraction(match[1]) * factor

    def _refusal(self, value: object) -> QuantityError:
        units = ", ".join(unit for unit, _ in self.units)
        least = f"at least {self.least}" if self.least else "positive"
        match = _TEXT.fullmatch(value) if isinstance(value, str) else None
        if match is not None and not match[2]:
            number = float(match[1])
            likely = next(units for most, units in self.guesses if number <= most)
            meant = " or ".join(f"{match[1]}{unit}" for unit in likely.split())
            return QuantityError(
                f"{value!r} has no unit ({units}), without which it is no {self.name}; "
                f"did you mean {meant}?"
            )
        return QuantityError(
            f"{value!r} is no {self.name}; "
            f"a number with a unit ({units}), {least}, is allowed, such as {self.example}"
        )


#: Whole hertz: the finest that the clock tree counts in.
FREQUENCY: Final = Quantity(
    "frequency",
    (("Hz", 1), ("kHz", 10**3), ("MHz", 10**6)),
    "50MHz",
    ((999, "MHz"), (99_999, "kHz"), (math.inf, "Hz")),
    round,
    least=1,
)
#: Whole bytes. It is what may be taken: part of a byte holds nothing.
MEMORY: Final = Quantity(
    "amount of memory",
    (("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("kB", 10**3), ("MB", 10**6)),
    "512KiB",
    ((4, "MiB"), (8192, "KiB"), (math.inf, "B")),
    math.floor,
    least=1,
)
_MICRO = Fraction(1, 10**6)
_TIMES: Final[tuple[tuple[str, int | Fraction], ...]] = (
    ("s", 1),
    ("ms", Fraction(1, 10**3)),
    *((unit, _MICRO) for unit in ("us", "µs", "μs")),
)
TIME: Final = Quantity("time", _TIMES, "2s", ((0.99, "s"), (9, "ms s"), (math.inf, "ms")), float)
#: From one inference to the next: may be long.
PERIOD: Final = Quantity(
    "period", (*_TIMES, ("min", 60), ("h", 3600)), "1s", ((59, "s min"), (math.inf, "s")), float
)
#: Of a battery.
CHARGE: Final = Quantity(
    "charge",
    (("mAh", Fraction(36, 10)), ("Ah", 3600), ("C", 1)),
    "1200mAh",
    ((9, "Ah"), (math.inf, "mAh")),
    float,
)
_MILLI = Fraction(1, 10**3)
#: Of a supply.
VOLTAGE: Final = Quantity(
    "voltage", (("V", 1), ("mV", _MILLI)), "3.3V", ((99, "V"), (math.inf, "mV")), float
)
#: Of a shunt.
RESISTANCE: Final = Quantity(
    "resistance",
    (("ohm", 1), ("mohm", _MILLI), ("Ω", 1), ("mΩ", _MILLI)),
    "100mohm",
    ((9, "ohm"), (math.inf, "mohm")),
    float,
)
_LOCK_TIME = Quantity(
    f"lock time or one of {', '.join(PLL_LOCK_CORNERS)}",
    _TIMES,
    "150us",
    ((math.inf, "us"),),
    PllLock.lasting,
)


def pll_lock(value: PllLockLike) -> PllLock:
    """Return how long a PLL takes to lock.

    It is a corner, ``min``, ``mid``, ``typ`` or ``max``, or a time: a number counts seconds.

    Raises
    ------
    QuantityError
        It is neither.
    """
    if isinstance(value, PllLock):
        return value
    if value in PLL_LOCK_CORNERS:
        return PllLock(str(value))
    try:
        return _LOCK_TIME.parse(value)
    except ClockError as error:
        raise QuantityError(str(error)) from error
