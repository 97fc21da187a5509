"""CIFAR-10 and CIFAR-100 as their author offers them: archives, or the folders in them.

A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009;
https://www.cs.toronto.edu/~kriz/cifar.html describes both versions. In the python one each file is
a pickle of a dictionary: ``data`` (images, 3072) has the red, the green and the blue plane of
32 × 32 pixels, ``labels`` or ``fine_labels`` the classes. In the binary one each image is one byte
of label (CIFAR-100: two, the coarse one first) and the same 3072 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.approximation.data.data_set import PARTS, TEST, TRAIN, DataSet
from dvfs_kernel.approximation.data.offers import Offer
from dvfs_kernel.approximation.data.restricted_pickle import read_dictionary
from dvfs_kernel.errors import DataSetError
from dvfs_kernel.storage.archive_file import tar_members
from dvfs_kernel.storage.by_content import ByContent
from dvfs_kernel.storage.content import read_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["offer_of_archive", "offer_of_folder"]

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
# No file of either data set is larger than 180 MB.
_MOST_BYTES = 256 << 20


@dataclass(frozen=True, eq=False)
class _Version(ByContent):
    """One of the four forms.

    Parameters
    ----------
    files
        By part.
    names
        The file that names the classes, and under which key the python version has them there.
    labels
        The key of the labels, in the python version; the bytes before each image, in the binary.
    """

    title: str
    files: Mapping[str, tuple[str, ...]]
    names: tuple[str, str]
    labels: str | int

    def read(self, content: Mapping[str, bytes], part: str, where: Path) -> DataSet:
        """Read a part whose files are all there."""
        read = _pickled if isinstance(self.labels, str) else _binary
        batches = [
            read(content[file], f"{where}: {file}", self.labels) for file in self.files[part]
        ]
        planes = np.concatenate([planes for planes, _ in batches])
        images = planes.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
        labels = np.concatenate([labels for _, labels in batches])
        names = self._class_names(content, where)
        return DataSet(self.title, np.ascontiguousarray(images), labels, names, part)

    def _class_names(self, content: Mapping[str, bytes], where: Path) -> tuple[str, ...]:
        file, key = self.names
        if file not in content:
            return ()
        if isinstance(self.labels, int):
            return tuple(content[file].decode("utf-8", "replace").split())
        names = read_dictionary(content[file], f"{where}: {file}").get(key)
        if not isinstance(names, list):
            raise DataSetError(f"{where}: {file} has no {key}; it is no file of {self.title}")
        return tuple(
            name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
            for name in names
        )


_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
_VERSIONS = (
    _Version(
        "CIFAR-10",
        {TRAIN: _BATCHES, TEST: ("test_batch",)},
        ("batches.meta", "label_names"),
        "labels",
    ),
    _Version(
        "CIFAR-10",
        {TRAIN: tuple(f"{name}.bin" for name in _BATCHES), TEST: ("test_batch.bin",)},
        ("batches.meta.txt", ""),
        1,
    ),
    _Version(
        "CIFAR-100",
        {TRAIN: ("train",), TEST: ("test",)},
        ("meta", "fine_label_names"),
        "fine_labels",
    ),
    _Version(
        "CIFAR-100",
        {TRAIN: ("train.bin",), TEST: ("test.bin",)},
        ("fine_label_names.txt", ""),
        2,
    ),
)


def offer_of_archive(path: Path) -> Offer:
    """Return the parts of an archive; what is in it shows when one is read."""
    return Offer("CIFAR archive", {part: partial(_read, path, _members, part) for part in PARTS})


def offer_of_folder(folder: Path) -> Offer | None:
    """Return the parts of a folder as it is in the archives; None where it is none."""
    names = {path.name for path in folder.iterdir() if path.is_file()}
    for version in _VERSIONS:
        files = {file for files in version.files.values() for file in files}
        # "train" and "test" alone could be anything.
        signs = {version.names[0]} if version.title == "CIFAR-100" else files
        if names & signs and names & files:
            return Offer(
                "folder of the CIFAR archive",
                {part: partial(_read, folder, _files, part) for part in PARTS},
            )
    return None


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Return name and content of the files of an archive that may be wanted; extract nothing."""
    return tar_members(path, _wanted(), _MOST_BYTES, DataSetError)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name in sorted(_wanted()):
        path = folder / name
        if path.is_file():
            yield name, read_content(path, most_bytes=_MOST_BYTES, error=DataSetError)


def _wanted() -> set[str]:
    files = {file for v in _VERSIONS for files in v.files.values() for file in files}
    return files | {version.names[0] for version in _VERSIONS}


def _read(where: Path, files: Callable[[Path], Iterator[tuple[str, bytes]]], part: str) -> DataSet:
    content: dict[str, bytes] = {}
    for name, data in files(where):
        content[name] = data
        for version in _VERSIONS:
            # Archives are read from the beginning; what lies behind the last file need not be.
            if {*version.files[part], version.names[0]} <= set(content):
                return version.read(content, part, where)
    for version in _VERSIONS:
        missing = [name for name in version.files[part] if name not in content]
        if not missing:
            return version.read(content, part, where)
        if len(missing) < len(version.files[part]):
            raise DataSetError(f"{where} lacks {', '.join(missing)} of {version.title}")
    raise DataSetError(
        f"{where} holds no {part} part of CIFAR-10 or CIFAR-100: get cifar-10-python.tar.gz or "
        "cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html"
    )


def _pickled(
    content: bytes, what: str, key: str | int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    batch = read_dictionary(content, what)
    data, labels = batch.get("data"), batch.get(str(key))
    if (
        not isinstance(data, np.ndarray)
        or data.dtype != np.uint8
        or data.ndim != 2
        or data.shape[1] != _PIXELS
    ):
        raise DataSetError(f"{what} has no data of (images, {_PIXELS}) uint8; it is no CIFAR file")
    if (
        not isinstance(labels, list)
        or len(labels) != len(data)
        or not all(isinstance(label, int) for label in labels)
    ):
        raise DataSetError(f"{what} has no {key}, one whole number for each of {len(data)} images")
    return data, np.array(labels, np.int64)


def _binary(
    content: bytes, what: str, label_bytes: str | int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    before = int(label_bytes)
    length = before + _PIXELS
    if not content or len(content) % length:
        raise DataSetError(
            f"{what} has {len(content):,} bytes, which is no multiple of {length:,}: "
            "it is damaged or cut short"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, length)
    return records[:, before:], records[:, before - 1].astype(np.int64)
