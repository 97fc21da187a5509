"""Numbers as people read them: three to five digits, a fitting unit, a dash for the unknown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DIGITS", "UNKNOWN", "column", "number", "percent", "quantity", "scaled", "signed"]

#: What stands for a value that is null.
UNKNOWN: Final = "–"
#: Significant digits of a value, in the text and in the tables: one number has one form.
DIGITS: Final = 5
_THIN = "\u202f"  # between a number and its unit: does not break
_PREFIXES: Final = ((1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def quantity(value: float | None, unit: str, digits: int = DIGITS) -> str:
    """Return a value with the SI prefix that leaves one to three digits before the point."""
    if value is None:
        return UNKNOWN
    if value == 0 or not math.isfinite(value):
        return f"{value:g}{_THIN}{unit}"
    # Rounding may carry 999.96 over to 1000: the prefix goes by what is shown.
    shown = abs(float(f"{value:.{digits}g}"))
    factor, prefix = next((p for p in _PREFIXES if shown >= p[0]), _PREFIXES[-1])
    return f"{_plain(value / factor, digits)}{_THIN}{prefix}{unit}"


def number(value: float) -> str:
    """Return a number as it was written, without digits that say nothing."""
    return f"{value:.6g}".replace("-", "−")


def scaled(value: float | None, factor: float, digits: int = DIGITS) -> str:
    """Return a value in the unit of a column, such as 1e-3 for milliseconds."""
    return UNKNOWN if value is None else _plain(value / factor, digits)


def column(values: Sequence[float | None], factor: float, digits: int = DIGITS) -> list[str]:
    """Return the values of a column with as many decimals as its largest needs for its digits."""
    largest = max((abs(value / factor) for value in values if value is not None), default=0.0)
    decimals = 0 if not largest else max(digits - 1 - math.floor(math.log10(largest)), 0)
    return [
        UNKNOWN if value is None else f"{value / factor:,.{decimals}f}".replace("-", "−")
        for value in values
    ]


def percent(value: float | None, decimals: int = 1) -> str:
    """Return a fraction as a percentage."""
    if value is None:
        return UNKNOWN
    text = f"{100 * value:.{decimals}f}".replace("-", "−")
    if not text.strip("−0."):
        text = text.lstrip("−")
    return f"{text}{_THIN}%"


def signed(value: float | None, decimals: int = 2) -> str:
    """Return a fraction as a percentage that says which way it is."""
    text = percent(value, decimals)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.%\u202f") else text


def _plain(value: float, digits: int) -> str:
    """Return a fixed-point number with so many significant digits."""
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(float(f"{value:.{digits}g}"))))
    decimals = max(digits - 1 - exponent, 0)
    return f"{value:,.{decimals}f}".replace("-", "−")
