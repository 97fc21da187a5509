"""The embedded engine and Renode, held against each other."""

from dvfs_kernel.evidence.cross_check.check import (
    FIDELITIES,
    CrossCheck,
    cross_check,
    usual_schedules,
)
from dvfs_kernel.evidence.cross_check.comparison import WITHIN, Comparison, EngineRun, Part, compare
from dvfs_kernel.evidence.cross_check.sheets import Sheet, check_page, sheets_of, update_page

__all__ = [
    "FIDELITIES",
    "WITHIN",
    "Comparison",
    "CrossCheck",
    "EngineRun",
    "Part",
    "Sheet",
    "check_page",
    "compare",
    "cross_check",
    "sheets_of",
    "update_page",
    "usual_schedules",
]
