"""The whole method for one network: explore, optimise, run, compare."""

from __future__ import annotations

from dvfs_kernel.study.bound import Bound
from dvfs_kernel.study.candidate import Candidate, Outcome
from dvfs_kernel.study.study import BoundResult, Study, StudyPlan, run_study

__all__ = ["Bound", "BoundResult", "Candidate", "Outcome", "Study", "StudyPlan", "run_study"]
