"""The whole method for one network: explore, optimise, run, compare."""

from __future__ import annotations

from dvfs_kernel.study.bound import Bound
from dvfs_kernel.study.candidate import Candidate, Outcome
from dvfs_kernel.study.study import BoundResult, Ground, Study, StudyPlan, run_study, survey

__all__ = [
    "Bound",
    "BoundResult",
    "Candidate",
    "Ground",
    "Outcome",
    "Study",
    "StudyPlan",
    "run_study",
    "survey",
]
