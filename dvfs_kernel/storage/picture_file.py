"""Pictures, as far as their size goes with the bytes that they have."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np

from dvfs_kernel.errors import DvfsError, FileFormatError
from dvfs_kernel.storage.content import parsing, read_content

if TYPE_CHECKING:
    import os

    import numpy.typing as npt

__all__ = ["SUFFIXES", "read_pixels"]

# Pillow's names of the formats that are read, and the endings of their files. Its other readers are
# for what no camera and no data set writes; every one of them is code for somebody's damaged file.
_FORMATS: Final = {
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG": (".jpeg", ".jpg"),
    "PNG": (".png",),
    "PPM": (".pgm", ".ppm"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
#: Endings of the names of pictures.
SUFFIXES: Final = frozenset(suffix for suffixes in _FORMATS.values() for suffix in suffixes)

_GREY: Final = {"1", "L", "I", "I;16", "F"}  # Pillow's modes of one channel
_MODES: Final = {1: "L", 3: "RGB"}
# A camera's pictures have up to 50 million pixels. A small file may tell of as many and have the
# memory filled with them: DEFLATE packs no more than 1,032 bytes into one.
_MOST_PIXELS: Final = 50_000_000
_PIXELS_OF_ANY: Final = 1 << 20
_PIXELS_A_BYTE: Final = 1032


def read_pixels(
    path: str | os.PathLike[str],
    shape: tuple[int, int, int] | None = None,
    *,
    error: type[DvfsError] = FileFormatError,
) -> npt.NDArray[np.uint8]:
    """Return a picture's pixels.

    Parameters
    ----------
    path
        The file: BMP, GIF, JPEG, PNG, PPM, TIFF or WebP.
    shape
        Height, width and channels (1 or 3) that it is brought to; None: as it is, with three
        channels unless it is grey.

    Returns
    -------
    ndarray, shape (height, width, channels)

    Raises
    ------
    DvfsError
        Of the kind `error`: it is no picture, damaged, or has more pixels than are read.
    """
    from PIL import Image  # noqa: PLC0415  most runs need no picture

    content = read_content(path, error=error)
    most = min(_MOST_PIXELS, _PIXELS_OF_ANY + _PIXELS_A_BYTE * len(content))
    with (
        parsing(f"{path}: not a picture that can be read", error),
        Image.open(io.BytesIO(content), formats=tuple(_FORMATS)) as picture,
    ):
        if picture.width * picture.height > most:
            raise ValueError(
                f"it has {picture.width:,} × {picture.height:,} pixels; of a file of "
                f"{len(content):,} bytes at most {most:,} are read"
            )
        if shape is None:
            shape = picture.height, picture.width, 1 if picture.mode in _GREY else 3
        height, width, channels = shape
        resized = picture.convert(_MODES[channels]).resize((width, height))
        return np.asarray(resized, dtype=np.uint8).reshape(shape)
