"""Compressed files and archives, without more than a limit of what they unpack to."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Final

from dvfs_kernel.errors import DvfsError, FileFormatError
from dvfs_kernel.storage.content import parsing

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

__all__ = ["inflated", "tar_members", "unzipped"]

# How an archive is packed, by what it begins with.
_PACKED: Final = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
# The archives of CIFAR have 10 files and unpack to 180 MB.
_MOST_MEMBERS: Final = 10_000
_MOST_UNPACKED_BYTES: Final = 1 << 30


def unzipped(
    data: bytes, complaint: str, most_bytes: int, error: type[DvfsError] = FileFormatError
) -> bytes:
    """Return what the bytes of a gzip file unpack to.

    Parameters
    ----------
    complaint
        As of `parsing`.

    Raises
    ------
    DvfsError
        Of the kind `error`: it is damaged, or unpacks to more than `most_bytes`.
    """
    with parsing(complaint, error), gzip.open(io.BytesIO(data)) as file:
        content: bytes = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise ValueError(f"it unpacks to more than {most_bytes:,} bytes, which are allowed")
    return content


def inflated(data: bytes, size: int) -> bytes:
    """Return what deflated bytes unpack to.

    Raises
    ------
    ValueError
        They are damaged, or unpack to another size; to be told by `parsing`.
    """
    if size > _MOST_UNPACKED_BYTES:
        raise ValueError(f"it tells of {size:,} bytes; at most {_MOST_UNPACKED_BYTES:,} are read")
    try:
        content = zlib.decompressobj().decompress(data, size + 1)
    except zlib.error as reason:
        raise ValueError(str(reason)) from reason
    if len(content) != size:
        raise ValueError(f"an array of {size} bytes has {len(content)}")
    return content


def tar_members(
    path: Path,
    wanted: Container[str],
    most_bytes: int,
    error: type[DvfsError] = FileFormatError,
) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of files of an archive, packed or not; extract nothing.

    Parameters
    ----------
    wanted
        Names, without folders.
    most_bytes
        What one of them may have.

    Raises
    ------
    DvfsError
        Of the kind `error`: the archive is damaged, or a file of it too large.
    """
    complaint = f"{path} is damaged, or no archive"
    with ExitStack() as stack:
        with parsing(complaint, error):
            unpacked = _Limited(_opened(path, stack))
            archive = stack.enter_context(tarfile.open(fileobj=unpacked, mode="r:"))
        for _ in range(_MOST_MEMBERS):
            with parsing(complaint, error):
                member = archive.next()
                if member is None:
                    return
                name = member.name.rpartition("/")[2]
                if not member.isfile() or name not in wanted:
                    continue
                if member.size > most_bytes:
                    raise ValueError(f"{name} has {member.size:,} bytes; at most {most_bytes:,}")
                file = archive.extractfile(member)
                content = b"" if file is None else file.read()
                if len(content) != member.size:
                    raise ValueError(f"{name} is cut short")
            yield name, content
        raise error(f"{path} holds more than {_MOST_MEMBERS:,} files, which is the most")


def _opened(path: Path, stack: ExitStack) -> IO[bytes]:
    file = stack.enter_context(path.open("rb"))
    head = file.read(8)
    file.seek(0)
    for begin, unpacking in _PACKED:
        if head.startswith(begin):
            return stack.enter_context(unpacking(file))  # type: ignore[arg-type]  # a file that is open
    return file


class _Limited(io.RawIOBase):
    """A file that refuses to be read any further than an archive may reach."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        self._check(self._file.tell() + max(size, 0))
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check(offset)
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    @staticmethod
    def _check(end: int) -> None:
        if end > _MOST_UNPACKED_BYTES:
            raise ValueError(f"it unpacks to more than {_MOST_UNPACKED_BYTES:,} bytes")
