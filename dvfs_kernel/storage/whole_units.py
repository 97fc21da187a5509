"""Quantities in whole small units, such as picoseconds of seconds: exact, and rounded once.

A product of floats is rounded before anybody looks at it: ``int(33.3 * 1e6)`` is 33,299,999. What
counts in whole hertz, picoseconds or ticks comes from here.
"""

from __future__ import annotations

from fractions import Fraction

__all__ = ["whole_units"]


def whole_units(value: float | Fraction, units: int) -> int:
    """Return a value in units of which ``units`` make one, to the nearest, a half to the even one.

    Examples
    --------
    >>> whole_units(75.5e-6, 10**12)
    75500000
    """
    return round(Fraction(value) * units)
