"""Data images, as boards take them into flash memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.api.network import load

if TYPE_CHECKING:
    from dvfs_kernel.api.network import NetworkLike

__all__ = ["image_bytes"]


def image_bytes(network: NetworkLike | None) -> bytes | None:
    """Return the data image of a network; None of none.

    Raises
    ------
    NetworkTooLargeError
        It does not fit the board's memories.
    """
    if network is None:
        return None
    from dvfs_kernel.image import image, memory_plan

    loaded = load(network)
    return image.build(loaded, memory_plan.plan(loaded)).data
