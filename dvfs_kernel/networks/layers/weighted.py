"""Layers with weights: convolutions and fully connected layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from dvfs_kernel.networks.layers.base import ClampedLayer, WindowedLayer
from dvfs_kernel.networks.quantisation import (
    convolution_factors,
    fully_connected_factors,
    quantize_multipliers,
)
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from dvfs_kernel.networks.tensor import Shape, Tensor

__all__ = [
    "FORMS", "PACKED", "STREAMED", "UNPACKED", "WINOGRAD", "Convolution", "Depthwise",
    "FullyConnected", "WeightedLayer",
]  # fmt: skip

#: How the firmware computes a layer; the result is the same.
PACKED, STREAMED, UNPACKED, WINOGRAD = FORMS = ("packed", "streamed", "unpacked", "winograd")


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedLayer(ByContent, ClampedLayer):
    """A layer with constant weights.

    Parameters
    ----------
    weights
        int8; the zero point of weights is 0 (TFLite int8 rule).
    weight_scales
        float, one for each output channel or one for all.
    bias
        int32, one for each output channel, scale = input scale × weight scale.
    form
        How the firmware computes the layer, which changes time and memory but no result:
        ``"packed"`` by its own kernels, ``"streamed"`` by code made for the layer's shape,
        ``"unpacked"`` by code that holds the weights, ``"winograd"`` by code that works on
        transformed tiles.
    """

    weights: npt.NDArray[np.int8]
    weight_scales: npt.NDArray[np.float64]
    bias: npt.NDArray[np.int32]
    form: str = PACKED

    # Dimensions of the weights, and which of them counts the output channels.
    weight_rank: ClassVar[int]
    channel_axis: ClassVar[int]

    @property
    def taps(self) -> int:
        """Weights that go into one output value."""
        return int(self.weights.size) // int(self.weights.shape[self.channel_axis])

    def macs(self, output: Tensor) -> int:
        """Multiply-accumulate operations of one run, those on padding included."""
        return output.size * self.taps

    def check_elements(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for element types or parameters that the layer cannot have."""
        super().check_elements(inputs, output)
        if self.weights.dtype != np.int8 or self.weights.ndim != self.weight_rank:
            raise self.error(
                f"has weights of {self.weights.dtype} and shape {self.weights.shape}; "
                f"they are int8 with {self.weight_rank} dimensions"
            )
        if self.form not in FORMS:
            raise self.error(f"has the form {self.form!r}; there are {', '.join(FORMS)}")
        channels = self.weights.shape[self.channel_axis]
        if self.bias.dtype != np.int32 or self.bias.shape != (channels,):
            raise self.error(
                f"has a bias of {self.bias.dtype} and shape {self.bias.shape}, not {channels} int32"
            )
        if self.weight_scales.shape not in ((1,), (channels,)):
            raise self.error(
                f"has {self.weight_scales.shape} weight scales, not one and not one for each of "
                f"{channels} output channels"
            )
        if not (np.isfinite(self.weight_scales).all() and (self.weight_scales >= 0).all()):
            raise self.error("has a weight scale that is negative or not finite")

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""
        quantize_multipliers(convolution_factors(inputs[0].scale, self.weight_scales, output.scale))


@dataclass(frozen=True, eq=False, kw_only=True)
class Convolution(WeightedLayer, WindowedLayer):
    """2-D convolution; 1×1 with stride 1 and no padding is what the paper calls pointwise.

    Parameters
    ----------
    weights
        int8, (out channels, kernel height, kernel width, in channels).
    """

    dilation: tuple[int, int] = (1, 1)

    weight_rank: ClassVar[int] = 4
    channel_axis: ClassVar[int] = 0

    @property
    def is_pointwise(self) -> bool:
        """Whether each output pixel depends on the input pixel at its own place alone."""
        return self.weights.shape[1:3] == (1, 1) and self.stride == (1, 1) and not self.padding

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        channels, height, width, depth = self.weights.shape
        if depth != inputs[0].shape[2]:
            raise self.error(f"has weights for {depth} channels, but {inputs[0].shape[2]} come in")
        return self.window_shape(inputs[0], (height, width), self.dilation, channels)


@dataclass(frozen=True, eq=False, kw_only=True)
class Depthwise(WeightedLayer, WindowedLayer):
    """Depthwise convolution; out channel = in channel × multiplier + m.

    Parameters
    ----------
    weights
        int8, (kernel height, kernel width, out channels).
    """

    multiplier: int = 1
    dilation: tuple[int, int] = (1, 1)

    weight_rank: ClassVar[int] = 3
    channel_axis: ClassVar[int] = 2

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        height, width, channels = self.weights.shape
        if channels != inputs[0].shape[2] * self.multiplier:
            raise self.error(
                f"has weights for {channels} channels, but {inputs[0].shape[2]} come in and the "
                f"multiplier is {self.multiplier}"
            )
        return self.window_shape(inputs[0], (height, width), self.dilation, channels)


@dataclass(frozen=True, eq=False, kw_only=True)
class FullyConnected(WeightedLayer):
    """Matrix × vector; weights int8 (out, in), one scale or one a row."""

    weight_rank: ClassVar[int] = 2
    channel_axis: ClassVar[int] = 0

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        rows, columns = self.weights.shape
        if columns != inputs[0].size:
            raise self.error(f"has weights for {columns} values, but {inputs[0].size} come in")
        return 1, 1, rows

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""
        quantize_multipliers(
            fully_connected_factors(inputs[0].scale, self.weight_scales, output.scale)
        )
