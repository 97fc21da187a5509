"""Small arrays on disk, found again by what they were computed from."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import CacheError
from dvfs_kernel.storage.array_file import parse_array
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.content import read_content
from dvfs_kernel.storage.sources import sources_digest

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["KeptArrays"]

# What decides over an array beside what it was computed from.
_SOURCES = (
    "approximation/accuracy/batch_layers.py",
    "approximation/accuracy/batch_loops.py",
    "approximation/accuracy/evaluator.py",
    "approximation/search/assessment.py",
    "approximation/search/ladder.py",
    "approximation/significance/*.py",
    "approximation/skipping/*.py",
    "networks/input_tensor.py",
    "networks/layers/*.py",
    "networks/quantisation.py",
)
_MOST_BYTES = 1 << 30
_ADVICE = "give another folder for what is kept, or none"


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
        The folder cannot be made.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(
                f"the folder {folder} cannot be made: {error.strerror or error}; {_ADVICE}"
            ) from error

    def load(self, *key: object) -> npt.NDArray[Any] | None:
        """Return the array of a key, or None where there is none yet.

        Raises
        ------
        CacheError
            The file is damaged or cannot be read.
        """
        if self._folder is None:
            return None
        name = _name(key)
        path = self._folder / name[:2] / f"{name}.npy"
        try:
            content = read_content(path, most_bytes=_MOST_BYTES, error=CacheError, os_errors=True)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CacheError(
                f"what is kept in {path} cannot be read: {error.strerror or error}; {_ADVICE}"
            ) from error
        stored, data = content[: len(name)], content[len(name) :]
        if stored != name.encode():
            raise CacheError(
                f"what is kept in {path} is damaged: it does not begin with its own name; delete it"
            )
        return parse_array(data, f"what is kept in {path} is damaged, delete it", CacheError)

    def save(self, array: npt.NDArray[Any], *key: object) -> None:
        """Keep an array; it appears whole or not at all.

        Raises
        ------
        CacheError
            The file cannot be written.
        """
        if self._folder is None:
            return
        name = _name(key)
        path = self._folder / name[:2] / f"{name}.npy"
        data = io.BytesIO()
        np.save(data, array, allow_pickle=False)
        try:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, name.encode() + data.getvalue())
        except OSError as error:
            raise CacheError(
                f"nothing can be kept in {path}: {error.strerror or error}; {_ADVICE}"
            ) from error


def _name(key: tuple[object, ...]) -> str:
    return hashlib.sha256(f"{sources_digest(_SOURCES)} {key!r}".encode()).hexdigest()
