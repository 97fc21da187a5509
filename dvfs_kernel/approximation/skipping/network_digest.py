"""A digest of all that a network computes with."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dvfs_kernel.networks.network import Network

__all__ = ["network_digest"]


def network_digest(network: Network) -> str:
    """Return the SHA-256 of a network's tensors and layers; names of the network do not count."""
    digest = hashlib.sha256()

    def add(*values: object) -> None:
        digest.update(repr(values).encode())

    add(network.input, network.outputs, network.tensors)
    for layer in network.layers:
        add(type(layer).__name__)
        for field in fields(layer):
            value = getattr(layer, field.name)
            if isinstance(value, np.ndarray):
                add(field.name, value.shape, value.dtype.str)
                digest.update(np.ascontiguousarray(value).tobytes())
            else:
                add(field.name, value)
    return digest.hexdigest()
