"""Small explorations and switching costs drawn at random, in which every path can be tried."""

import itertools

import numpy as np

from dvfs_kernel.clocks.state import IDLE, ClockState
from dvfs_kernel.exploration.design_space import DesignSpace
from dvfs_kernel.exploration.exploration import OPTION_DTYPE, Exploration
from dvfs_kernel.exploration.switching.cost_matrix import SwitchCosts
from dvfs_kernel.link import abi
from dvfs_kernel.optimisation import IdleCost

HSE_HZ = 50_000_000
STATES = tuple(
    ClockState.parse(text)
    for text in ("pll:25/216/2", "pll:25/180/2", "pll:25/216/2+hse", "pll:25/180/2+hse", "hse")
)


def exploration(rng, layers=3, granularities=(0, 2), states=STATES):
    """Every option of every layer, times and energies of any size."""
    rows = []
    for layer, g, (index, state), hops in itertools.product(
        range(layers), granularities, enumerate(states), (False, True)
    ):
        if hops and (not g or state.pll is None or state.on_hse):
            continue
        row = np.zeros(1, OPTION_DTYPE)
        row["layer"], row["granularity"], row["state"], row["hops"] = layer, g, index, hops
        row["time_s"] = rng.uniform(1e-3, 5e-3)
        row["energy_j"] = rng.uniform(1e-4, 1e-3)
        rows.append(row)
    space = DesignSpace(HSE_HZ, states, granularities, (granularities,) * layers, hops=True)
    return Exploration(space, np.concatenate(rows))


def switching(rng, states=STATES, largest_s=1e-3):
    """Costs of every change that the firmware can make."""
    nodes = (IDLE, *states)
    costs = SwitchCosts.modelled(nodes, HSE_HZ)
    for place in itertools.product(range(len(nodes)), repeat=2):
        if nodes[place[0]].reaches(nodes[place[1]]):
            costs.time_s[place] = rng.uniform(0, largest_s)
            costs.energy_j[place] = rng.uniform(0, 1e-4)
    return costs


def idle(power_w=0.01, fixed_j=1e-5, mode=abi.IdleMode.GATED):
    return IdleCost(mode, power_w, fixed_j)


def window_of(rows, states, costs, idle_cost, window_s):
    """Latency, and energy of the whole window, of one path; summed here step by step."""
    time_s = energy_j = 0.0
    before = IDLE
    for row in rows:
        state = states[row["state"]]
        entry_s, entry_j = costs.cost(before, state)
        time_s += entry_s + float(row["time_s"])
        energy_j += entry_j + float(row["energy_j"])
        before = state
    return time_s, energy_j + idle_cost.fixed_j + idle_cost.power_w * (window_s - time_s)


def least_window_j(explored, costs, idle_cost, window_s):
    """Try every path; infinite where none fits the window."""
    per_layer = [explored.of_layer(layer) for layer in range(explored.layers)]
    least_j = np.inf
    for rows in itertools.product(*per_layer):
        time_s, energy_j = window_of(rows, explored.space.states, costs, idle_cost, window_s)
        if time_s <= window_s:
            least_j = min(least_j, energy_j)
    return least_j
