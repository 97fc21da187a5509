"""Sums of floats that are the same in every Python.

The built-in ``sum`` adds floats one by one up to Python 3.11, and with compensation from 3.12 on:
the last bits differ. What figures come from is added here.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ordered_sum"]


def ordered_sum(values: Iterable[float]) -> float:
    """Return the sum of floats, added one after the other, first to last."""
    return reduce(add, values, 0.0)
