"""The design space of a network: time and energy of every layer at every granularity and clock."""

from __future__ import annotations

from dvfs_kernel.exploration.design_space import PAPER_GRANULARITIES, DesignSpace
from dvfs_kernel.exploration.exploration import Exploration, explore
from dvfs_kernel.exploration.sample_check import Sample, SampleCheck, check_samples

__all__ = [
    "PAPER_GRANULARITIES",
    "DesignSpace",
    "Exploration",
    "Sample",
    "SampleCheck",
    "check_samples",
    "explore",
]
