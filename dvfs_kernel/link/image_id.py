"""What the firmware calls a data image."""

from __future__ import annotations

import zlib

from dvfs_kernel.link import abi

__all__ = ["image_id"]


def image_id(data: bytes) -> int:
    """Return what the firmware calls an image: a checksum of its header, which has the rest's."""
    return zlib.crc32(data[: abi.IMAGE_HEADER.itemsize])
