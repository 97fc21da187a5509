"""Judgements on disk, found again by what they are judgements of."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import CacheError
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.content import read_content
from dvfs_kernel.storage.sources import sources_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from dvfs_kernel.networks.network import Network

__all__ = ["KeptJudgements", "network_digest"]

_MOST_BYTES = 1 << 30
_ADVICE = "give another folder with --cache, or none with --no-cache"
# What decides over a judgement beside network and images.
_SOURCES = (
    "approximation/accuracy/batch_layers.py",
    "approximation/accuracy/batch_loops.py",
    "approximation/accuracy/evaluator.py",
    "approximation/accuracy/judgement.py",
    "networks/input_tensor.py",
    "networks/layers/*.py",
    "networks/quantisation.py",
    "networks/reference/*.py",
)


def network_digest(network: Network) -> str:
    """Return the SHA-256 of what a network computes, in hexadecimal digits: names do not count."""
    digest = hashlib.sha256()
    for piece in _content((network.tensors, network.layers, network.input, network.outputs)):
        digest.update(piece)
    return digest.hexdigest()


class KeptJudgements:
    """A folder of judgements.

    The name of a file is a digest of network, images, labels and the sources of the evaluator, so a
    judgement is never stale.

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

    def key(self, digest: str, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> str:
        """Return the name of the judgement of some images by the network of a digest."""
        key = hashlib.sha256(f"{sources_digest(_SOURCES)} {digest} {images.shape}".encode())
        key.update(np.ascontiguousarray(images).data)
        key.update(np.ascontiguousarray(labels, "<i8").data)
        return key.hexdigest()

    def load(self, key: str, count: int) -> npt.NDArray[np.int32] | None:
        """Return a judgement of so many images, (2, images), or None where there is none yet.

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
                f"the kept accuracy {path} cannot be read: {error.strerror or error}; {_ADVICE}"
            ) from error
        data = content[len(key) :]
        whole = hashlib.sha256(data[32:]).digest() == data[:32] and len(data) == 32 + 8 * count
        if content[: len(key)] != key.encode() or not whole:
            raise CacheError(f"the kept accuracy {path} is damaged; delete it")
        return np.frombuffer(data, "<i4", offset=32).reshape(2, count).astype(np.int32)

    def save(self, key: str, judgement: npt.NDArray[np.int32]) -> None:
        """Keep a judgement; it appears whole or not at all.

        Raises
        ------
        CacheError
            The file cannot be written.
        """
        path = self._path(key)
        data = judgement.astype("<i4").tobytes()
        try:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, key.encode() + hashlib.sha256(data).digest() + data)
        except OSError as error:
            raise CacheError(
                f"the accuracy cannot be kept in {path}: {error.strerror or error}; {_ADVICE}"
            ) from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.accuracy"


def _content(value: Any) -> Iterator[bytes]:
    """Yield what is equal for equal values and for no others, names left out."""
    if is_dataclass(value):
        yield type(value).__name__.encode()
        for field in fields(value):
            if field.name != "name":
                yield from _content(getattr(value, field.name))
    elif isinstance(value, tuple):
        yield f"({len(value)}".encode()
        for entry in value:
            yield from _content(entry)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype.str}{value.shape}".encode()
        yield value.tobytes()
    else:
        yield f"{value!r};".encode()
