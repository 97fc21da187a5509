"""Records on disk, found again by what they are records of."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dvfs_kernel.errors import CacheError, FileFormatError
from dvfs_kernel.exploration.runs.record import Record
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.content import read_content

if TYPE_CHECKING:
    from pathlib import Path

    from dvfs_kernel.exploration.runs.job import Job
    from dvfs_kernel.exploration.runs.workload import Workload

__all__ = ["Store"]

_MOST_BYTES = 256 << 20
_ADVICE = "give another folder with --cache, or none with --no-cache"


class Store:
    """A folder of records.

    The name of a file is a digest of everything that the record depends on, so a record is never
    stale: another firmware, network, board or parameter is another name.

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
        self._folder = folder
        probe = folder / f".{id(self):x}.probe"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(probe, b"")
            probe.unlink()
        except OSError as error:
            raise CacheError(
                f"the cache folder {folder} cannot be written: {error.strerror or error}; {_ADVICE}"
            ) from error

    @property
    def folder(self) -> Path:
        """Where the records are."""
        return self._folder

    def load(self, workload: Workload, job: Job) -> Record | None:
        """Return the record of a job, or None where there is none yet.

        Raises
        ------
        CacheError
            The file is damaged or cannot be read.
        """
        key = _key(workload, job)
        path = self._path(key)
        try:
            content = read_content(path, most_bytes=_MOST_BYTES, error=CacheError, os_errors=True)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CacheError(
                f"the cached run {path} cannot be read: {error.strerror or error}; {_ADVICE}"
            ) from error
        stored, data = content[: len(key)], content[len(key) :]
        if stored != key.encode():
            raise CacheError(
                f"the cached run {path} is damaged: it does not begin with its own name; delete it"
            )
        try:
            return Record.from_bytes(data)
        except FileFormatError as error:
            raise CacheError(f"the cached run {path} is damaged: {error}; delete it") from error

    def save(self, workload: Workload, job: Job, record: Record) -> None:
        """Keep a record; it appears whole or not at all.

        Raises
        ------
        CacheError
            The file cannot be written.
        """
        key = _key(workload, job)
        path = self._path(key)
        try:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, key.encode() + record.to_bytes())
        except OSError as error:
            raise CacheError(
                f"the run cannot be kept in {path}: {error.strerror or error}; {_ADVICE}"
            ) from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.run"


def _key(workload: Workload, job: Job) -> str:
    text = f"{Record.VERSION} {workload.digest} {job.key_text()}"
    return hashlib.sha256(text.encode()).hexdigest()
