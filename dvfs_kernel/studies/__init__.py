"""The whole method for one network: explore, optimise, run, compare."""

from __future__ import annotations

from dvfs_kernel.studies.bound import Bound
from dvfs_kernel.studies.candidate import Candidate, Outcome
from dvfs_kernel.studies.study import BoundResult, Ground, Study, StudyPlan, run_study, survey

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
