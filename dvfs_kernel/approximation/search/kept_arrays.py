"""Small arrays on disk, found again by what they were computed from."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import CacheError
from dvfs_kernel.storage.array_file import parse_array
from dvfs_kernel.storage.kept_files import KeptFiles
from dvfs_kernel.storage.sources import sources_digest

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["KeptArrays"]

# What computes arrays that are kept.
_MODULES = ("dvfs_kernel.approximation.search.assessment", "dvfs_kernel.approximation.search.space")


class KeptArrays:
    """A folder of arrays.

    The name of a file is a digest of everything that its array depends on, the sources that
    compute it among them, so an array is never stale: another network, other images or another
    threshold are another name.

    Parameters
    ----------
    folder
        Made where it is not there; None to keep nothing.

    Raises
    ------
    CacheError
        The folder cannot be made or written to.
    """

    def __init__(self, folder: Path | None) -> None:
        self._files = None if folder is None else KeptFiles(folder, "array")

    def load(self, *key: object) -> npt.NDArray[Any] | None:
        """Return the array of a key, or None where there is none yet.

        Raises
        ------
        CacheError
            The file is damaged or cannot be read.
        """
        if self._files is None:
            return None
        name = _name(key)
        data = self._files.read(name)
        return None if data is None else parse_array(data, self._files.damaged(name), CacheError)

    def save(self, array: npt.NDArray[Any], *key: object) -> None:
        """Keep an array; it appears whole or not at all.

        Raises
        ------
        CacheError
            The file cannot be written.
        """
        if self._files is None:
            return
        data = io.BytesIO()
        np.save(data, array, allow_pickle=False)
        self._files.write(_name(key), data.getvalue())


def _name(key: tuple[object, ...]) -> str:
    return hashlib.sha256(f"{sources_digest(*_MODULES)} {key!r}".encode()).hexdigest()
