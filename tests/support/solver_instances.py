"""Small layered graphs whose numbers make trouble: ulps, decimals, huge, denormal, absorbed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KINDS = (
    "ulps", "tenths", "hundredths", "whole", "huge whole", "huge", "denormal", "tiny", "absorbed",
    "scattered", "real",
)  # fmt: skip
_MOST_SCHEDULES = 240


def numbers(rng: np.random.Generator, kind: str, shape: Any) -> Floats:
    """Return numbers of one kind that are not negative."""
    steps = rng.integers(0, int(rng.choice([2, 4, 12])) + 1, shape)
    base = rng.choice([0.1, 0.3, 1.0, 2 / 3, 1e-3])
    whole = rng.choice([1e14, 1e15, 9e15, 1e16, 2.0**53])
    drawn = {
        "ulps": lambda: base + steps * np.spacing(base),
        "tenths": lambda: steps * 0.1,
        "hundredths": lambda: rng.integers(0, 40, shape) / 100,
        "whole": lambda: steps.astype(float),
        "huge whole": lambda: whole * rng.integers(0, 3, shape) + steps,
        "huge": lambda: (steps + rng.integers(0, 2, shape) / 10) * 7e148,
        "denormal": lambda: steps * 5e-324,
        "tiny": lambda: steps * 0.1 * rng.choice([1e-310, 2.3e-308, 1e-300]),
        "absorbed": lambda: rng.choice([0, 1, 1.5, 2.0**52, 2.0**53, 2.0**-53], shape),
        "scattered": lambda: steps * 10.0 ** rng.integers(-160, 149, shape),
        "real": lambda: rng.random(shape),
    }
    return drawn[kind]()


def draw(rng: np.random.Generator, *, switching: bool | None = None) -> dict[str, Any]:
    """Return the arguments of a small graph: at most some hundred schedules."""
    sizes = rng.integers(1, 5, int(rng.integers(1, 6)))
    while sizes.prod() > _MOST_SCHEDULES:
        sizes[rng.integers(0, sizes.size)] = 1
    kinds = rng.choice(KINDS, 2)
    if rng.random() < 0.3:
        kinds[1] = kinds[0]

    def time(shape: Any) -> Floats:
        return numbers(rng, kinds[0], shape)

    def energy(shape: Any) -> Floats:
        return numbers(rng, kinds[1], shape)

    signed = rng.random() < 0.3
    arguments: dict[str, Any] = {
        "time": [time(size) for size in sizes],
        "energy": [energy(size) * (rng.choice([-1, 1], size) if signed else 1) for size in sizes],
    }
    if not (rng.random() < 0.5 if switching is None else switching):
        return arguments
    states = int(rng.integers(1, 4))
    shape: tuple[int, ...] = (states, states)
    if rng.random() < 0.3 and sizes.size > 2:
        shape = (sizes.size - 1, states, states)
    arguments["state"] = [rng.integers(0, states, size) for size in sizes]
    arguments["switch_time"], arguments["switch_energy"] = time(shape), energy(shape)
    if rng.random() < 0.5:
        for name in ("switch_time", "switch_energy"):
            arguments[name][..., np.arange(states), np.arange(states)] = 0.0
    if rng.random() < 0.2:
        arguments["switch_time"][rng.random(shape) < 0.3] = np.inf
    if rng.random() < 0.4:
        for end in ("entry", "exit"):
            arguments[f"{end}_time"], arguments[f"{end}_energy"] = time(states), energy(states)
            if rng.random() < 0.2:
                arguments[f"{end}_time"][rng.random(states) < 0.4] = np.inf
    return arguments


def draw_resources(rng: np.random.Generator, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what the options of a graph take of one or two resources."""
    kind = str(rng.choice(KINDS))
    signed = rng.random() < 0.3
    return {
        f"r{index}": [
            numbers(rng, kind, len(row)) * (rng.choice([-1, 1], len(row)) if signed else 1)
            for row in arguments["time"]
        ]
        for index in range(int(rng.integers(1, 3)))
    }
