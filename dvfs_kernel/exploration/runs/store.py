"""Records on disk, found again by what they are records of."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dvfs_kernel.errors import CacheError
from dvfs_kernel.exploration.runs.record import Record
from dvfs_kernel.storage.kept_files import KeptFiles

if TYPE_CHECKING:
    from pathlib import Path

    from dvfs_kernel.exploration.runs.job import Job
    from dvfs_kernel.exploration.runs.workload import Workload

__all__ = ["Store"]


class Store:
    """A folder of records.

    The name of a file is a digest of everything that the record depends on, so a record is never
    stale: another firmware, network, board, source or library is another name.

    Parameters
    ----------
    folder
        Made where it is not there.

    Raises
    ------
    CacheError
        The folder cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        self._files = KeptFiles(folder, "run")

    @property
    def folder(self) -> Path:
        """Where the records are."""
        return self._files.folder

    def load(self, workload: Workload, job: Job) -> Record | None:
        """Return the record of a job, or None where there is none yet.

        Raises
        ------
        CacheError
            The file is damaged or cannot be read.
        """
        key = _key(workload, job)
        data = self._files.read(key)
        return (
            None if data is None else Record.from_bytes(data, self._files.damaged(key), CacheError)
        )

    def save(self, workload: Workload, job: Job, record: Record) -> None:
        """Keep a record; it appears whole or not at all.

        Raises
        ------
        CacheError
            The file cannot be written.
        """
        self._files.write(_key(workload, job), record.to_bytes())


def _key(workload: Workload, job: Job) -> str:
    text = f"{Record.VERSION} {workload.digest} {job.key_text()}"
    return hashlib.sha256(text.encode()).hexdigest()
