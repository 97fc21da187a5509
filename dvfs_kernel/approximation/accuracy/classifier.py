"""Whether a network tells classes apart, and whether data is of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.errors import DataSetError, NetworkError

if TYPE_CHECKING:
    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.networks.network import Network

__all__ = ["check_data", "class_count"]


def class_count(network: Network) -> int:
    """Return how many classes a classifier tells apart.

    Raises
    ------
    NetworkError
        The network has several outputs, or one that is a feature map or a single value.
    """
    if len(network.outputs) != 1:
        raise NetworkError(
            f"{network.name!r} is no classifier: it has {len(network.outputs)} outputs; "
            "a classifier has one, with a value for each class"
        )
    shape = network.tensors[network.outputs[0]].shape
    if shape[:2] != (1, 1) or shape[2] < 2:
        raise NetworkError(
            f"{network.name!r} is no classifier: its output is {' × '.join(map(str, shape))}; "
            "a classifier's is 1 × 1 × n, a value for each of at least two classes"
        )
    return shape[2]


def check_data(network: Network, data: DataSet) -> None:
    """Refuse images or labels that a classifier was not made for.

    Raises
    ------
    NetworkError
        The network is no classifier.
    DataSetError
        The images have another size, or the classes are not as many as the network's outputs.
    """
    count = class_count(network)
    shape = network.tensors[network.input].shape
    if data.shape != shape:
        raise DataSetError(
            f"the images of {data.name} are {' × '.join(map(str, data.shape))}; {network.name!r} "
            f"takes {' × '.join(map(str, shape))} (height × width × channels)"
        )
    if data.class_names and len(data.class_names) != count:
        raise DataSetError(
            f"{data.name} has {len(data.class_names)} classes, and {network.name!r} tells {count} "
            "apart; both have to be the same"
        )
    if data.classes > count:
        raise DataSetError(
            f"{data.name} has label {data.classes - 1} at image {int(data.labels.argmax())}; "
            f"{network.name!r} tells {count} classes apart: 0 to {count - 1} is allowed"
        )
