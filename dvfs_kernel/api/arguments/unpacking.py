"""Whether layers bring code of their own, and how much flash that may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.api.arguments.quantity import MEMORY
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    from dvfs_kernel.networks.network import Network

__all__ = ["check_unpacking", "in_forms"]


def check_unpacking(*, unpack: bool, flash: str | float | None) -> int | None:
    """Return the budget of flash in bytes, None for all that there is.

    Raises
    ------
    ArgumentError
        A budget without anything that needs one.
    QuantityError
        The budget is no amount of memory.
    """
    if flash is None:
        return None
    if not unpack:
        raise ArgumentError("{flash} is a budget for what {unpack} makes; {unpack} is not there")
    return MEMORY.parse(flash)


def in_forms(network: Network, *, unpack: bool, flash: str | float | None) -> Network:
    """Return the network as it is, or with the forms of layers that save the most time.

    Raises
    ------
    ArgumentError, QuantityError
        As `check_unpacking`.
    NetworkTooLargeError
        The budget is less than the packed image takes.
    """
    limit_bytes = check_unpacking(unpack=unpack, flash=flash)
    if not unpack:
        return network
    from dvfs_kernel.image.forms import unpacked

    return unpacked(network, limit_bytes)
