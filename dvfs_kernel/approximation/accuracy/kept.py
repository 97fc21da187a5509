"""Judgements on disk, found again by what they are judgements of."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import CacheError
from dvfs_kernel.storage.by_content import content_digest
from dvfs_kernel.storage.content import parsing
from dvfs_kernel.storage.kept_files import KeptFiles
from dvfs_kernel.storage.sources import sources_digest

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from dvfs_kernel.networks.network import Network

__all__ = ["KeptJudgements", "network_digest"]

# What judges.
_MODULES = ("dvfs_kernel.approximation.accuracy.judgement",)


def network_digest(network: Network) -> str:
    """Return the SHA-256 of what a network computes, in hexadecimal digits: names do not count."""
    what = (network.tensors, network.layers, network.input, network.outputs)
    return content_digest(what, without={"name"})


class KeptJudgements:
    """A folder of judgements.

    The name of a file is a digest of network, images, labels, and of the sources and libraries that
    judge, so a judgement is never stale.

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
        self._files = KeptFiles(folder, "accuracy")

    def key(self, digest: str, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> str:
        """Return the name of the judgement of some images by the network of a digest."""
        key = hashlib.sha256(f"{sources_digest(*_MODULES)} {digest} {images.shape}".encode())
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
        data = self._files.read(key)
        if data is None:
            return None
        with parsing(self._files.damaged(key), CacheError):
            return np.frombuffer(data, "<i4").reshape(2, count).astype(np.int32)

    def save(self, key: str, judgement: npt.NDArray[np.int32]) -> None:
        """Keep a judgement; it appears whole or not at all.

        Raises
        ------
        CacheError
            The file cannot be written.
        """
        self._files.write(key, judgement.astype("<i4").tobytes())
