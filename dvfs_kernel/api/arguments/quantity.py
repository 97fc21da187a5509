"""Quantities as people write them: ``"8MHz"``, ``"80ms"``; a number is in the SI unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dvfs_kernel.errors import QuantityError

__all__ = ["CHARGE", "FREQUENCY", "MEMORY", "PERIOD", "TIME", "Quantity", "pll_lock"]

_LARGEST = 1e12
_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*([^\s\d]*)\s*")


@dataclass(frozen=True)
class Quantity:
    """A number with a unit, converted to the SI unit.

    Parameters
    ----------
    name
        What the quantity is called in messages.
    units
        Factors to the SI unit; the empty text stands for a number without a unit.
    example
        For messages.
    least
        The least value that is allowed; 0: any positive one.

    Examples
    --------
    >>> TIME.parse("80ms"), FREQUENCY.parse("8MHz"), TIME.parse(0.25)
    (0.08, 8000000.0, 0.25)
    """

    name: str
    units: tuple[tuple[str, float], ...]
    example: str
    least: float = 0.0

    def parse(self, value: str | float) -> float:
        """Return the value in the SI unit.

        Raises
        ------
        QuantityError
            The text is no number with one of the units, or the value is too small.
        """
        if isinstance(value, int | float):
            if not self._fits(value):
                raise self._refusal(value)
            return float(value)
        factors = {unit.lower(): factor for unit, factor in self.units}
        match = _TEXT.fullmatch(str(value))
        factor = factors.get(match[2].lower()) if match else None
        if match is None or factor is None or not self._fits(float(match[1]) * factor):
            raise self._refusal(value)
        return float(match[1]) * factor

    def _refusal(self, value: object) -> QuantityError:
        units = ", ".join(unit for unit, _ in self.units if unit)
        least = f"at least {self.least:g}" if self.least else "positive"
        return QuantityError(
            f"{value!r} is no {self.name}; "
            f"a number with a unit ({units}), {least}, is allowed, such as {self.example}"
        )

    def _fits(self, value: float) -> bool:
        return 0 < value < _LARGEST and value >= self.least


FREQUENCY: Final = Quantity(
    "frequency", (("Hz", 1), ("kHz", 1e3), ("MHz", 1e6), ("", 1)), "50MHz", least=1
)
MEMORY: Final = Quantity(
    "amount of memory",
    (("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("kB", 1e3), ("MB", 1e6), ("", 1)),
    "512KiB",
    least=1,
)
_TIMES = (("s", 1), ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("μs", 1e-6))
TIME: Final = Quantity("time", (*_TIMES, ("", 1)), "2s")
#: From one inference to the next: may be long.
PERIOD: Final = Quantity("period", (*_TIMES, ("min", 60), ("h", 3600)), "1s")
#: Of a battery.
CHARGE: Final = Quantity("charge", (("mAh", 3.6), ("Ah", 3600), ("C", 1)), "1200mAh")
_LOCK_TIME = Quantity("lock time", (*_TIMES, ("", 1e-6)), "150us")


def pll_lock(value: str | float) -> str | float:
    """Return the corner of a PLL's lock latency, ``min``, ``typ`` or ``max``, or seconds.

    Text without a unit counts microseconds.

    Raises
    ------
    QuantityError
        The text is neither.
    """
    if value in ("min", "typ", "max"):
        return value
    return _LOCK_TIME.parse(value)
