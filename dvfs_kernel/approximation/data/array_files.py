"""Labelled images in ``.npz`` files of NumPy."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.approximation.data.data_set import ALL, PARTS, DataSet
from dvfs_kernel.approximation.data.offers import Offer
from dvfs_kernel.errors import DataSetError
from dvfs_kernel.storage.array_file import opened_arrays

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from dvfs_kernel.storage.array_file import ArrayArchive

__all__ = ["offer", "offer_of_folder"]

_KEYS = {part: (f"x_{part}", f"y_{part}") for part in PARTS} | {ALL: ("x", "y")}
_WANTED = (
    "x and y, or x_train, y_train, x_test and y_test: images (images, height, width, channels), "
    "uint8 or floats from 0 to 1, and labels, whole numbers from 0; class_names is optional"
)


def offer(path: Path, name: str | None = None) -> Offer:
    """Return the parts that a file holds.

    Parameters
    ----------
    path
        A file with ``x`` and ``y``, or with ``x_train``, ``y_train``, ``x_test`` and ``y_test``. Of
        the first kind, one that has "train" or "test" in its name is that part.

    Raises
    ------
    DataSetError
        The file is damaged, or has other arrays.
    """
    with opened_arrays(path, _complaint(path), DataSetError) as arrays:
        found = set(arrays.names)
    parts = {part: keys for part, keys in _KEYS.items() if set(keys) <= found}
    if not parts:
        names = ", ".join(sorted(found)) or "nothing"
        raise DataSetError(f"{path} holds {names}; it needs {_WANTED}")
    if set(parts) == {ALL}:
        parts = {_part_in(path.stem): parts[ALL]}
    title = name or path.stem
    return Offer(
        ".npz file",
        {part: partial(_read, path, title, part, keys) for part, keys in parts.items()},
    )


def offer_of_folder(folder: Path) -> Offer | None:
    """Return the parts of a folder with one ``.npz`` file for each, or with one file; else None.

    Raises
    ------
    DataSetError
        There are ``.npz`` files, but not one for each part.
    """
    files = sorted(folder.glob("*.npz"))
    if not files:
        return None
    if len(files) == 1:
        return offer(files[0])
    by_part: dict[str, list[Path]] = {}
    for file in files:
        by_part.setdefault(_part_in(file.stem), []).append(file)
    if any(len(by_part.get(part, ())) != 1 for part in PARTS):
        raise DataSetError(
            f"{folder} holds {', '.join(file.name for file in files)}; one .npz file with 'train' "
            "in its name and one with 'test' are needed, or give one file"
        )
    parts: dict[str, Callable[[], DataSet]] = {}
    for part in PARTS:
        held = offer(by_part[part][0], folder.resolve().name).parts
        # A file of both parts under the name of one would leave open which is meant.
        if set(held) != {part}:
            raise DataSetError(f"{by_part[part][0]} needs x and y, as it is the {part} part alone")
        parts |= held
    return Offer("folder of .npz files", parts)


def _part_in(stem: str) -> str:
    named = [part for part in PARTS if part in stem.lower()]
    return named[0] if len(named) == 1 else ALL


def _read(path: Path, name: str, part: str, keys: tuple[str, str]) -> DataSet:
    with opened_arrays(path, _complaint(path), DataSetError) as arrays:
        images, labels = (arrays[key] for key in keys)
        names = _class_names(arrays)
    return DataSet(name, _pixels(images, path, keys[0]), _numbers(labels, path), names, part)


def _class_names(arrays: ArrayArchive) -> tuple[str, ...]:
    return tuple(map(str, arrays["class_names"].ravel())) if "class_names" in arrays else ()


def _pixels(images: npt.NDArray[Any], path: Path, key: str) -> npt.NDArray[np.uint8]:
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.dtype == np.uint8:
        return images
    kind, limit = ("f", 1) if images.dtype.kind == "f" else ("iu", 255)
    if images.dtype.kind not in kind or not images.size:
        raise DataSetError(
            f"{path}: {key} holds {images.dtype} values of shape {images.shape}; "
            "images are uint8, or floats from 0 to 1"
        )
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= limit):  # a NaN is refused too
        raise DataSetError(
            f"{path}: {key} holds {images.dtype} values from {low} to {high}; "
            f"allowed are 0 to {limit}"
        )
    return np.round(images * (255 / limit)).astype(np.uint8)


def _numbers(labels: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    if labels.dtype.kind == "f" and np.array_equal(labels, np.floor(labels)):
        labels = labels.astype(np.int64)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataSetError(
            f"{path}: labels are {labels.dtype} of shape {labels.shape}; "
            "they are whole numbers, one an image"
        )
    return labels


def _complaint(path: Path) -> str:
    return f"{path}: not an .npz file that can be read"
