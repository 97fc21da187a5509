"""Reports: a document with everything that was found, and the page and figures made of it."""

from __future__ import annotations

from dvfs_kernel.report.document import check, load
from dvfs_kernel.report.folder import write
from dvfs_kernel.report.page import build
from dvfs_kernel.report.paper import compare

__all__ = ["build", "check", "compare", "load", "write"]
