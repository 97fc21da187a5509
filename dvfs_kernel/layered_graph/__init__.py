"""Exact schedules on layered graphs: the multiple-choice knapsack with switching costs.

Arrays in, arrays out; nothing here knows about boards. ``docs/solver.md`` explains the method,
`LayeredGraph` is where to begin.
"""

from __future__ import annotations

from dvfs_kernel.layered_graph.frontier import Frontier
from dvfs_kernel.layered_graph.knapsack import Packing, maximise_profit, minimise_cost
from dvfs_kernel.layered_graph.networkx_bridge import NodeGraph, from_networkx, to_networkx
from dvfs_kernel.layered_graph.problem import LayeredGraph
from dvfs_kernel.layered_graph.robust import RobustSolution, solve_intervals, solve_samples
from dvfs_kernel.layered_graph.sensitivity import ShadowPrice
from dvfs_kernel.layered_graph.solution import Solution

__all__ = [
    "Frontier",
    "LayeredGraph",
    "NodeGraph",
    "Packing",
    "RobustSolution",
    "ShadowPrice",
    "Solution",
    "from_networkx",
    "maximise_profit",
    "minimise_cost",
    "solve_intervals",
    "solve_samples",
    "to_networkx",
]
