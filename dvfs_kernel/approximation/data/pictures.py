"""Labelled images as a folder with one folder of pictures for each class."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.approximation.data.data_set import ALL, PARTS, DataSet
from dvfs_kernel.approximation.data.offers import ImageShape, Offer
from dvfs_kernel.errors import DataSetError, FileFormatError
from dvfs_kernel.networks.input_tensor import read_picture
from dvfs_kernel.storage.picture_file import SUFFIXES

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["offer_of_folder"]


def offer_of_folder(folder: Path, shape: ImageShape) -> Offer | None:
    """Return the parts of a folder; None where it has no folders with pictures.

    Parameters
    ----------
    folder
        With a folder for each class, or with such folders under ``train`` and ``test``. Classes are
        numbered in the order of their names; those whose names are whole numbers in that of these.
    shape
        What pictures are resized to, grey for one channel and RGB for three; None: all have to be
        of one size.

    Raises
    ------
    DataSetError
        Classes differ between the parts, or one has no pictures.
    """
    divided = {part: folder / part for part in PARTS if (folder / part).is_dir()}
    places = {part: place for part, place in divided.items() if _folders(place)} or {ALL: folder}
    classes = {part: [path.name for path in _folders(place)] for part, place in places.items()}
    first, *others = classes.values()
    if not any(_pictures(path) for place in places.values() for path in _folders(place)):
        return None
    for other in others:
        if other != first:
            differing = ", ".join(sorted(set(first) ^ set(other)))
            raise DataSetError(f"{folder}: training and test part differ in classes: {differing}")
    return Offer(
        "folder of pictures",
        {
            part: partial(_read, place, folder.resolve().name, part, shape)
            for part, place in places.items()
        },
    )


def _folders(place: Path) -> list[Path]:
    folders = [path for path in place.iterdir() if path.is_dir() and path.name[0] not in "._"]
    if all(path.name.isdecimal() for path in folders):
        return sorted(folders, key=lambda path: (int(path.name), path.name))
    return sorted(folders, key=lambda path: path.name)


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _read(place: Path, name: str, part: str, shape: ImageShape) -> DataSet:
    images: list[npt.NDArray[np.uint8]] = []
    labels: list[int] = []
    folders = _folders(place)
    for label, folder in enumerate(folders):
        files = _pictures(folder)
        if not files:
            raise DataSetError(
                f"class {folder.name!r} has no pictures in {folder}; allowed are files that end "
                f"with {', '.join(sorted(SUFFIXES))}"
            )
        for file in files:
            try:
                picture = read_picture(file, shape)
            except FileFormatError as error:
                raise DataSetError(str(error)) from error
            if images and picture.shape != images[0].shape:
                raise DataSetError(
                    f"{file} is {picture.shape[1]} × {picture.shape[0]} pixels with "
                    f"{picture.shape[2]} channels, others are {images[0].shape[1]} × "
                    f"{images[0].shape[0]} with {images[0].shape[2]}: "
                    "without a network to resize them for, pictures have to be alike"
                )
            images.append(picture)
            labels.append(label)
    names = tuple(folder.name for folder in folders)
    return DataSet(name, np.stack(images), np.array(labels, np.int64), names, part)
