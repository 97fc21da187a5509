"""Built-in networks: published architectures with seeded weights, and trained classifiers.

Weights of `SEEDED` are random, so the outputs mean nothing; shapes, operators, operation counts and
the spread of the activations are those of the real networks, and so are time and energy. Those of
`trained` are classifiers of known accuracy.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.zoo import mobilenet_v2, person_detection, trained, vww
from dvfs_kernel.networks.zoo.pictures import dead_leaves

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from dvfs_kernel.networks.network import Network

__all__ = ["NAMES", "SEEDED", "load", "sample_input"]

_BUILDERS: dict[str, Callable[[], Network]] = {
    "vww": vww.build,
    "person_detection": person_detection.build,
    "mobilenet_v2": mobilenet_v2.build,
}

SEEDED = tuple(_BUILDERS)
NAMES = (*SEEDED, *trained.NAMES)

# Not among the pictures that the scales are calibrated on.
_SAMPLE_SEED = 1000


@cache
def load(name: str) -> Network:
    """Build or read a network; the same on every machine.

    Parameters
    ----------
    name
        One of `NAMES`.

    Raises
    ------
    NetworkError
        For another name.
    """
    if name in trained.NAMES:
        return trained.load(name).network
    if name not in _BUILDERS:
        raise NetworkError(f"there is no built-in network {name!r}; there are {', '.join(NAMES)}")
    return _BUILDERS[name]()


def sample_input(name: str) -> npt.NDArray[np.int8]:
    """Return an input for a built-in network, which nothing was calibrated on.

    Returns
    -------
    int8 array of the shape of the network's input: a picture of the kind that the network was
    trained on where one may be passed on, else a made-up one.
    """
    network = load(name)
    if name in trained.NAMES and (sample := trained.load(name).sample) is not None:
        return (sample.astype(np.int16) - 128).astype(np.int8)
    return dead_leaves(network.tensors[network.input].shape, _SAMPLE_SEED)
