"""Which layers have a decoupled access-execute (DAE) form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dvfs_kernel.image import packing
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import PACKED
from dvfs_kernel.networks.network import Convolution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.networks.network import Layer, Network

__all__ = [
    "DAE_LAYERS",
    "DAE_OPERATORS",
    "dae_granularities",
    "decoupled_layers",
    "has_dae_form",
]

_DAE_OPERATORS: Final = (abi.Operator.DEPTHWISE, abi.Operator.POINTWISE)
#: Operators whose layers all have it, as documents name them.
DAE_OPERATORS: Final = tuple(operator.name.lower() for operator in _DAE_OPERATORS)
#: Which layers have it, for messages.
DAE_LAYERS: Final = f"{' and '.join(DAE_OPERATORS)} layers, and convolutions with code of their own"


def has_dae_form(layer: Layer, network: Network) -> bool:
    """Tell whether the firmware can run the layer decoupled, access before execute.

    Depthwise and pointwise layers can; any convolution can that brings code of its own: its columns
    are the access segment.
    """
    if isinstance(layer, Convolution) and layer.form != PACKED:
        return True
    return packing.operator_of(layer, network.tensors) in _DAE_OPERATORS


def dae_granularities(network: Network, granularity: int) -> list[int]:
    """Return ``granularity`` for each layer that has a DAE form, 0 for the others."""
    return [granularity if has_dae_form(layer, network) else 0 for layer in network.layers]


def decoupled_layers(network: Network) -> Iterator[int]:
    """Yield the layers that have a decoupled access-execute form."""
    for index, layer in enumerate(network.layers):
        if has_dae_form(layer, network):
            yield index
