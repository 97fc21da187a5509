"""A quantised network as the product sees it: tensors, and layers that turn one into another.

The importer (`tflite_reader`) and the built-in networks (`zoo`) make a `Network`; the reference
interpreter (`reference`), the memory planner and the image builder read it. Feature maps are
height × width × channels (HWC), batch 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "Add",
    "Concatenate",
    "Convolution",
    "Copy",
    "Depthwise",
    "Dequantize",
    "FullyConnected",
    "Layer",
    "Mean",
    "Network",
    "Pad",
    "Padding",
    "Pool",
    "Quantize",
    "Softmax",
    "Tensor",
    "Transpose",
    "Upsample",
]


@dataclass(frozen=True)
class Padding:
    """Rows and columns added around a feature map, in elements."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


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
        real value = scale × (stored − zero_point); scale 0 for float tensors.
    """

    name: str
    shape: tuple[int, int, int]
    element: str = "int8"
    scale: float = 0.0
    zero_point: int = 0

    @property
    def size(self) -> int:
        """Number of elements."""
        height, width, channels = self.shape
        return height * width * channels


@dataclass(frozen=True, kw_only=True)
class LayerBase:
    """What every layer has: a name, its inputs and its output as indices into the tensors."""

    name: str
    inputs: tuple[int, ...]
    output: int


@dataclass(frozen=True, kw_only=True)
class Convolution(LayerBase):
    """2-D convolution; 1×1 with stride 1 and no padding is what the paper calls pointwise.

    Parameters
    ----------
    weights
        int8, (out channels, kernel height, kernel width, in channels).
    weight_scales
        float, (out channels,); the zero point of weights is 0 (TFLite int8 rule).
    bias
        int32, (out channels,), scale = input scale × weight scale.
    activation_min, activation_max
        Clamp in stored int8 values.
    """

    weights: npt.NDArray[np.int8]
    weight_scales: npt.NDArray[np.float64]
    bias: npt.NDArray[np.int32]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = field(default_factory=Padding)
    activation_min: int = -128
    activation_max: int = 127


@dataclass(frozen=True, kw_only=True)
class Depthwise(LayerBase):
    """Depthwise convolution; out channel = in channel × multiplier + m.

    Parameters
    ----------
    weights
        int8, (kernel height, kernel width, out channels).
    """

    weights: npt.NDArray[np.int8]
    weight_scales: npt.NDArray[np.float64]
    bias: npt.NDArray[np.int32]
    multiplier: int = 1
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = field(default_factory=Padding)
    activation_min: int = -128
    activation_max: int = 127


@dataclass(frozen=True, kw_only=True)
class FullyConnected(LayerBase):
    """Matrix × vector; weights int8 (out, in), one scale or one a row."""

    weights: npt.NDArray[np.int8]
    weight_scales: npt.NDArray[np.float64]
    bias: npt.NDArray[np.int32]
    activation_min: int = -128
    activation_max: int = 127


@dataclass(frozen=True, kw_only=True)
class Add(LayerBase):
    """Element-wise sum of two tensors of one shape, or of a tensor and a (1, 1, C) or scalar one."""

    activation_min: int = -128
    activation_max: int = 127


@dataclass(frozen=True, kw_only=True)
class Pool(LayerBase):
    """Max or average pooling; padding is not counted in the average."""

    kind: str  # "max" or "average"
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: Padding = field(default_factory=Padding)
    activation_min: int = -128
    activation_max: int = 127


@dataclass(frozen=True, kw_only=True)
class Mean(LayerBase):
    """Mean over axes of (height, width, channels), a subset of (0, 1, 2)."""

    axes: tuple[int, ...] = (0, 1)


@dataclass(frozen=True, kw_only=True)
class Upsample(LayerBase):
    """Nearest-neighbour up-sampling by whole factors."""

    factors: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Pad(LayerBase):
    """Spatial padding with a stored value (the zero point, in a correct network)."""

    padding: Padding
    value: int


@dataclass(frozen=True, kw_only=True)
class Quantize(LayerBase):
    """float32 → int8, or int8/uint8 → int8 with other parameters (requantise)."""


@dataclass(frozen=True, kw_only=True)
class Dequantize(LayerBase):
    """int8 → float32."""


@dataclass(frozen=True, kw_only=True)
class Transpose(LayerBase):
    """Permutation of (height, width, channels): output axis i is input axis permutation[i]."""

    permutation: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Copy(LayerBase):
    """Reshape: the same bytes under another shape."""


@dataclass(frozen=True, kw_only=True)
class Softmax(LayerBase):
    """Softmax over channels, int8 in and out (scale 1/256, zero point −128)."""

    beta: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Concatenate(LayerBase):
    """Concatenation of int8 tensors with one scale along channels (axis 2)."""

    axis: int = 2


Layer: TypeAlias = (
    Convolution
    | Depthwise
    | FullyConnected
    | Add
    | Pool
    | Mean
    | Upsample
    | Pad
    | Quantize
    | Dequantize
    | Transpose
    | Copy
    | Softmax
    | Concatenate
)


@dataclass(frozen=True)
class Network:
    """Tensors and the layers between them, in an order in which they can run.

    ``input`` and ``outputs`` index ``tensors``.
    """

    name: str
    tensors: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    input: int
    outputs: tuple[int, ...]
