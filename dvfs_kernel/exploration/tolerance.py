"""How far a prediction may be from the run that it is of."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ENERGY_FLOOR_J",
    "ENERGY_TOLERANCE",
    "PLAN_MARGIN",
    "TIME_FLOOR_S",
    "TIME_TOLERANCE",
    "allowed_energy_j",
    "allowed_time_s",
    "energy_tolerance",
    "prediction_error",
    "time_tolerance",
]

#: How far a whole run may be off, as a part of what it really took.
TIME_TOLERANCE: Final = 0.01
ENERGY_TOLERANCE: Final = 0.02

#: Part of its bound that a plan leaves unused where it can, as it is deployed without being run and
#: solved again: layers in mixed forms find other histories in the branch predictor, which has taken
#: up to 0.2 % of an inference (vww within 20 %).
PLAN_MARGIN: Final = 0.0025

#: And what may come on top of that in a run of any length: one interrupt of the wall clock more or
#: less, which comes twice in 4.1 ms and takes some hundred cycles with its entry and its misses, at
#: the lowest clocks about this long; and what that takes at the highest power.
TIME_FLOOR_S: Final = 8e-6
ENERGY_FLOOR_J: Final = 2.5e-6


#: Runs that differ by no more than a spread were measured: others may differ by so much more.
_SPREADS: Final = 2.0


def prediction_error(predicted: float, executed: float) -> float:
    """Return (predicted - executed) / executed: above 0 where more was predicted than was taken.

    Every error of a prediction that anyone is told is this one.
    """
    return predicted / executed - 1.0


def time_tolerance(spread: float) -> float:
    """Return how far a whole run's time may be off, as a part of what it took."""
    return TIME_TOLERANCE + _SPREADS * spread


def energy_tolerance(spread: float) -> float:
    """Return how far a whole run's energy may be off, as a part of what it took."""
    return ENERGY_TOLERANCE + _SPREADS * spread


def allowed_time_s(executed_s: float, spread: float = 0.0) -> float:
    """Return how far the prediction of a time may be off.

    Parameters
    ----------
    spread
        Of runs that do the same: see `Exploration.spread`.
    """
    return time_tolerance(spread) * executed_s + TIME_FLOOR_S


def allowed_energy_j(executed_j: float, spread: float = 0.0) -> float:
    """Return how far the prediction of an energy may be off; parameters as `allowed_time_s`."""
    return energy_tolerance(spread) * executed_j + ENERGY_FLOOR_J
