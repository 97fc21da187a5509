"""Layers that move bytes and compute nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dvfs_kernel.networks.layers.base import LayerBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.tensor import Padding, Shape, Tensor

__all__ = ["Concatenate", "Copy", "Pad", "Transpose", "Upsample"]


@dataclass(frozen=True, kw_only=True)
class Concatenate(LayerBase):
    """Concatenation of int8 tensors with one scale, along any of the three axes."""

    axis: int = 2

    input_counts: ClassVar[tuple[int, int]] = (1, 16)
    keeps_quantisation: ClassVar[bool] = True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        if self.axis not in (0, 1, 2):
            raise self.error(f"joins along axis {self.axis}; allowed: 0, 1, 2")
        shape = list(inputs[0].shape)
        for tensor in inputs[1:]:
            others = [axis for axis in (0, 1, 2) if axis != self.axis]
            if any(tensor.shape[axis] != shape[axis] for axis in others):
                raise self.error(
                    f"cannot join {inputs[0].shape} and {tensor.shape} along axis {self.axis}"
                )
        shape[self.axis] = sum(tensor.shape[self.axis] for tensor in inputs)
        return shape[0], shape[1], shape[2]


@dataclass(frozen=True, kw_only=True)
class Copy(LayerBase):
    """Reshape: the same bytes under another shape."""

    keeps_quantisation: ClassVar[bool] = True

    def check_elements(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Accept every element type; the sizes have to agree."""
        if inputs[0].size != output.size:
            raise self.error(f"has {inputs[0].shape} at its input and {output.shape} at its output")

    def check(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError where the bytes at both ends are not the same ones."""
        if len(inputs) != 1:
            raise self.error(f"has {len(inputs)} inputs, not 1")
        self.check_elements(inputs, output)
        if inputs[0].quantisation != output.quantisation:
            raise self.error(
                f"changes {inputs[0].quantisation} into {output.quantisation}: "
                "a copy keeps element type, scale and zero point"
            )


@dataclass(frozen=True, kw_only=True)
class Pad(LayerBase):
    """Spatial padding with a stored value (the zero point, in a correct network)."""

    padding: Padding
    value: int

    keeps_quantisation: ClassVar[bool] = True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        padding = self.padding
        if min(padding.top, padding.bottom, padding.left, padding.right) < 0:
            raise self.error(f"has a negative padding: {padding}")
        if not -128 <= self.value <= 127:
            raise self.error(f"pads with {self.value}, which is no int8 value")
        height, width, channels = inputs[0].shape
        return (
            height + padding.top + padding.bottom,
            width + padding.left + padding.right,
            channels,
        )


@dataclass(frozen=True, kw_only=True)
class Transpose(LayerBase):
    """Permutation of (height, width, channels): output axis i is input axis permutation[i]."""

    permutation: tuple[int, int, int]

    keeps_quantisation: ClassVar[bool] = True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        if sorted(self.permutation) != [0, 1, 2]:
            raise self.error(f"permutes axes by {self.permutation}, no permutation of (0, 1, 2)")
        first, second, third = (inputs[0].shape[axis] for axis in self.permutation)
        return first, second, third


@dataclass(frozen=True, kw_only=True)
class Upsample(LayerBase):
    """Nearest-neighbour up-sampling by whole factors."""

    factors: tuple[int, int]

    keeps_quantisation: ClassVar[bool] = True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        if min(self.factors) < 1:
            raise self.error(f"has factors {self.factors}; they are at least 1")
        height, width, channels = inputs[0].shape
        return height * self.factors[0], width * self.factors[1], channels
