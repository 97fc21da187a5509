"""Results on disk, each found again by everything that it depends on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from dvfs_kernel.errors import CacheError
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.content import read_content

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KeptFiles"]

_MOST_BYTES: Final = 1 << 30
_ADVICE: Final = "give another folder with --cache, or none with --no-cache"
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


class KeptFiles:
    """A folder of files whose names are digests of everything that their content depends on.

    So what is found is never stale: another input, source or library is another name. A file begins
    with its own name and the SHA-256 of what follows; it appears whole or not at all.

    Parameters
    ----------
    folder
        Made where it is not there.
    what
        What one file holds, for messages and as the ending of its name: "run".

    Raises
    ------
    CacheError
        The folder cannot be made or written to.
    """

    def __init__(self, folder: Path, what: str) -> None:
        self.folder: Final = folder
        self._what = what
        probe = folder / f".{id(self):x}.probe"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(probe, b"")
            probe.unlink()
        except OSError as error:
            raise CacheError(
                f"the cache folder {folder} cannot be written: {error.strerror or error}; {_ADVICE}"
            ) from error

    def read(self, key: str) -> bytes | None:
        """Return what is kept under a key, or None where there is nothing yet.

        Parameters
        ----------
        key
            Hexadecimal digits.

        Raises
        ------
        CacheError
            The file is damaged or cannot be read.
        """
        path = self._path(key)
        try:
            content = read_content(path, most_bytes=_MOST_BYTES, error=CacheError, os_errors=True)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CacheError(
                f"the kept {self._what} {path} cannot be read: {error.strerror or error}; {_ADVICE}"
            ) from error
        name, digest = content[: len(key)], content[len(key) :][:_DIGEST_BYTES]
        data = content[len(key) + _DIGEST_BYTES :]
        if name != key.encode():
            raise CacheError(f"{self.damaged(key)}: it does not begin with its own name")
        if hashlib.sha256(data).digest() != digest:
            raise CacheError(f"{self.damaged(key)}: it is not as it was written")
        return data

    def write(self, key: str, data: bytes) -> None:
        """Keep something under a key.

        Raises
        ------
        CacheError
            The file cannot be written.
        """
        path = self._path(key)
        try:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, key.encode() + hashlib.sha256(data).digest() + data)
        except OSError as error:
            raise CacheError(
                f"the {self._what} cannot be kept in {path}: {error.strerror or error}; {_ADVICE}"
            ) from error

    def damaged(self, key: str) -> str:
        """Return what is said of a file that does not hold what it should; a reason follows."""
        return f"the kept {self._what} {self._path(key)} is damaged, delete it"

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.{self._what}"
