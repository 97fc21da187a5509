"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["check_folder", "naming", "write_atomically"]


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let errors of writing name the file: the system names a temporary one, or none.

    Raises
    ------
    OSError
        As it came, with the file's name: a disk that is full, for example.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def check_folder(folder: Path) -> None:
    """Refuse a folder that could not be made or written to, before work begins for it.

    Nothing is made: work that does not get as far leaves no empty folder.

    Raises
    ------
    OSError
        There is a file in its place or above it, or the system does not let one write there.
    """
    for place in (folder, *folder.absolute().parents):
        if not place.exists():
            continue
        if not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(place))
        # What the system says of rights is not all: /proc takes nothing from anybody.
        with naming(folder), tempfile.TemporaryFile(dir=place):
            return


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside its place, then rename it.

    An interruption leaves the old file, or none. What is no regular file (``/dev/stdout``, a named
    pipe) is written directly.

    Raises
    ------
    OSError
        The place cannot be written to.
    """
    if path.exists() and not path.is_file():
        with naming(path):
            path.write_bytes(data)
        return
    path = path.resolve()  # a symbolic link stays one
    # Two threads may keep the same run at once: each has a name of its own.
    writer = f"{os.getpid()}.{threading.get_ident()}"
    temporary = path.with_name(f".{path.name}.{writer}.tmp")
    try:
        with naming(path), temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with naming(path):
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
