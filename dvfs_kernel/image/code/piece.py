"""Pieces of a layer's code: functions in the image, and what they are called for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from dvfs_kernel.link import abi

__all__ = ["LayerCode", "Piece", "words"]


@dataclass(frozen=True)
class Piece:
    """A function in the image.

    Parameters
    ----------
    code
        Position-independent Thumb-2, for a multiple of 4 bytes. Equal ones are placed once.
    weights
        What it reads; empty for code that holds its weights.
    channel, channels
        First output channel that it computes, and how many.
    """

    code: bytes
    weights: bytes
    channel: int
    channels: int


@dataclass(frozen=True)
class LayerCode:
    """A layer's code, and what its record says of it.

    Parameters
    ----------
    columns
        That a piece takes at a time.
    requantisation
        One of the bounded forms.
    pieces
        All of the layer's.
    access_pieces
        How many of them, the first ones, are for the access segment.
    """

    columns: int
    requantisation: abi.Requantisation
    pieces: tuple[Piece, ...]
    access_pieces: int = 0


def words(values: npt.NDArray[np.int64]) -> bytes:
    """Little-endian 32-bit words; what does not fit wraps as the kernels' sums do."""
    return (values & 0xFFFFFFFF).astype("<u4").tobytes()
