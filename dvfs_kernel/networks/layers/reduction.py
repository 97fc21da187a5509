"""Layers that make one value of several: pooling and means."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, ClassVar

from dvfs_kernel.networks.layers.base import LayerBase, WindowedLayer
from dvfs_kernel.networks.quantisation import mean_multiplier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.tensor import Shape, Tensor

__all__ = ["Mean", "Pool"]


@dataclass(frozen=True, kw_only=True)
class Pool(WindowedLayer):
    """Max or average pooling; padding is not counted in the average."""

    kind: str  # "max" or "average"
    kernel: tuple[int, int]

    keeps_quantisation: ClassVar[bool] = True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        if self.kind not in ("max", "average"):
            raise self.error(f"pools by {self.kind!r}; known: 'max', 'average'")
        shape = self.window_shape(inputs[0], self.kernel, (1, 1), inputs[0].shape[2])
        padding = self.padding
        if max(padding.top, padding.bottom) >= self.kernel[0] or (
            max(padding.left, padding.right) >= self.kernel[1]
        ):
            raise self.error(
                f"has padding {padding} as large as its kernel of {self.kernel}: "
                "a window would lie outside the feature map"
            )
        return shape


@dataclass(frozen=True, kw_only=True)
class Mean(LayerBase):
    """Mean over axes of (height, width, channels), a subset of (0, 1, 2)."""

    axes: tuple[int, ...] = (0, 1)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output: 1 along each axis that is averaged over."""
        if len(set(self.axes)) != len(self.axes) or not set(self.axes) <= {0, 1, 2}:
            raise self.error(f"averages over axes {self.axes}; allowed is a subset of (0, 1, 2)")
        height, width, channels = (
            1 if axis in self.axes else size for axis, size in enumerate(inputs[0].shape)
        )
        return height, width, channels

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""
        count = prod(inputs[0].shape[axis] for axis in self.axes)
        mean_multiplier(inputs[0].scale, output.scale, count)
