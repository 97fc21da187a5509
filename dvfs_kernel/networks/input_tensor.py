"""The network's input: from a file, or a made-up picture where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.networks.draws import Draws
from dvfs_kernel.networks.network import Network, Quantize
from dvfs_kernel.networks.zoo.pictures import dead_leaves
from dvfs_kernel.storage.array_file import read_array
from dvfs_kernel.storage.picture_file import read_pixels

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from dvfs_kernel.networks.network import Tensor

    #: A network, or its input alone, of which then nothing is known that reads it.
    Target = Network | Tensor

__all__ = ["fit_array", "from_pixels", "load_input", "read_picture", "sample_input"]

_SAMPLE_SEED = 1000
_UNIT_RANGE_TOLERANCE = 0.01
_LEAST_PICTURE = 4  # pixels, of the longer side


def load_input(path: Path, target: Target) -> npt.NDArray[Any]:
    """Read an input tensor from an ``.npy`` file or a picture.

    Parameters
    ----------
    path
        ``.npy``: see `fit_array`. Anything else is read as a picture (PNG, JPEG, …), resized to
        the input's height and width, grey for one channel and RGB for three; its pixels are taken
        as `from_pixels` has it.
    target
        The network, or its input.

    Returns
    -------
    ndarray, shape of the input
        Values as the tensor stores them.

    Raises
    ------
    FileFormatError
        The file is missing, damaged or does not fit the tensor.
    """
    if not path.is_file():
        raise FileFormatError(f"{path}: there is no such file")
    if path.suffix.lower() == ".npy":
        return fit_array(read_array(path), target, str(path))
    return from_pixels(read_picture(path, _input(target).shape), target)


def fit_array(array: npt.NDArray[Any], target: Target, what: str = "the input") -> npt.NDArray[Any]:
    """Bring an array into the form in which a tensor stores it.

    Parameters
    ----------
    array
        Of the tensor's shape, with or without a leading batch of 1. Of the tensor's element type
        it is taken as it is; floats for an integer tensor are real values and are quantised with
        the tensor's scale and zero point; uint8 for an int8 or float tensor are pixels: see
        `from_pixels`.
    target
        The network, or its input.
    what
        What to call the array in messages.

    Raises
    ------
    FileFormatError
        Shape or element type do not fit.
    """
    tensor = _input(target)
    shape = array.shape[1:] if array.ndim == 4 and array.shape[0] == 1 else array.shape
    if shape != tensor.shape:
        raise FileFormatError(
            f"{what} has shape {_shape(array.shape)}; "
            f"the network takes {_shape(tensor.shape)} (height × width × channels)"
        )
    array = array.reshape(tensor.shape)
    if array.dtype == np.dtype(tensor.element):
        return np.ascontiguousarray(array)
    if array.dtype == np.uint8:
        return from_pixels(array, target)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise FileFormatError(f"{what} holds values that are not finite; finite ones are allowed")
    if array.dtype.kind == "f" and tensor.element == "float32":
        return array.astype(np.float32)
    if array.dtype.kind == "f":
        limits = np.iinfo(tensor.element)
        with np.errstate(over="ignore"):  # what is beyond every number is clipped as well
            stored = np.round(array.astype(np.float64) / tensor.scale) + tensor.zero_point
        return np.clip(stored, limits.min, limits.max).astype(tensor.element)
    raise FileFormatError(
        f"{what} holds {array.dtype} values; the network takes {tensor.element}, "
        "floats (real values) or uint8 (pixels)"
    )


def sample_input(tensor: Tensor) -> npt.NDArray[Any]:
    """Make up an input: a picture where the tensor is large enough for one, else noise.

    Returns
    -------
    ndarray, shape ``tensor.shape``
        The same every time.
    """
    if max(tensor.shape[:2]) < _LEAST_PICTURE:
        return _from_pixels(Draws(_SAMPLE_SEED).octets(tensor.shape), tensor)
    picture = dead_leaves(tensor.shape, _SAMPLE_SEED)
    return _from_pixels((picture.astype(np.int16) + 128).astype(np.uint8), tensor)


def from_pixels(pixels: npt.NDArray[np.uint8], target: Target) -> npt.NDArray[Any]:
    """Turn pixels into what a network's input stores.

    Parameters
    ----------
    pixels
        Of the input's shape, with any number of axes before it.
    target
        The network, or its input. An int8 input takes pixel − 128, a uint8 input the pixel: the
        whole range of the element. A float32 input takes −1 … 1, or 0 … 1 where all that reads it
        is a quantisation whose range is that one: a scale within a hundredth of 1/255, and the zero
        point at the range's end.

    Returns
    -------
    ndarray
        Of the shape of `pixels` and the input's element type.

    Raises
    ------
    FileFormatError
        The input is of int32.
    """
    tensor = _input(target)
    is_float = tensor.element == "float32"
    if is_float and isinstance(target, Network) and _takes_unit_range(target):
        return pixels.astype(np.float32) / np.float32(255)
    return _from_pixels(pixels, tensor)


def _input(target: Target) -> Tensor:
    return target.tensors[target.input] if isinstance(target, Network) else target


def _takes_unit_range(network: Network) -> bool:
    readers = [layer for layer in network.layers if network.input in layer.inputs]
    targets = [network.tensors[layer.output] for layer in readers]
    quantised = bool(readers) and all(isinstance(layer, Quantize) for layer in readers)
    return quantised and all(
        abs(target.scale * 255 - 1) <= _UNIT_RANGE_TOLERANCE
        and target.zero_point == np.iinfo(target.element).min
        for target in targets
    )


def read_picture(path: Path, shape: tuple[int, int, int] | None = None) -> npt.NDArray[np.uint8]:
    """Read a picture (PNG, JPEG, …), grey for one channel and RGB for three.

    Parameters
    ----------
    path
        The file.
    shape
        Height, width and channels that it is brought to; None: as it is, RGB unless it is grey.

    Returns
    -------
    ndarray, shape (height, width, channels)

    Raises
    ------
    FileFormatError
        The file is no picture, or the shape is none that a picture can have.
    """
    if shape is not None and shape[2] not in (1, 3):
        raise FileFormatError(
            f"{path}: a picture has 1 or 3 channels; the network takes {shape[2]}, "
            "which only an .npy file can hold"
        )
    return read_pixels(path, shape)


def _from_pixels(pixels: npt.NDArray[np.uint8], tensor: Tensor) -> npt.NDArray[Any]:
    """Map 0 … 255 to the whole range of the element: int8 takes p − 128, float −1 … 1."""
    if tensor.element == "uint8":
        return pixels
    if tensor.element == "int8":
        return (pixels.astype(np.int16) - 128).astype(np.int8)
    if tensor.element == "float32":
        return (pixels / np.float32(127.5) - np.float32(1)).astype(np.float32)
    raise FileFormatError(f"a picture cannot be made into {tensor.element} values")


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "a single value"
