"""Layered graphs to and from networkx."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from dvfs_kernel.errors import LayeredGraphError
from dvfs_kernel.layered_graph.problem import LayeredGraph

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from numpy.typing import ArrayLike

__all__ = ["NodeGraph", "from_networkx", "to_networkx"]

SOURCE, SINK = "source", "sink"


@dataclass(frozen=True)
class NodeGraph:
    """A layered graph whose options are the nodes of a networkx graph.

    Parameters
    ----------
    graph
        The problem; its state s in layer k is the node ``nodes[k][s]``.
    nodes
        The nodes of each layer.
    """

    graph: LayeredGraph
    nodes: tuple[tuple[Hashable, ...], ...]

    def path(self, choice: ArrayLike) -> list[Hashable]:
        """Return the nodes of a schedule."""
        options = np.asarray(choice).tolist()
        return [layer[option] for layer, option in zip(self.nodes, options, strict=True)]


def to_networkx(graph: LayeredGraph) -> nx.DiGraph[Any]:
    """Return the layered graph as a directed graph from ``"source"`` to ``"sink"``.

    An option is the node ``(layer, index)`` with attributes ``layer`` (the source is in layer
    −1), ``option``, ``state``, ``time``, ``energy`` and each resource by its name. An edge
    carries ``time`` and ``energy`` of the switch, entry or exit; forbidden ones have no edge.
    With n options a layer there are n² edges between two layers: this is for looking at graphs,
    and for small ones.

    Examples
    --------
    >>> graph = LayeredGraph(time=[[4, 2], [5, 1]], energy=[[1, 3], [2, 7]])
    >>> drawn = to_networkx(graph)
    >>> drawn.number_of_nodes(), drawn.number_of_edges()
    (6, 8)
    >>> drawn.nodes[1, 0]
    {'layer': 1, 'option': 0, 'state': 0, 'time': 5.0, 'energy': 2.0}
    """
    result: nx.DiGraph[Any] = nx.DiGraph()
    result.add_node(SOURCE, layer=-1, option=0, state=0, time=0.0, energy=0.0)
    before: list[tuple[tuple[int, int], int]] = []
    for layer, size in enumerate(graph.options):
        here: list[tuple[tuple[int, int], int]] = []
        for index in range(size):
            time, energy, state = graph.option(layer, index)
            node = (layer, index)
            result.add_node(node, layer=layer, option=index, state=state, time=time, energy=energy)
            result.nodes[node].update(graph.option_resources(layer, index))
            here.append((node, state))
        for node, state in here:
            if layer == 0:
                _add_edge(result, SOURCE, node, *graph.entry_cost(state))
            for origin, origin_state in before:
                _add_edge(result, origin, node, *graph.switch_cost(layer - 1, origin_state, state))
        before = here
    result.add_node(SINK, layer=graph.layers, option=0, state=0, time=0.0, energy=0.0)
    for node, state in before:
        _add_edge(result, node, SINK, *graph.exit_cost(state))
    return result


def _add_edge(
    result: nx.DiGraph[Any], origin: Hashable, target: Hashable, time: float, energy: float
) -> None:
    if time < np.inf:
        result.add_edge(origin, target, time=time, energy=energy)


def from_networkx(
    graph: nx.DiGraph[Any],
    *,
    time: str = "time",
    energy: str = "energy",
    resources: Iterable[str] = (),
) -> NodeGraph:
    """Read a layered directed graph: a schedule is a path from the first layer to the last.

    Parameters
    ----------
    graph
        Every edge leads from one layer to the next. Layers are the node attribute ``layer``
        (integers, in order); if no node has it, a node's layer is its distance from the nodes
        without predecessors.
    time, energy
        Names of the attributes of nodes and edges; where one is missing, it is 0.
    resources
        Names of attributes of nodes that are resources; edges take none.

    Raises
    ------
    LayeredGraphError
        The graph is not directed, not layered, empty, or has a cost that is not a number or not
        allowed.
    UnreachableError
        No path leads through all layers.

    Examples
    --------
    >>> roads = nx.DiGraph()
    >>> roads.add_edge("home", "bridge", time=3.0, energy=5.0)
    >>> roads.add_edge("home", "ferry", time=9.0, energy=1.0)
    >>> roads.add_edge("bridge", "office", time=1.0, energy=1.0)
    >>> roads.add_edge("ferry", "office", time=1.0, energy=1.0)
    >>> found = from_networkx(roads)
    >>> found.path(found.graph.solve(bound=5.0).choice)
    ['home', 'bridge', 'office']
    """
    if not graph.is_directed() or graph.is_multigraph():
        raise LayeredGraphError(f"the graph is a {type(graph).__name__}; it must be a DiGraph")
    layers = _layers(graph)
    place = {node: (k, s) for k, layer in enumerate(layers) for s, node in enumerate(layer)}
    width = max(len(layer) for layer in layers)
    switch = np.full((2, max(len(layers) - 1, 1), width, width), np.inf)
    for origin, target, attributes in graph.edges(data=True):
        (layer, row), (next_layer, column) = place[origin], place[target]
        if next_layer != layer + 1:
            raise LayeredGraphError(
                f"the edge from {origin!r} to {target!r} leads from layer {layer} to layer "
                f"{next_layer}; it must lead to the next layer"
            )
        for index, name in enumerate((time, energy)):
            switch[index, layer, row, column] = _number(
                attributes, name, f"the edge from {origin!r} to {target!r}"
            )
    costs = [
        [
            [_number(graph.nodes[node], name, f"the node {node!r}") for node in layer]
            for layer in layers
        ]
        for name in (time, energy)
    ]
    if len(layers) == 1:
        switch[:] = 0.0
    matrices = switch[:, 0] if len(layers) == 1 else switch
    problem = LayeredGraph(
        costs[0],
        costs[1],
        [list(range(len(layer))) for layer in layers],
        switch_time=matrices[0],
        switch_energy=matrices[1],
        resources={
            name: [
                [_number(graph.nodes[node], name, f"the node {node!r}") for node in layer]
                for layer in layers
            ]
            for name in resources
        },
    )
    return NodeGraph(problem, tuple(tuple(layer) for layer in layers))


def _number(attributes: dict[str, Any], name: str, owner: str) -> float:
    """Return an attribute, 0 if it is missing."""
    value = attributes.get(name, 0.0)
    if not isinstance(value, Real):
        raise LayeredGraphError(f"{name} of {owner} is {value!r}; it must be a real number")
    return float(value)


def _layers(graph: nx.DiGraph[Any]) -> list[list[Hashable]]:
    """Return the nodes of every layer, in the order in which the graph holds them."""
    if graph.number_of_nodes() == 0:
        raise LayeredGraphError("the graph has no nodes; at least one is needed")
    given = [node for node in graph if "layer" in graph.nodes[node]]
    if not given:
        try:
            return [list(layer) for layer in nx.topological_generations(graph)]
        except nx.NetworkXUnfeasible as error:
            raise LayeredGraphError(
                "the graph has a cycle; layers must follow each other"
            ) from error
    by_layer: dict[int, list[Hashable]] = {}
    for node in graph:
        layer = graph.nodes[node].get("layer")
        if not isinstance(layer, int | np.integer):
            raise LayeredGraphError(
                f"the layer of node {node!r} is {layer!r}; it must be an integer"
            )
        by_layer.setdefault(int(layer), []).append(node)
    return [by_layer[layer] for layer in sorted(by_layer)]
