"""Two boards beside each other: the same image and schedules, segment by segment."""

from __future__ import annotations

from dvfs_kernel.evidence.comparison.boards import Comparison, compare, usual_schedules

__all__ = ["Comparison", "compare", "usual_schedules"]
