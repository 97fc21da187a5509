"""The options as a tidy table: one row a layer, granularity, clock and LFO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.image import packing
from dvfs_kernel.storage import rows as tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.exploration.exploration import Exploration
    from dvfs_kernel.exploration.runs.workload import Workload

__all__ = ["rows", "to_csv"]


def rows(exploration: Exploration, workload: Workload) -> Iterator[dict[str, Any]]:
    """Yield every option as plain values in SI units.

    ``state`` tells what the PLL is locked on and whether SYSCLK runs on the HSE meanwhile, ``lfo``
    the clock of memory segments where they have one of their own, ``pareto`` whether nothing in the
    layer is both quicker and more frugal, ``pareto_in_state`` the same within one clock state.
    """
    network, space = workload.network, exploration.space
    operators = [
        packing.operator_of(layer, network.tensors).name.lower() for layer in network.layers
    ]
    macs = network.macs
    for option in exploration.options:
        layer, state = int(option["layer"]), space.states[option["state"]]
        yield {
            "network": network.name,
            "layer": layer,
            "name": network.layers[layer].name,
            "operator": operators[layer],
            "macs": macs[layer],
            "granularity": int(option["granularity"]),
            "state": str(state),
            "hfo": str(state.setting),
            "sysclk_hz": state.setting.sysclk_hz(space.hse_hz),
            "lfo": str(HSE) if option["hops"] else "",
            "time_s": float(option["time_s"]),
            "lfo_time_s": float(option["lfo_time_s"]),
            "energy_j": float(option["energy_j"]),
            "cycles": float(option["cycles"]),
            "pareto": bool(option["pareto"]),
            "pareto_in_state": bool(option["pareto_in_state"]),
        }


def to_csv(exploration: Exploration, workload: Workload) -> str:
    """Return the table as CSV with a header."""
    return tables.to_csv(rows(exploration, workload))
