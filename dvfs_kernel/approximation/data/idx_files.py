"""Labelled images in idx files, as MNIST and Fashion-MNIST have them.

An idx file is a magic number (two zero bytes, 8 for unsigned bytes, the number of dimensions), each
dimension as a big-endian 32-bit number, and the values: http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.approximation.data.data_set import TEST, TRAIN, DataSet
from dvfs_kernel.approximation.data.offers import Offer
from dvfs_kernel.errors import DataSetError
from dvfs_kernel.storage.archive_file import unzipped
from dvfs_kernel.storage.content import read_content

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["FASHION_MNIST_CLASSES", "offer_of_folder"]

FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_PREFIXES = {TRAIN: "train", TEST: "t10k"}
_UNSIGNED_BYTES = 8
_MOST_BYTES = 1 << 30  # the training images of MNIST have 47 MB


def offer_of_folder(folder: Path) -> Offer | None:
    """Return the parts of a folder with idx files, compressed or not; None where it has none.

    The classes of a folder with "fashion" in its name or in that of the folder around it are those
    of Fashion-MNIST.

    Raises
    ------
    DataSetError
        There are images without labels, or labels without images.
    """
    parts = {}
    for part, prefix in _PREFIXES.items():
        images, labels = (_file(folder, f"{prefix}-{what}") for what in ("images", "labels"))
        if images is not None and labels is not None:
            parts[part] = partial(_read, folder, part, images, labels)
        elif images is not None or labels is not None:
            what = "images-idx3-ubyte" if images is None else "labels-idx1-ubyte"
            raise DataSetError(
                f"{folder} lacks {prefix}-{what} or {prefix}-{what}.gz: "
                "images and labels are both needed"
            )
    return Offer("folder of idx files", parts) if parts else None


def _file(folder: Path, stem: str) -> Path | None:
    rank = 3 if stem.endswith("images") else 1
    for joint in ("-", "."):
        for suffix in ("", ".gz"):
            path = folder / f"{stem}{joint}idx{rank}-ubyte{suffix}"
            if path.is_file():
                return path
    return None


def _read(folder: Path, part: str, images: Path, labels: Path) -> DataSet:
    resolved = folder.resolve()
    is_fashion = any("fashion" in name.lower() for name in (resolved.name, resolved.parent.name))
    names = FASHION_MNIST_CLASSES if is_fashion else ()
    pixels = _values(images, 3)[..., np.newaxis]
    return DataSet(resolved.name, pixels, _values(labels, 1).astype(np.int64), names, part)


def _values(path: Path, rank: int) -> npt.NDArray[np.uint8]:
    data = read_content(path, most_bytes=_MOST_BYTES, error=DataSetError)
    if path.suffix == ".gz":
        data = unzipped(data, f"{path} is damaged", _MOST_BYTES, DataSetError)
    magic = bytes((0, 0, _UNSIGNED_BYTES, rank))
    start = 4 + 4 * rank
    if data[:4] != magic or len(data) < start:
        raise DataSetError(
            f"{path} begins with {data[:4].hex(' ') or 'nothing'}; an idx file of unsigned bytes "
            f"with {rank} dimension{'s' if rank > 1 else ''} begins with {magic.hex(' ')}"
        )
    shape = [int(size) for size in np.frombuffer(data, ">u4", rank, 4)]
    if prod(shape) != len(data) - start:
        raise DataSetError(
            f"{path} holds {len(data) - start:,} values, but tells of "
            f"{' × '.join(map(str, shape))}: it is damaged or cut short"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
