"""A piece of a layer's code: a function in the image, and what it is called for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Piece"]


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
