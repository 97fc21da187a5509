"""A part of the layered graph that is small enough to be looked at."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import networkx as nx
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from dvfs_kernel.optimisation.problem import WindowProblem

__all__ = ["RELOCK_LEAST_S", "GraphExcerpt"]

#: Changes of clock that take longer lock the PLL anew: 75 us at least, hops well below 10 us.
RELOCK_LEAST_S: Final = 50e-6


class GraphExcerpt:
    """Some layers, and of each the options that are best at some bound.

    Parameters
    ----------
    problem
        Whose graph it is.
    choices
        (schedules, layers) options of all schedules of the frontier.
    first, count
        The layers.
    most
        Options of a layer; those that most schedules take.
    """

    def __init__(
        self,
        problem: WindowProblem,
        choices: npt.NDArray[np.int64],
        first: int,
        count: int = 7,
        most: int = 6,
    ) -> None:
        self._problem = problem
        self._choices = choices
        self._layers = range(first, min(first + count, choices.shape[1]))
        self._most = most

    def draw(
        self, chosen: npt.NDArray[np.int64]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return nodes and edges with their places, the schedule ``chosen`` among them."""
        problem = self._problem
        kept = [self._options(layer, int(chosen[layer])) for layer in self._layers]
        graph = nx.DiGraph()
        for column, (layer, options) in enumerate(zip(self._layers, kept, strict=True)):
            for option in options:
                row = problem.options[layer][option]
                graph.add_node((layer, option), layer=column, row=row)
            if column:
                for earlier in kept[column - 1]:
                    for option in options:
                        self._add_edge(graph, (layer - 1, earlier), (layer, option))
        places = self._places(graph)
        path = {(layer, int(chosen[layer])) for layer in self._layers}
        nodes = []
        for node, values in graph.nodes(data=True):
            row = values["row"]
            nodes.append(
                {
                    "x": float(places[node][0]),
                    "y": float(places[node][1]),
                    "layer": f"layer {node[0]}",
                    "label": self._label(row),
                    "time_s": float(row["time_s"]),
                    "energy_j": float(row["energy_j"]),
                    "chosen": node in path,
                }
            )
        return nodes, list(self._edges(graph, places, path))

    def _rank(self, row: Any) -> tuple[int, str, int, bool]:
        """Return what an option is, slow clocks first."""
        space = self._problem.exploration.space
        state = space.states[row["state"]]
        sysclk_hz = state.setting.sysclk_hz(space.hse_hz)
        return sysclk_hz, str(state), int(row["granularity"]), bool(row["hops"])

    def _label(self, row: Any) -> str:
        sysclk_hz, state, granularity, hops = self._rank(row)
        return f"{sysclk_hz / 1e6:.4g} {state}, g {granularity}{', hops' if hops else ''}"

    def _places(self, graph: nx.DiGraph[Any]) -> dict[Any, tuple[float, float]]:
        """Return layers from left to right, and an option at the same height in every layer.

        Slow clocks are at the bottom: a schedule that keeps its clock and its form is level.
        """
        ranks = sorted({self._rank(values["row"]) for _, values in graph.nodes(data=True)})
        return {
            node: (float(values["layer"]), float(ranks.index(self._rank(values["row"]))))
            for node, values in graph.nodes(data=True)
        }

    def _options(self, layer: int, chosen: int) -> list[int]:
        counted = Counter(self._choices[:, layer].tolist())
        often = [option for option, _ in counted.most_common(self._most)]
        if chosen not in often:
            often = [*often[: self._most - 1], chosen]
        rows = self._problem.options[layer]
        return sorted(often, key=lambda option: float(rows[option]["time_s"]))

    def _add_edge(
        self, graph: nx.DiGraph[Any], earlier: tuple[int, int], later: tuple[int, int]
    ) -> None:
        problem = self._problem
        states = problem.exploration.space.states
        before, after = (
            states[problem.options[layer][option]["state"]] for layer, option in (earlier, later)
        )
        time_s, energy_j = problem.switching.cost(before, after)
        if np.isfinite(time_s):
            stays = before == after
            change = "none" if stays else "relock" if time_s > RELOCK_LEAST_S else "hop"
            graph.add_edge(earlier, later, time_s=time_s, energy_j=energy_j, change=change)

    @staticmethod
    def _edges(
        graph: nx.DiGraph[Any], places: Any, path: set[tuple[int, int]]
    ) -> Iterator[dict[str, Any]]:
        for earlier, later, cost in graph.edges(data=True):
            (x, y), (x2, y2) = places[earlier], places[later]
            yield {
                "x": float(x),
                "y": float(y),
                "x2": float(x2),
                "y2": float(y2),
                **cost,
                "chosen": earlier in path and later in path,
            }
