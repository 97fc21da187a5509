"""The layers of a quantised network, and what each demands of its inputs and its output."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.quantisation import (
    add_factors,
    convolution_factors,
    fully_connected_factors,
    mean_multiplier,
    quantize_multiplier,
    quantize_multipliers,
    softmax_factors,
)
from dvfs_kernel.tensor import Padding, Shape, Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    "LayerBase",
    "Mean",
    "Pad",
    "Pool",
    "Quantize",
    "Softmax",
    "Transpose",
    "Upsample",
]


@dataclass(frozen=True, kw_only=True)
class LayerBase:
    """What every layer has: a name, its inputs and its output as indices into the tensors."""

    name: str
    inputs: tuple[int, ...]
    output: int

    # Least and most number of inputs.
    input_counts: ClassVar[tuple[int, int]] = (1, 1)
    # Whether input and output hold bytes with one meaning (one element type, scale, zero point).
    keeps_quantisation: ClassVar[bool] = False

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output; raises NetworkError where the layer does not fit its inputs."""
        return inputs[0].shape

    def macs(self, output: Tensor) -> int:  # noqa: ARG002 (most layers have none)
        """Multiply-accumulate operations of one run."""
        return 0

    def check(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError where the layer cannot run on these inputs into this output."""
        least, most = self.input_counts
        if not least <= len(inputs) <= most:
            raise self.error(f"has {len(inputs)} inputs, not {least} to {most}")
        self.check_elements(inputs, output)
        shape = self.output_shape(inputs)
        if shape != output.shape:
            raise self.error(f"makes {shape} of {inputs[0].shape}, not {output.shape}")
        if self.keeps_quantisation:
            for tensor in inputs:
                if tensor.quantisation != output.quantisation:
                    raise self.error(
                        "moves values unchanged, but element type, scale and zero point are "
                        f"{tensor.quantisation} at its input and {output.quantisation} at its "
                        "output"
                    )
        try:
            self.check_factors(inputs, output)
        except NetworkError as error:
            raise self.error(f"has impossible scales: {error}") from error

    def check_elements(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for element types that the layer does not compute with."""
        for tensor in (*inputs, output):
            if tensor.element != "int8":
                raise self.error(f"computes with int8, but {tensor.name!r} is {tensor.element}")

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""

    def error(self, what: str) -> NetworkError:
        """Make an error that names the layer."""
        return NetworkError(f"layer {self.name!r} ({type(self).__name__}) {what}")


def _check_activation(layer: Convolution | Depthwise | FullyConnected | Add | Pool) -> None:
    low, high = layer.activation_min, layer.activation_max
    if not -128 <= low <= high <= 127:
        raise layer.error(f"clamps to {low} to {high}; allowed are limits in order within int8")


def _window_shape(
    layer: Convolution | Depthwise | Pool,
    source: Tensor,
    kernel: tuple[int, int],
    dilation: tuple[int, int],
    channels: int,
) -> Shape:
    """Output shape of a kernel that slides over a padded feature map."""
    padding = layer.padding
    if min(padding.top, padding.bottom, padding.left, padding.right) < 0:
        raise layer.error(f"has a negative padding: {padding}")
    if min(*kernel, *layer.stride, *dilation) < 1:
        raise layer.error(
            f"has kernel {kernel}, stride {layer.stride}, dilation {dilation}; all are at least 1"
        )
    padded = (
        source.shape[0] + padding.top + padding.bottom,
        source.shape[1] + padding.left + padding.right,
    )
    spans = [size - ((k - 1) * d + 1) for size, k, d in zip(padded, kernel, dilation, strict=True)]
    if min(spans) < 0:
        raise layer.error(
            f"has a kernel of {kernel} with dilation {dilation}, "
            f"larger than its padded input of {padded}"
        )
    return spans[0] // layer.stride[0] + 1, spans[1] // layer.stride[1] + 1, channels


def _check_parameters(
    layer: Convolution | Depthwise | FullyConnected, channels: int, dimensions: int
) -> None:
    """Weights, weight scales and bias: types, sizes and signs."""
    if layer.weights.dtype != np.int8 or layer.weights.ndim != dimensions:
        raise layer.error(
            f"has weights of {layer.weights.dtype} and shape {layer.weights.shape}; "
            f"they are int8 with {dimensions} dimensions"
        )
    if layer.bias.dtype != np.int32 or layer.bias.shape != (channels,):
        raise layer.error(
            f"has a bias of {layer.bias.dtype} and shape {layer.bias.shape}, not {channels} int32"
        )
    if layer.weight_scales.shape not in ((1,), (channels,)):
        raise layer.error(
            f"has {layer.weight_scales.shape} weight scales, not one and not one for each of "
            f"{channels} output channels"
        )
    if not (np.isfinite(layer.weight_scales).all() and (layer.weight_scales >= 0).all()):
        raise layer.error("has a weight scale that is negative or not finite")


@dataclass(frozen=True, kw_only=True)
class Convolution(LayerBase):
    """2-D convolution; 1×1 with stride 1 and no padding is what the paper calls pointwise.

    Parameters
    ----------
    weights
        int8, (out channels, kernel height, kernel width, in channels).
    weight_scales
        float, (out channels,) or (1,); the zero point of weights is 0 (TFLite int8 rule).
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

    @property
    def is_pointwise(self) -> bool:
        """Whether each output pixel depends on the input pixel at its own place alone."""
        return self.weights.shape[1:3] == (1, 1) and self.stride == (1, 1) and not self.padding

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        channels, height, width, depth = self.weights.shape
        if depth != inputs[0].shape[2]:
            raise self.error(f"has weights for {depth} channels, but {inputs[0].shape[2]} come in")
        return _window_shape(self, inputs[0], (height, width), self.dilation, channels)

    def macs(self, output: Tensor) -> int:
        """Multiply-accumulate operations of one run, those on padding included."""
        return output.size * prod(self.weights.shape[1:])

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""
        quantize_multipliers(convolution_factors(inputs[0].scale, self.weight_scales, output.scale))

    def check_elements(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for element types or parameters that the layer cannot have."""
        super().check_elements(inputs, output)
        _check_activation(self)
        _check_parameters(self, self.weights.shape[0], 4)


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

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        height, width, channels = self.weights.shape
        if channels != inputs[0].shape[2] * self.multiplier:
            raise self.error(
                f"has weights for {channels} channels, but {inputs[0].shape[2]} come in and the "
                f"multiplier is {self.multiplier}"
            )
        return _window_shape(self, inputs[0], (height, width), self.dilation, channels)

    def macs(self, output: Tensor) -> int:
        """Multiply-accumulate operations of one run, those on padding included."""
        return output.size * prod(self.weights.shape[:2])

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""
        quantize_multipliers(convolution_factors(inputs[0].scale, self.weight_scales, output.scale))

    def check_elements(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for element types or parameters that the layer cannot have."""
        super().check_elements(inputs, output)
        _check_activation(self)
        _check_parameters(self, self.weights.shape[-1], 3)


@dataclass(frozen=True, kw_only=True)
class FullyConnected(LayerBase):
    """Matrix × vector; weights int8 (out, in), one scale or one a row."""

    weights: npt.NDArray[np.int8]
    weight_scales: npt.NDArray[np.float64]
    bias: npt.NDArray[np.int32]
    activation_min: int = -128
    activation_max: int = 127

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        rows, columns = self.weights.shape
        if columns != inputs[0].size:
            raise self.error(f"has weights for {columns} values, but {inputs[0].size} come in")
        return 1, 1, rows

    def macs(self, output: Tensor) -> int:
        """Multiply-accumulate operations of one run."""
        return output.size * prod(self.weights.shape[1:])

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""
        quantize_multipliers(
            fully_connected_factors(inputs[0].scale, self.weight_scales, output.scale)
        )

    def check_elements(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for element types or parameters that the layer cannot have."""
        super().check_elements(inputs, output)
        _check_activation(self)
        _check_parameters(self, self.weights.shape[0], 2)


@dataclass(frozen=True, kw_only=True)
class Add(LayerBase):
    """Element-wise sum of two tensors of one shape, or of one and a (1, 1, C) or scalar one."""

    activation_min: int = -128
    activation_max: int = 127

    input_counts: ClassVar[tuple[int, int]] = (2, 2)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        _check_activation(self)
        large, small = sorted(inputs, key=lambda tensor: -tensor.size)
        if small.shape not in (large.shape, (1, 1, large.shape[2]), (1, 1, 1)):
            raise self.error(
                f"adds {inputs[0].shape} and {inputs[1].shape}; the smaller one has to have the "
                "shape of the larger, or one value a channel, or one value"
            )
        return large.shape

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""
        add_factors(inputs[0].scale, inputs[1].scale, output.scale)


@dataclass(frozen=True, kw_only=True)
class Pool(LayerBase):
    """Max or average pooling; padding is not counted in the average."""

    kind: str  # "max" or "average"
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: Padding = field(default_factory=Padding)
    activation_min: int = -128
    activation_max: int = 127

    keeps_quantisation: ClassVar[bool] = True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
        if self.kind not in ("max", "average"):
            raise self.error(f"pools by {self.kind!r}; known: 'max', 'average'")
        _check_activation(self)
        shape = _window_shape(self, inputs[0], self.kernel, (1, 1), inputs[0].shape[2])
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
class Quantize(LayerBase):
    """float32 → int8, or int8/uint8 → int8/uint8 with other parameters (requantise)."""

    def check_elements(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for element types that the layer does not compute with."""
        if output.element not in ("int8", "uint8") or inputs[0].element == "int32":
            raise self.error(
                f"makes {output.element} of {inputs[0].element}; "
                "it makes int8 or uint8 of float32, int8 or uint8"
            )

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""
        if inputs[0].element != "float32":
            quantize_multiplier(inputs[0].scale / output.scale)


@dataclass(frozen=True, kw_only=True)
class Dequantize(LayerBase):
    """int8 or uint8 → float32."""

    def check_elements(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for element types that the layer does not compute with."""
        if output.element != "float32" or inputs[0].element not in ("int8", "uint8"):
            raise self.error(
                f"makes {output.element} of {inputs[0].element}; it makes float32 of int8 or uint8"
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
class Softmax(LayerBase):
    """Softmax over channels, int8 in and out (scale 1/256, zero point −128)."""

    beta: float = 1.0

    def check_factors(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for scales from which no rescaling factor can be made."""
        softmax_factors(self.beta, inputs[0].scale)
        if (output.scale, output.zero_point) != (1 / 256, -128):
            raise NetworkError(
                f"its output has scale {output.scale!r} and zero point {output.zero_point}; "
                "int8 softmax has 1/256 and -128"
            )


@dataclass(frozen=True, kw_only=True)
class Concatenate(LayerBase):
    """Concatenation of int8 tensors with one scale along channels (axis 2)."""

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
