"""Feature maps: shape, element type and quantisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dvfs_kernel.errors import NetworkError

__all__ = ["ELEMENT_BYTES", "Padding", "Shape", "Tensor"]

Shape = tuple[int, int, int]

# Bytes an element takes, by its name.
ELEMENT_BYTES = {"int8": 1, "uint8": 1, "int32": 4, "float32": 4}

_ZERO_POINTS = {"int8": (-128, 127), "uint8": (0, 255), "int32": (0, 0), "float32": (0, 0)}


@dataclass(frozen=True)
class Padding:
    """Rows and columns added around a feature map, in elements."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return any((self.top, self.bottom, self.left, self.right))

    def __add__(self, other: Padding) -> Padding:
        return Padding(
            self.top + other.top,
            self.bottom + other.bottom,
            self.left + other.left,
            self.right + other.right,
        )


@dataclass(frozen=True)
class Tensor:
    """A feature map.

    Parameters
    ----------
    name
        For people and for messages.
    shape
        (height, width, channels); a vector of n values is (1, 1, n).
    element
        ``"int8"``, ``"uint8"``, ``"int32"`` or ``"float32"``.
    scale, zero_point
        real value = scale × (stored − zero_point); scale 0 for float tensors. Scales are
        single-precision numbers.
    """

    name: str
    shape: Shape
    element: str = "int8"
    scale: float = 0.0
    zero_point: int = 0

    @property
    def size(self) -> int:
        """Number of elements."""
        height, width, channels = self.shape
        return height * width * channels

    @property
    def bytes(self) -> int:
        """Bytes that the feature map takes in memory."""
        return self.size * ELEMENT_BYTES[self.element]

    @property
    def quantisation(self) -> tuple[str, float, int]:
        """What has to agree where a layer moves bytes unchanged."""
        return self.element, self.scale, self.zero_point

    def check(self) -> None:
        """Raise NetworkError where the tensor cannot exist."""
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise NetworkError(
                f"tensor {self.name!r} has shape {self.shape}: "
                "a shape is (height, width, channels), each at least 1"
            )
        if self.element not in ELEMENT_BYTES:
            raise NetworkError(
                f"tensor {self.name!r} has element type {self.element!r}; "
                f"known: {', '.join(ELEMENT_BYTES)}"
            )
        low, high = _ZERO_POINTS[self.element]
        if not low <= self.zero_point <= high:
            raise NetworkError(
                f"tensor {self.name!r} of {self.element} has zero point {self.zero_point}; "
                f"allowed: {low} to {high}"
            )
        if self.element in ("int8", "uint8") and not (math.isfinite(self.scale) and self.scale > 0):
            raise NetworkError(
                f"tensor {self.name!r} of {self.element} has scale {self.scale!r}; "
                "a scale is positive and finite"
            )
