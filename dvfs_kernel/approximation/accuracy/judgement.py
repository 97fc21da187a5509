"""What a network says of some images, and how far it is from what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.approximation.accuracy.evaluator import Evaluator

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.networks.network import Network

__all__ = ["judge", "ranked"]

# The evaluator of the last call.
_ready: dict[str, Evaluator] = {}


def judge(
    network: Network, digest: str, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.int32]:
    """Return the class and the rank of the right class of each image, (2, images).

    Parameters
    ----------
    network, digest
        A classifier, and `network_digest` of it: with one of the same digest as the call before,
        nothing is prepared anew.
    images, labels
        Images that fit the network, and the right class of each.
    """
    return ranked(_evaluator(digest, network).run(images), labels)


def ranked(outputs: npt.NDArray[Any], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Return the class and the rank of the right class of each image, (2, images).

    Parameters
    ----------
    outputs
        From `Evaluator.run`; of equal values the class with the lower number comes first.
    labels
        The right class of each image. Its rank is 0 where the network says so.
    """
    values = outputs.reshape(len(labels), -1)
    own = values[np.arange(len(labels)), labels][:, np.newaxis]
    numbers = np.arange(values.shape[1])
    ahead = (values > own) | ((values == own) & (numbers < labels[:, np.newaxis]))
    return np.stack([values.argmax(axis=1), ahead.sum(axis=1)]).astype(np.int32)


def _evaluator(digest: str, network: Network) -> Evaluator:
    if digest not in _ready:
        _ready.clear()
        _ready[digest] = Evaluator(network)
    return _ready[digest]
