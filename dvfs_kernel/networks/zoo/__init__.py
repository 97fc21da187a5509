"""Built-in networks: published architectures with seeded weights and calibrated scales.

The weights are random, so the outputs mean nothing; shapes, operators, operation counts and the
spread of the activations are those of the real networks, and so are time and energy.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.zoo import mobilenet_v2, person_detection, vww
from dvfs_kernel.networks.zoo.pictures import dead_leaves

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from dvfs_kernel.networks.network import Network

__all__ = ["NAMES", "load", "sample_input"]

_BUILDERS: dict[str, Callable[[], Network]] = {
    "vww": vww.build,
    "person_detection": person_detection.build,
    "mobilenet_v2": mobilenet_v2.build,
}

NAMES = tuple(_BUILDERS)

# Not among the pictures that the scales are calibrated on.
_SAMPLE_SEED = 1000


@cache
def load(name: str) -> Network:
    """Build a network; the same on every machine.

    Parameters
    ----------
    name
        One of `NAMES`.

    Raises
    ------
    NetworkError
        For another name.
    """
    if name not in _BUILDERS:
        raise NetworkError(f"there is no built-in network {name!r}; there are {', '.join(NAMES)}")
    return _BUILDERS[name]()


def sample_input(name: str) -> npt.NDArray[np.int8]:
    """Make an input for a built-in network: a picture that its scales were not calibrated on.

    Returns
    -------
    int8 array of the shape of the network's input.
    """
    network = load(name)
    return dead_leaves(network.tensors[network.input].shape, _SAMPLE_SEED)
