"""What layers have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, ClassVar, Final

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.tensor import Padding, Shape, Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST_PADDED", "ClampedLayer", "LayerBase", "WindowedLayer"]

#: Values of a padded input: 32 times what the board's RAM holds. Padding costs a file nothing, and
#: whoever runs the network on a computer lays it out.
MOST_PADDED: Final = 1 << 24


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


@dataclass(frozen=True, kw_only=True)
class ClampedLayer(LayerBase):
    """A layer with a fused activation.

    Parameters
    ----------
    activation_min, activation_max
        Clamp in stored int8 values.
    """

    activation_min: int = -128
    activation_max: int = 127

    def check_elements(self, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Raise NetworkError for element types or a clamp that the layer cannot have."""
        super().check_elements(inputs, output)
        low, high = self.activation_min, self.activation_max
        if not -128 <= low <= high <= 127:
            raise self.error(f"clamps to {low} to {high}; allowed are limits in order within int8")


@dataclass(frozen=True, kw_only=True)
class WindowedLayer(ClampedLayer):
    """A layer that slides a window over a padded feature map.

    Parameters
    ----------
    stride
        Down and to the right.
    padding
        Around the feature map.
    """

    stride: tuple[int, int] = (1, 1)
    padding: Padding = field(default_factory=Padding)

    def window_shape(
        self, source: Tensor, kernel: tuple[int, int], dilation: tuple[int, int], channels: int
    ) -> Shape:
        """Shape of the output for a kernel; raises NetworkError where it does not fit.

        Padding beyond `MOST_PADDED` does not fit, either.
        """
        padding = self.padding
        if min(padding.top, padding.bottom, padding.left, padding.right) < 0:
            raise self.error(f"has a negative padding: {padding}")
        if min(*kernel, *self.stride, *dilation) < 1:
            raise self.error(
                f"has kernel {kernel}, stride {self.stride}, dilation {dilation}; "
                "all are at least 1"
            )
        padded = (
            source.shape[0] + padding.top + padding.bottom,
            source.shape[1] + padding.left + padding.right,
        )
        if prod(padded) * source.shape[2] > MOST_PADDED:
            raise self.error(
                f"pads its input of {source.shape} to a height and width of {padded}; with all "
                f"channels {MOST_PADDED:,} values are the most"
            )
        spans = [
            size - ((k - 1) * d + 1) for size, k, d in zip(padded, kernel, dilation, strict=True)
        ]
        if min(spans) < 0:
            raise self.error(
                f"has a kernel of {kernel} with dilation {dilation}, "
                f"larger than its padded input of {padded}"
            )
        return spans[0] // self.stride[0] + 1, spans[1] // self.stride[1] + 1, channels
