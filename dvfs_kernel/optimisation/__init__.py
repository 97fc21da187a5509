"""The schedule of least energy within a window: the paper's knapsack, and ours with switching."""

from __future__ import annotations

from dvfs_kernel.optimisation.idle_cost import IdleCost
from dvfs_kernel.optimisation.prediction import Prediction
from dvfs_kernel.optimisation.problem import WindowProblem, paper_problem, window_problem

__all__ = ["IdleCost", "Prediction", "WindowProblem", "paper_problem", "window_problem"]
