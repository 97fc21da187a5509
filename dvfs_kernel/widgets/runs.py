"""Where the notebooks keep their runs."""

from __future__ import annotations

from dvfs_kernel.commands.study_options import default_cache
from dvfs_kernel.exploration.runs.store import Store

__all__ = ["run_store"]


def run_store() -> Store:
    """Return the user's cache of runs, the same that commands have: each run is made once.

    Raises
    ------
    CacheError
        The folder cannot be written to.
    """
    return Store(default_cache())
