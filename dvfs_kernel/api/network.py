"""Networks by name or path, and their inputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import DvfsError, FileFormatError
from dvfs_kernel.networks.network import Network

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.image.memory_plan import Plan as MemoryPlan

    #: What stands for a network: itself, the name of a built-in one, or the path of a file.
    NetworkLike = Network | str | os.PathLike[str]
    #: What stands for an input: an array, the path of an .npy file or of a picture, or nothing.
    InputLike = npt.NDArray[Any] | str | os.PathLike[str] | None

__all__ = ["builtin_networks", "input_of", "load", "memory_plan", "network_name"]


def builtin_networks() -> tuple[str, ...]:
    """Return the names of the built-in networks."""
    from dvfs_kernel.networks import zoo

    return tuple(zoo.NAMES)


def load(network: NetworkLike) -> Network:
    """Load a network: a built-in one by its name, or an int8 ``.tflite`` file.

    Parameters
    ----------
    network
        Name or path; a network is returned as it is.

    Raises
    ------
    FileFormatError
        There is no such network or file, or the file is none.
    UnsupportedOperatorError, NetworkError
        The file's network is not one for this firmware.

    Examples
    --------
    >>> import dvfs_kernel as dvfs
    >>> dvfs.load("vww")
    <Network vww: 55 layers, 11,578,816 MACs>
    """
    if isinstance(network, Network):
        return network
    # Networks cost half a second to load: not before the arguments are right.
    from dvfs_kernel.networks import zoo
    from dvfs_kernel.networks.tflite_reader import read

    name = os.fspath(network)
    if name in zoo.NAMES:
        return zoo.load(name)
    path = Path(name)
    if path.is_file():
        try:
            return read(path)
        except DvfsError as error:
            raise type(error)(f"{name}: {error}") from error
    if path.suffix.lower() == ".tflite" or len(path.parts) > 1:
        raise FileFormatError(f"{name}: there is no such file")
    raise FileFormatError(
        f"{name!r} is no network: the name of a built-in one ({', '.join(zoo.NAMES)}) "
        "or the path of a .tflite file is allowed"
    )


def memory_plan(network: NetworkLike) -> MemoryPlan:
    """Return where a network's feature maps and buffers lie in RAM.

    Parameters
    ----------
    network
        As of `load`.

    Raises
    ------
    NetworkTooLargeError
        They do not fit; the message tells the bytes needed, the bytes there and the layer.
    """
    from dvfs_kernel.image.memory_plan import plan

    return plan(load(network))


def network_name(network: NetworkLike) -> str:
    """Return by what a network is found again: its name, or the path of its file."""
    return network.name if isinstance(network, Network) else os.fspath(network)


def input_of(network: Network, data: InputLike) -> npt.NDArray[Any]:
    """Return an input as a network stores it.

    Parameters
    ----------
    data
        An array, the path of an ``.npy`` file or of a picture; None: the made-up picture.

    Raises
    ------
    FileFormatError
        It does not fit the network, or the file is missing or damaged.
    """
    from dvfs_kernel.networks.input_tensor import (
        fit_array,
        load_input,
        sample_input,
    )

    if data is None:
        tensor = network.tensors[network.input]
        return fit_array(sample_input(tensor), tensor)
    if isinstance(data, str | os.PathLike):
        return load_input(Path(data), network)
    return fit_array(np.asarray(data), network)
