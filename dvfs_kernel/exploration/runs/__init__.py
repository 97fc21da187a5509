"""Runs of one network on one kind of board: described, spread over workers, and kept by content."""

from __future__ import annotations

from dvfs_kernel.exploration.runs.bench import Bench
from dvfs_kernel.exploration.runs.executors import open_executor
from dvfs_kernel.exploration.runs.job import Job
from dvfs_kernel.exploration.runs.record import Record
from dvfs_kernel.exploration.runs.store import Store
from dvfs_kernel.exploration.runs.workload import Workload

__all__ = ["Bench", "Job", "Record", "Store", "Workload", "open_executor"]
