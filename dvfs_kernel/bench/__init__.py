"""Runs of one network on one kind of board: described, spread over workers, and kept by content."""

from __future__ import annotations

from dvfs_kernel.bench.bench import Bench
from dvfs_kernel.bench.executors import open_executor
from dvfs_kernel.bench.job import Job
from dvfs_kernel.bench.record import Record
from dvfs_kernel.bench.store import Store
from dvfs_kernel.bench.workload import Workload

__all__ = ["Bench", "Job", "Record", "Store", "Workload", "open_executor"]
