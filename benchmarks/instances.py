"""Instances for the solver's benchmark: DVFS-like ones, and Pisinger's families.

The families are those of D. Pisinger, "A minimal algorithm for the multiple-choice knapsack
problem", European Journal of Operational Research 83 (1995) 394–410: weights and profits in
[1, range], the capacity half-way between the lightest and the heaviest choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAMILIES = ("uncorrelated", "weakly", "strongly", "subset-sum", "zig-zag")


@dataclass(frozen=True)
class Instance:
    """Arrays of one problem: (layers, options) times and energies, states, switching, bound."""

    name: str
    time: NDArray[np.float64]
    energy: NDArray[np.float64]
    bound: float
    state: NDArray[np.int64] | None = None
    switch_time: NDArray[np.float64] | None = None
    switch_energy: NDArray[np.float64] | None = None


def pisinger(family: str, layers: int, options: int, span: int, seed: int = 1) -> Instance:
    """Return an instance of one family, profits as negative energies."""
    rng = np.random.default_rng([FAMILIES.index(family), layers, options, span, seed])
    shape = (layers, options)
    weight = rng.integers(1, span + 1, shape)
    if family == "uncorrelated":
        profit = rng.integers(1, span + 1, shape)
    elif family == "weakly":
        profit = np.maximum(1, weight + rng.integers(-10, 11, shape))
    elif family == "strongly":
        # sums of strongly correlated items, so that no option dominates another
        profit = np.cumsum(np.sort(weight, axis=1) + 10, axis=1)
        weight = np.cumsum(np.sort(weight, axis=1), axis=1)
    elif family == "subset-sum":
        profit = weight.copy()
    else:
        profit = np.sort(rng.integers(1, span + 1, shape), axis=1)
        weight = np.sort(weight, axis=1)
    capacity = int(weight.min(axis=1).sum() + weight.max(axis=1).sum()) // 2
    name = f"{family} {layers}×{options} r={span}"
    return Instance(name, weight.astype(float), -profit.astype(float), float(capacity))


def dvfs(
    layers: int,
    granularities: int = 6,
    clocks: int = 14,
    *,
    tightness: float = 0.3,
    switching: bool = True,
    seed: int = 1,
) -> Instance:
    """Return an instance in the shape of a network on a board with several clocks.

    Seconds and joules. Cycles per layer are log-normal; memory stalls shrink with the
    granularity and do not scale with the clock; power is affine in f · V²; leaving one PLL
    setting for another costs 200 µs at idle power, going to the slowest clock nothing.
    """
    rng = np.random.default_rng([layers, granularities, clocks, seed])
    clock_hz = np.linspace(50e6, 216e6, clocks)
    volt = 1.05 + 0.27 * (clock_hz - 50e6) / 166e6
    power_w = 0.03 + 1.35e-9 * clock_hz * volt**2
    cycles = rng.lognormal(np.log(4e5), 0.8, layers)
    time = np.empty((layers, granularities, clocks))
    energy = np.empty_like(time)
    for layer in range(layers):
        stall = cycles[layer] * rng.uniform(0.1, 0.5)
        for index in range(granularities):
            part = (0.3 + 0.7 / (1 + index)) * rng.uniform(0.9, 1.1)
            work = cycles[layer] * (1 + 0.03 * index * rng.uniform(0.5, 1.5))
            memory_s = stall * part / 100e6
            time[layer, index] = work / clock_hz + memory_s
            energy[layer, index] = power_w * (work / clock_hz) + (0.6 * power_w + 0.02) * memory_s
    state = np.broadcast_to(np.arange(clocks), (layers, granularities, clocks))
    flat = (layers, granularities * clocks)
    time, energy, state = time.reshape(flat), energy.reshape(flat), state.reshape(flat).copy()
    switch_time = np.full((clocks, clocks), 200e-6)
    np.fill_diagonal(switch_time, 0.0)
    switch_time[:, 0] = 0.0
    switch_energy = switch_time * 0.05
    fastest = float(time.min(axis=1).sum())
    bound = fastest * (1 + tightness)
    name = f"DVFS {layers}×{granularities * clocks}, bound +{tightness:.0%}"
    if not switching:
        return Instance(name, time, energy, bound)
    name += f", {clocks} states"
    return Instance(name, time, energy, bound, state, switch_time, switch_energy)
