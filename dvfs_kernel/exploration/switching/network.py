"""A network of next to nothing, whose layers are there for the changes of clock between them."""

from __future__ import annotations

from dvfs_kernel.networks.network import Add, Network
from dvfs_kernel.networks.tensor import Tensor

__all__ = ["switching_network"]

_SHAPE = (1, 1, 4)


def switching_network(layers: int) -> Network:
    """Return a chain of additions of four elements each.

    Parameters
    ----------
    layers
        Number of layers, and so of clock changes in one inference.
    """
    tensors = tuple(Tensor(f"sum{n}", _SHAPE, scale=1.0, zero_point=0) for n in range(layers + 1))
    chain = tuple(Add(name=f"add{n}", inputs=(n, n), output=n + 1) for n in range(layers))
    return Network("switching", tensors, chain, 0, (layers,))
