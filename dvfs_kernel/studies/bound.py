"""How much time an inference may take."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from dvfs_kernel.errors import ScheduleError

__all__ = ["Bound", "slug_of"]

_PLAIN_DIGITS = 15  # on either side of the point; numbers beyond are written with an exponent


@dataclass(frozen=True)
class Bound:
    """A bound on latency, as the user gave it.

    Parameters
    ----------
    qos
        Per cent over the baseline's latency; None where the bound is a time.
    latency_s
        The time; None where the bound is relative.

    Raises
    ------
    ScheduleError
        A bound is negative, or none or both were given.

    Examples
    --------
    >>> Bound(qos=30).seconds(0.1), Bound(qos=30).name, Bound(latency_s=0.18).name
    (0.13, '30 %', '180 ms')
    """

    qos: float | None = None
    latency_s: float | None = None

    def __post_init__(self) -> None:
        if (self.qos is None) == (self.latency_s is None):
            raise ScheduleError("a bound is either per cent over the baseline or a time, not both")
        value = self.qos if self.qos is not None else self.latency_s
        if value is None or not 0 <= value < float("inf"):
            raise ScheduleError(f"the bound is {value}; it must be finite and not negative")

    def seconds(self, baseline_s: float) -> float:
        """Return the bound, given the baseline's latency."""
        if self.qos is None:
            assert self.latency_s is not None
            return self.latency_s
        return baseline_s * (1 + self.qos / 100)

    @property
    def name(self) -> str:
        """What the bound is called in tables: exactly, so that no two have one name."""
        if self.qos is None:
            assert self.latency_s is not None
            return f"{_digits(_exactly(self.latency_s).scaleb(3))} ms"
        return f"{_digits(_exactly(self.qos))} %"

    @property
    def slug(self) -> str:
        """What the bound is called in the names of files."""
        return slug_of(self.name)


def slug_of(name: str) -> str:
    """Return what a bound of this name is called in the names of files."""
    return f"qos{name.removesuffix(' %')}" if name.endswith(" %") else name.replace(" ", "")


def _exactly(value: float) -> Decimal:
    """Return a number as a person would write it: the fewest digits that tell it from others."""
    return Decimal(repr(float(value)))


def _digits(number: Decimal) -> str:
    number = number.normalize()
    if abs(number.adjusted()) > _PLAIN_DIGITS:
        return f"{number:E}"
    return f"{number:f}"
