"""Layers that compute each output element from the input elements at its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.layers.base import ClampedLayer, LayerBase
from dvfs_kernel.networks.quantisation import add_factors, quantize_multiplier, softmax_factors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.tensor import Shape, Tensor

__all__ = ["Add", "Dequantize", "Quantize", "Softmax"]


@dataclass(frozen=True, kw_only=True)
class Add(ClampedLayer):
    """Element-wise sum of two tensors of one shape, or of one and a (1, 1, C) or scalar one."""

    input_counts: ClassVar[tuple[int, int]] = (2, 2)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Shape of the output."""
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
