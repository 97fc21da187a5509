"""Labelled images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import DataSetError
from dvfs_kernel.networks.draws import Draws

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["ALL", "PARTS", "TEST", "TRAIN", "DataSet"]

#: What something may be chosen on: weights, scales, thresholds.
TRAIN = "train"
#: What nothing was chosen on.
TEST = "test"
#: All there is, where nobody has divided it.
ALL = "all"
PARTS = (TRAIN, TEST)

_MOST_CLASSES = 1 << 16


@dataclass(frozen=True, eq=False, repr=False)
class DataSet:
    """Images, and to which class each of them belongs.

    Parameters
    ----------
    name
        For people.
    images
        uint8, (images, height, width, channels), 0 to 255.
    labels
        Whole numbers from 0, one an image.
    class_names
        By number; empty where the source names none.
    part
        ``"train"``, ``"test"``, or ``"all"`` where the source makes no difference.

    Raises
    ------
    DataSetError
        Images and labels do not go together, or there are none.
    """

    name: str
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...] = ()
    part: str = ALL

    def __post_init__(self) -> None:
        images, labels = self.images, np.asarray(self.labels)
        if images.dtype != np.uint8 or images.ndim != 4 or min(images.shape[1:]) < 1:
            raise self._error(
                f"has images of {images.dtype} and shape {images.shape}; "
                "they are uint8, (images, height, width, channels)"
            )
        if labels.dtype.kind not in "iu" or labels.ndim != 1:
            raise self._error(
                f"has labels of {labels.dtype} and shape {labels.shape}; "
                "they are whole numbers, one an image"
            )
        if len(images) != len(labels):
            raise self._error(f"has {len(images):,} images and {len(labels):,} labels")
        if not len(images):
            raise self._error("has no images; at least one is needed")
        self._take_labels(labels.astype(np.int64))

    def _take_labels(self, labels: npt.NDArray[np.int64]) -> None:
        count = len(self.class_names) or _MOST_CLASSES
        outside = np.flatnonzero((labels < 0) | (labels >= count))
        if len(outside):
            raise self._error(
                f"has label {labels[outside[0]]} at image {outside[0]}; 0 to {count - 1} is allowed"
            )
        images = self.images.view()
        images.flags.writeable = labels.flags.writeable = False
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels)

    def __repr__(self) -> str:
        height, width, channels = self.shape
        return (
            f"<DataSet {self.name}, {self.part}: {len(self):,} images of {height} × {width} × "
            f"{channels}, {self.classes} classes>"
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        height, width, channels = self.images.shape[1:]
        return height, width, channels

    @property
    def classes(self) -> int:
        """How many classes there are; without names, up to the largest label."""
        return len(self.class_names) or int(self.labels.max()) + 1

    @property
    def counts(self) -> tuple[int, ...]:
        """Images of each class."""
        return tuple(np.bincount(self.labels, minlength=self.classes).tolist())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of images, labels and names of classes, in hexadecimal digits."""
        digest = hashlib.sha256(repr((self.images.shape, self.class_names)).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(self.labels.astype("<i8").data)
        return digest.hexdigest()

    def subset(self, count: int, seed: int = 0) -> DataSet:
        """Return so many images, drawn at random, in their order.

        Every image is as likely as every other, so that what holds for a sample of the whole holds
        for this one.

        Raises
        ------
        DataSetError
            There are fewer.
        """
        if not 1 <= count <= len(self):
            raise self._error(f"has {len(self):,} images; {count:,} cannot be drawn from them")
        return self._taken(np.sort(self._order(seed)[:count]))

    def split(self, count: int, seed: int = 0) -> tuple[DataSet, DataSet]:
        """Return so many images, drawn at random, and the rest: no image is in both.

        Raises
        ------
        DataSetError
            One of both would be empty.
        """
        if not 1 <= count < len(self):
            raise self._error(
                f"has {len(self):,} images; 1 to {len(self) - 1:,} can be split off, not {count:,}"
            )
        order = self._order(seed)
        return self._taken(np.sort(order[:count])), self._taken(np.sort(order[count:]))

    def as_part(self, part: str) -> DataSet:
        """Return the same images as another part: what was split off takes a name."""
        return replace(self, part=part)

    def _order(self, seed: int) -> npt.NDArray[np.int64]:
        return Draws(seed).shuffled(len(self))

    def _taken(self, indices: npt.NDArray[np.int64]) -> DataSet:
        return replace(self, images=self.images[indices], labels=self.labels[indices])

    def _error(self, what: str) -> DataSetError:
        return DataSetError(f"data set {self.name!r} {what}")
