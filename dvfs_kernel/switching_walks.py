"""Walks over clock states, one state a layer, that together make every change there is.

On a board each walk is one inference: what is run is the network, and what is looked at is the
change of clock before each of its layers. An Eulerian circuit would take the fewest layers, but it
cannot hold the changes that start with the PLL off: the firmware never switches it off between two
layers. So walks start anew from `IDLE` and take a change that is still to be made wherever there is
one; a walk that has run out of them goes by the shortest way to a state that has some left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from dvfs_kernel import abi
from dvfs_kernel.clock_state import IDLE, ClockState
from dvfs_kernel.errors import ClockError
from dvfs_kernel.schedule import LayerPlan, Schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    Walk = tuple[ClockState, ...]

__all__ = ["Walk", "plan_walks", "walk_schedule"]


def plan_walks(states: Sequence[ClockState], length: int) -> list[Walk]:
    """Cover every change between states, and from `IDLE`, by walks.

    Parameters
    ----------
    states
        States whose mutual changes are wanted.
    length
        States in a walk: layers of the network that will run it.

    Returns
    -------
    list of tuple of ClockState
        Each of ``length`` states; a walk comes from `IDLE`, and may end in repetitions.

    Raises
    ------
    ClockError
        A state cannot be reached, or a network of that length is too short to make every change.
    """
    graph = nx.DiGraph()
    nodes = list(dict.fromkeys((IDLE, *states)))
    graph.add_nodes_from(nodes)
    graph.add_edges_from((a, b) for a in nodes for b in nodes if a.reaches(b))
    distances = nx.single_source_shortest_path_length(graph, IDLE)
    for state in states:
        if state not in distances:
            raise ClockError(
                f"state {state} cannot be reached: the firmware locks the PLL only to run on it; "
                f"{state.factors} has to be among the states"
            )
    todo = {a: [b for b in states if a.reaches(b)] for a in nodes}
    longest = max(distances[a] for a in nodes if todo[a]) + 1
    if length < longest:
        raise ClockError(
            f"a network of {length} layers cannot make every change of clock; "
            f"{longest} layers or more are needed"
        )
    walks = []
    while any(todo.values()):
        walk = [IDLE]
        while len(walk) <= length:
            walk.append(_step(walk[-1], todo, graph, length - len(walk)))
        walks.append(tuple(walk[1:]))
    return walks


def _step(
    state: ClockState, todo: dict[ClockState, list[ClockState]], graph: nx.DiGraph, left: int
) -> ClockState:
    """Return the next state of a walk that has ``left`` more steps after this one."""
    if todo[state]:
        # Towards the state that has most left to do: there the walk will not be stuck.
        chosen = max(todo[state], key=lambda later: len(todo[later]))
        todo[state].remove(chosen)
        return chosen
    ways = nx.single_source_shortest_path(graph, state)
    useful = [way for target, way in ways.items() if todo[target] and len(way) - 1 <= left]
    if not useful:
        return state
    way: list[ClockState] = min(useful, key=lambda way: (len(way), -len(todo[way[-1]])))
    return way[1]


def walk_schedule(walk: Walk, hse_hz: int) -> Schedule:
    """Return the schedule that runs each layer in the walk's state, starting from `IDLE`.

    Raises
    ------
    ClockError
        There are more clocks than a schedule holds, or one is illegal.
    """
    clocks = tuple(dict.fromkeys((IDLE.setting, *(state.setting for state in walk))))
    if len(clocks) > abi.CLOCKS_MAX:
        raise ClockError(
            f"{len(clocks)} clocks at once; a schedule holds at most {abi.CLOCKS_MAX}, "
            f"{IDLE.setting} being one of them"
        )
    layers = tuple(LayerPlan(0, clocks.index(state.setting)) for state in walk)
    return Schedule(hse_hz, clocks, layers, idle_clock=0)
