"""Which labels arrive in which state, with the work for equal switching costs shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dvfs_kernel.layered_graph.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Links", "link_states"]

INFINITY = np.inf


class Links(NamedTuple):
    """Where the arrivals of each state come from.

    Attributes
    ----------
    start
        (states + 1) where each state's links start.
    origin
        (links) a state of the layer before, or −1 − a group of them.
    time, energy
        (links) of the switch.
    member_start, member
        Where each group's members start, and the members.
    """

    start: Ints
    origin: Ints
    time: Floats
    energy: Floats
    member_start: Ints
    member: Ints


@compiled
def link_states(switch_time: Floats, switch_energy: Floats, share: bool) -> Links:
    """Find which runs of labels each state's arrivals consist of.

    Sources from which a switch into a state costs the same are merged once and shared by all
    states that need them. Sources with a cheaper switch may be among them: their labels then
    arrive twice, once too dear, and the dear copy is dominated by the other.
    """
    states = switch_time.shape[0]
    start = np.zeros(states + 1, np.int64)
    origin = np.empty(states * states, np.int64)
    time, energy = np.empty(states * states), np.empty(states * states)
    groups = np.zeros((64, states), np.bool_)
    links, count = 0, 0
    inside = np.zeros(states, np.bool_)
    for target in range(states):
        start[target] = links
        times, energies = switch_time[:, target], switch_energy[:, target]
        for source in range(states):
            if times[source] == INFINITY:
                continue
            equal = (times == times[source]) & (energies == energies[source])
            if not share or equal.sum() == 1:
                origin[links] = source
                time[links], energy[links] = times[source], energies[source]
                links += 1
                continue
            if equal[:source].any():
                continue
            inside[:] = (times <= times[source]) & (energies <= energies[source])
            group = 0
            while group < count and not (groups[group] == inside).all():
                group += 1
            if group == count:
                if count == groups.shape[0]:
                    larger = np.zeros((2 * count, states), np.bool_)
                    larger[:count] = groups
                    groups = larger
                groups[count] = inside
                count += 1
            origin[links] = -1 - group
            time[links], energy[links] = times[source], energies[source]
            links += 1
    start[states] = links
    member_start = np.zeros(count + 1, np.int64)
    member = np.empty(groups[:count].sum(), np.int64)
    used = 0
    for group in range(count):
        for source in range(states):
            if groups[group, source]:
                member[used] = source
                used += 1
        member_start[group + 1] = used
    return Links(
        start, origin[:links].copy(), time[:links].copy(), energy[:links].copy(),
        member_start, member,
    )  # fmt: skip
