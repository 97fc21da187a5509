"""Data sets by their path: which form it is, and the part that is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dvfs_kernel.approximation.data import array_files, cifar, idx_files, pictures
from dvfs_kernel.approximation.data.data_set import ALL, PARTS, TEST, TRAIN, DataSet
from dvfs_kernel.approximation.data.homes import FORMS, home_of
from dvfs_kernel.errors import DataSetError

if TYPE_CHECKING:
    from dvfs_kernel.approximation.data.offers import ImageShape, Offer

__all__ = ["SAMPLE", "SAMPLE_FILE", "load_data", "load_parts"]

#: The first 200 training and the first 200 test images of each class of Fashion-MNIST, which come
#: with the package: MIT licence, copyright 2017 Zalando SE,
#: https://github.com/zalandoresearch/fashion-mnist. H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST:
#: a Novel Image Dataset for Benchmarking Machine Learning Algorithms, arXiv 1708.07747.
SAMPLE: Final = "fashion-mnist-sample"
#: Where they are; the licence is in the file, too.
SAMPLE_FILE: Final = Path(__file__).with_name("fashion_mnist_sample.npz")
_ARCHIVES: Final = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz")
_IDX_ENDS: Final = ("-ubyte", "-ubyte.gz")


def load_data(
    data: DataSet | str | os.PathLike[str], part: str = TEST, *, shape: ImageShape = None
) -> DataSet:
    """Load a part of a data set.

    Parameters
    ----------
    data
        The CIFAR-10 or CIFAR-100 archive in its python or binary version, or the folder in it; a
        folder of idx files, as MNIST and Fashion-MNIST have them; a folder with one folder of
        pictures a class, or with such folders under ``train`` and ``test``; an ``.npz`` file or a
        folder of two; ``"fashion-mnist-sample"``, which is built in. A data set is returned as it
        is.
    part
        ``"test"`` or ``"train"``. What nobody has divided is all test data: whoever wants to choose
        something on it divides it, see `load_parts`.
    shape
        Height, width and channels that pictures are resized to; data of other forms has to have
        that shape. None: any.

    Raises
    ------
    DataSetError
        There is nothing, nothing that is known, something damaged, or another part or shape.
    """
    if part not in PARTS:
        raise DataSetError(f"a data set has no part {part!r}; allowed: {', '.join(PARTS)}")
    if isinstance(data, DataSet):
        return _shaped(data, shape)
    name = os.fspath(data)
    offer = _offer(name, shape)
    if part not in offer.parts and not (part == TEST and ALL in offer.parts):
        has = (
            "its images are not divided into training and test part"
            if ALL in offer.parts
            else f"it holds the {' and the '.join(offer.parts)} part alone"
        )
        raise DataSetError(f"{name} ({offer.form}) has no {part} part: {has}")
    return _shaped(offer.parts[part if part in offer.parts else ALL](), shape)


def load_parts(
    data: str | os.PathLike[str], *, shape: ImageShape = None, seed: int = 0
) -> tuple[DataSet, DataSet]:
    """Load the training and the test part of a data set, which share no image.

    Parameters
    ----------
    data, shape
        As of `load_data`. What nobody has divided is divided into halves, at random.
    seed
        Of that division.

    Raises
    ------
    DataSetError
        As of `load_data`.
    """
    name = os.fspath(data)
    offer = _offer(name, shape)
    if ALL in offer.parts and TRAIN not in offer.parts:
        whole = _shaped(offer.parts[ALL](), shape)
        first, second = whole.split(len(whole) // 2, seed)
        return first.as_part(TRAIN), second.as_part(TEST)
    return load_data(name, TRAIN, shape=shape), load_data(name, TEST, shape=shape)


def _offer(name: str, shape: ImageShape) -> Offer:
    if name == SAMPLE:
        return array_files.offer(SAMPLE_FILE, SAMPLE)
    path = Path(name)
    if not path.exists():
        raise DataSetError(f"{name}: there is no such file or folder; {home_of(name)}")
    if path.is_dir():
        return _offer_of_folder(path, shape)
    lower = path.name.lower()
    if lower.endswith(".npz"):
        return array_files.offer(path)
    if lower.endswith(_ARCHIVES):
        return cifar.offer_of_archive(path)
    if lower.endswith(_IDX_ENDS):
        raise DataSetError(f"{name} is one of four files; give the folder that they are in")
    raise DataSetError(f"{name} is no data set that is known; allowed: {FORMS}")


def _offer_of_folder(folder: Path, shape: ImageShape) -> Offer:
    # Archives hold a folder: who unpacks one may mean the folder around it.
    inner = [path for path in folder.glob("cifar-*") if path.is_dir()]
    archives = [path for path in folder.glob("cifar-*") if path.name.endswith(_ARCHIVES)]
    try:
        found = (
            idx_files.offer_of_folder(folder)
            or cifar.offer_of_folder(folder)
            or array_files.offer_of_folder(folder)
            or (cifar.offer_of_folder(inner[0]) if len(inner) == 1 else None)
            or (cifar.offer_of_archive(archives[0]) if len(archives) == 1 else None)
            or pictures.offer_of_folder(folder, shape)
        )
    except OSError as error:
        raise DataSetError(f"{folder} cannot be read: {error.strerror or error}") from error
    if found is None:
        raise DataSetError(f"{folder} holds no data set that is known; allowed: {FORMS}")
    return found


def _shaped(data: DataSet, shape: ImageShape) -> DataSet:
    if shape is not None and data.shape != shape:
        raise DataSetError(
            f"the images of {data.name} are {_text(data.shape)}; "
            f"the network takes {_text(shape)} (height × width × channels)"
        )
    return data


def _text(shape: tuple[int, int, int]) -> str:
    return " × ".join(map(str, shape))
