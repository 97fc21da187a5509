"""Published figures of the chip against what the virtual board says: ``dvfs validate``."""

from __future__ import annotations

from dvfs_kernel.evidence.validation.figure import Figure, Summary, summarise
from dvfs_kernel.evidence.validation.validation import validate

__all__ = ["Figure", "Summary", "summarise", "validate"]
