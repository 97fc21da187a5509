"""NumPy's ``.npy`` files and ``.npz`` archives, without pickles and without more than they hold."""

from __future__ import annotations

import io
import zipfile
from contextlib import ExitStack, contextmanager
from math import prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dvfs_kernel.errors import DvfsError, FileFormatError
from dvfs_kernel.storage.content import parsing, read_content

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["ArrayArchive", "opened_arrays", "parse_array", "parse_arrays", "read_array"]

# Data sets are the largest: fifty thousand images of 32 x 32 pixels as floats have 0.6 GB.
_MOST_UNPACKED_BYTES: Final = 4 << 30
_MOST_MEMBERS: Final = 4096
_ARCHIVE: Final = b"PK\x03\x04"
_HEADERS: Final = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_array(
    path: str | os.PathLike[str], error: type[DvfsError] = FileFormatError
) -> npt.NDArray[Any]:
    """Return the array of an ``.npy`` file.

    Raises
    ------
    DvfsError
        Of the kind `error`: as of `read_content` and `parse_array`.
    """
    content = read_content(path, error=error)
    return parse_array(content, f"{path}: not a NumPy array file", error)


def parse_array(
    data: bytes, complaint: str, error: type[DvfsError] = FileFormatError
) -> npt.NDArray[Any]:
    """Return the array of the bytes of an ``.npy`` file.

    Parameters
    ----------
    complaint
        As of `parsing`.

    Raises
    ------
    DvfsError
        Of the kind `error`: it is no such file, holds objects, or tells of another size.
    """
    with parsing(complaint, error):
        if data.startswith(_ARCHIVE):
            raise ValueError("it holds several arrays; one array is allowed")
        file = io.BytesIO(data)
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"it has version {version}; 1.0 and 2.0 are read")
        shape, by_columns, dtype = _HEADERS[version](file)
        if dtype.hasobject:
            raise ValueError("it holds Python objects; numbers are read")
        held = len(data) - file.tell()
        if any(size < 0 for size in shape) or dtype.itemsize * prod(shape) != held:
            raise ValueError(f"it holds {held:,} bytes, but tells of {dtype} of shape {shape}")
        # A copy, as whoever reads an array may write to it.
        flat = np.frombuffer(data, dtype, offset=file.tell()) if held else np.zeros(0, dtype)
        return flat.copy().reshape(shape, order="F" if by_columns else "C")


class ArrayArchive:
    """An open ``.npz`` archive; arrays are read when they are asked for.

    Parameters
    ----------
    archive
        The open archive.
    complaint, error
        As of `parsing`.
    """

    def __init__(self, archive: zipfile.ZipFile, complaint: str, error: type[DvfsError]) -> None:
        self._archive = archive
        self._complaint = complaint
        self._error = error
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        if len(members) > _MOST_MEMBERS or unpacked > _MOST_UNPACKED_BYTES:
            raise error(
                f"{complaint}: it holds {len(members):,} arrays of {unpacked:,} bytes; at most "
                f"{_MOST_MEMBERS:,} of {_MOST_UNPACKED_BYTES:,} are read"
            )
        self._members = {member.filename.removesuffix(".npy"): member for member in members}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the arrays."""
        return tuple(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name not in self._members:
            has = ", ".join(sorted(self._members)) or "nothing"
            raise self._error(f"{self._complaint}: it has no array {name!r}, but {has}")
        member = self._members[name]
        complaint = f"{self._complaint}: {name}"
        with parsing(complaint, self._error):
            with self._archive.open(member) as file:
                data = file.read(member.file_size + 1)
            if len(data) != member.file_size:
                raise ValueError(f"it has {len(data):,} bytes of {member.file_size:,}")
        return parse_array(data, complaint, self._error)


@contextmanager
def opened_arrays(
    source: Path | bytes, complaint: str, error: type[DvfsError] = FileFormatError
) -> Iterator[ArrayArchive]:
    """Open an ``.npz`` archive, a file or its bytes.

    Parameters
    ----------
    complaint
        As of `parsing`.

    Raises
    ------
    DvfsError
        Of the kind `error`: it is no archive, damaged, or too large.
    """
    with ExitStack() as stack:
        with parsing(complaint, error):
            archive = stack.enter_context(
                zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
            )
        yield ArrayArchive(archive, complaint, error)


def parse_arrays(
    data: bytes, complaint: str, error: type[DvfsError] = FileFormatError
) -> dict[str, npt.NDArray[Any]]:
    """Return all arrays of the bytes of an ``.npz`` archive.

    Raises
    ------
    DvfsError
        Of the kind `error`: as of `opened_arrays`.
    """
    with opened_arrays(data, complaint, error) as arrays:
        return {name: arrays[name] for name in arrays.names}
