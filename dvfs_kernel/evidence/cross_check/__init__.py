"""The embedded engine and Renode, held against each other."""

from dvfs_kernel.evidence.cross_check.check import (
    FIDELITIES,
    CrossCheck,
    cross_check,
    usual_schedules,
)
from dvfs_kernel.evidence.cross_check.comparison import WITHIN, Comparison, EngineRun, Part, compare

__all__ = [
    "FIDELITIES",
    "WITHIN",
    "Comparison",
    "CrossCheck",
    "EngineRun",
    "Part",
    "compare",
    "cross_check",
    "usual_schedules",
]
