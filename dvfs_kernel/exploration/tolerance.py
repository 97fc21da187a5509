"""How far a prediction may be from the run that it is of."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ENERGY_FLOOR_J",
    "ENERGY_TOLERANCE",
    "TIME_FLOOR_S",
    "TIME_TOLERANCE",
    "allowed_energy_j",
    "allowed_time_s",
]

#: How far a whole run may be off, as a part of what it really took.
TIME_TOLERANCE: Final = 0.01
ENERGY_TOLERANCE: Final = 0.02

#: And what may come on top of that in a run of any length: one interrupt of the wall clock more or
#: less, which comes twice in 4.1 ms and takes some hundred cycles with its entry and its misses, at
#: the lowest clocks about this long; and what that takes at the highest power.
TIME_FLOOR_S: Final = 8e-6
ENERGY_FLOOR_J: Final = 2.5e-6


def allowed_time_s(executed_s: float) -> float:
    """Return how far the prediction of a time may be off."""
    return TIME_TOLERANCE * executed_s + TIME_FLOOR_S


def allowed_energy_j(executed_j: float) -> float:
    """Return how far the prediction of an energy may be off."""
    return ENERGY_TOLERANCE * executed_j + ENERGY_FLOOR_J
