"""All schedules of a small graph, their sums worked out in fractions and rounded once a step.

This is what `LayeredGraph.evaluate` defines: sums of binary64 numbers from the first layer to the
last, every partial sum rounded to the nearest binary64 number, ties to even. A fraction holds the
exact partial sum, and turning it into a float rounds it in just this way, whatever its size.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np


class Schedule(NamedTuple):
    """One schedule of all, in the order in which the k best are."""

    energy: float
    time: float
    choice: tuple[int, ...]


@lru_cache(maxsize=1 << 16)
def added(one: float, other: float) -> float:
    """Return the sum of two numbers, rounded once."""
    if np.inf in (one, other):
        return np.inf
    return float(Fraction(one) + Fraction(other))


def summed(terms: Any) -> float:
    """Return the sum of numbers, the first two added first, and so on."""
    total = 0.0
    for term in terms:
        total = added(total, float(term))
    return total


def terms_of(arguments: dict[str, Any], what: str, choice: tuple[int, ...]) -> list[float]:
    """Return the terms of a schedule's time or energy in their order."""
    rows, switch = arguments[what], arguments.get(f"switch_{what}")
    state = arguments.get("state")
    states = [0 if state is None else int(state[k][j]) for k, j in enumerate(choice)]
    terms = [arguments[f"entry_{what}"][states[0]]] if f"entry_{what}" in arguments else [0.0]
    for layer, option in enumerate(choice):
        if layer and switch is not None:
            matrix = switch if switch.ndim == 2 else switch[layer - 1]
            terms.append(matrix[states[layer - 1], states[layer]])
        terms.append(rows[layer][option])
    if f"exit_{what}" in arguments:
        terms.append(arguments[f"exit_{what}"][states[-1]])
    return [float(term) for term in terms]


def all_schedules(arguments: dict[str, Any]) -> list[Schedule]:
    """Return every schedule that takes no forbidden switch, the best first."""
    found = []
    for choice in itertools.product(*[range(len(row)) for row in arguments["time"]]):
        time = summed(terms_of(arguments, "time", choice))
        energy = summed(terms_of(arguments, "energy", choice))
        if np.inf not in (time, energy):
            found.append(Schedule(energy, time, choice))
    return sorted(found)


def undominated(schedules: list[Schedule]) -> list[tuple[float, float]]:
    """Return times and energies of the frontier: times rise, energies fall."""
    points: list[tuple[float, float]] = []
    for time, energy in sorted((item.time, item.energy) for item in schedules):
        if not points or energy < points[-1][1]:
            points.append((time, energy))
    return points
