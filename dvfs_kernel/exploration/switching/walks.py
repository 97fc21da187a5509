"""Walks over clock states, one state a layer, that together make every change there is.

On a board each walk is one inference: what is run is the network, and what is looked at is the
change of clock before each of its layers. An Eulerian circuit would take the fewest layers, but it
cannot hold the changes that start with the PLL off: the firmware never switches it off between two
layers. So walks start anew from `IDLE` and take a change that is still to be made wherever there is
one; a walk that has run out of them goes by the shortest way to a state that has some left.

Making every change takes many runs, most of them for relocks, which all go through the same parked
clock: what a relock costs is what leaving one state costs plus what entering the other does.
`sampled_changes` is a selection from which all others follow (`switching_completion`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from dvfs_kernel.clocks.state import IDLE, ClockState
from dvfs_kernel.errors import ClockError
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Walk = tuple[ClockState, ...]

__all__ = ["Change", "Walk", "plan_walks", "possible_changes", "sampled_changes", "walk_schedule"]

#: A state and the next.
Change = tuple[ClockState, ClockState]


def sampled_changes(states: Sequence[ClockState], each: int = 3) -> list[Change]:
    """Return every change that needs no relock, and some relocks from and to every state.

    Parameters
    ----------
    states
        States whose mutual changes are wanted.
    each
        Relocks from every state that has the PLL locked, and so about as many to each PLL setting.
        With the PLL off it is one: each takes a walk of its own.
    """
    nodes = list(dict.fromkeys((IDLE, *states)))
    targets = [state for state in states if state.runs_on_pll]
    changes = [(a, b) for a in nodes for b in states if a.factors == b.factors]
    for place, before in enumerate(nodes):
        others = [target for target in targets if target.factors != before.factors]
        count = min(1 if before.pll is None else each, len(others))
        changes += [
            (before, others[(place + which * len(others) // count) % len(others)])
            for which in range(count)
        ]
    return changes


def possible_changes(
    states: Sequence[ClockState], length: int, changes: Iterable[Change]
) -> list[Change]:
    """Return those changes that a network can come to make.

    A network of one layer leaves `IDLE` and nothing else; SYSCLK is on the HSE beside a locked PLL
    from the second layer on.

    Parameters
    ----------
    states
        States whose mutual changes are wanted.
    length
        Layers of the network.
    """
    distances = nx.single_source_shortest_path_length(_reachability(states), IDLE)
    return [
        (before, after)
        for before, after in changes
        if before in distances and distances[before] < length
    ]


def _reachability(states: Sequence[ClockState]) -> nx.DiGraph:
    nodes = list(dict.fromkeys((IDLE, *states)))
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((a, b) for a in nodes for b in nodes if a.reaches(b))
    return graph


def plan_walks(
    states: Sequence[ClockState], length: int, changes: Iterable[Change] | None = None
) -> list[Walk]:
    """Cover changes between states, and from `IDLE`, by walks.

    Parameters
    ----------
    states
        States whose mutual changes are wanted.
    length
        States in a walk: layers of the network that will run it.
    changes
        Those to be made; by default every one there is.

    Returns
    -------
    list of tuple of ClockState
        Each of ``length`` states; a walk comes from `IDLE`, and may end in repetitions.

    Raises
    ------
    ClockError
        A state cannot be reached, or a network of that length is too short to make every change.
    """
    graph = _reachability(states)
    nodes = list(graph)
    distances = nx.single_source_shortest_path_length(graph, IDLE)
    for state in states:
        if state not in distances:
            raise ClockError(
                f"state {state} cannot be reached: the firmware locks the PLL only to run on it; "
                f"{state.factors} has to be among the states"
            )
    if changes is None:
        changes = [(a, b) for a in nodes for b in states if a.reaches(b)]
    todo: dict[ClockState, list[ClockState]] = {state: [] for state in nodes}
    for before, after in changes:
        todo[before].append(after)
    longest = max((distances[a] + 1 for a in nodes if todo[a]), default=0)
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
