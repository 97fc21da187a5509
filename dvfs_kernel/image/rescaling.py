"""How sums of products become int8: multipliers and shifts in the fastest form that is exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dvfs_kernel.link import abi
from dvfs_kernel.networks.network import FullyConnected
from dvfs_kernel.networks.quantisation import (
    convolution_factors,
    fully_connected_factors,
    quantize_multipliers,
)
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from dvfs_kernel.networks.layers.weighted import WeightedLayer
    from dvfs_kernel.networks.network import Tensor

__all__ = ["Rescale", "folded_bias", "rescale", "weighted_rescale"]

Int64 = npt.NDArray[np.int64]

# Bounded requantisation: twice a sum fits 32 bits, and the zero point fits ahead of the shift.
_SUM_LIMIT = (1 << 30) - 1
_SHIFT_LIMITS = (1, abi.BOUNDED_SHIFT_MAX)


@dataclass(frozen=True, eq=False)
class Rescale(ByContent):
    """How sums of each output channel become int8."""

    multiplier: Int64
    shift: Int64  # right
    form: abi.Requantisation = abi.Requantisation.EXACT

    @property
    def doubling(self) -> int:
        """By what the kernels want sums, and so biases, multiplied."""
        return 1 if self.form == abi.Requantisation.EXACT else 2

    def bounded_numbers(self, zero_point: int) -> Int64:
        """Return (multiplier, offset, shift) of each channel, as the bounded forms want them."""
        offsets = np.int64(2 * zero_point + 1) << (self.shift - 1)
        return np.stack([self.multiplier, offsets, self.shift], axis=1)


def rescale(
    factors: npt.NDArray[np.float64],
    largest_sums: Int64,
    zero_point: int,
    activation: tuple[int, int],
) -> Rescale:
    """Multipliers and right shifts, in the fastest form that is exact.

    Parameters
    ----------
    factors
        Sum → output factor of each channel.
    largest_sums
        A bound of each channel's absolute sums.
    zero_point
        Of the output.
    activation
        The clamp, least and greatest stored value.
    """
    multipliers, shifts = (array.astype(np.int64) for array in quantize_multipliers(factors))
    right = -shifts
    if (largest_sums > _SUM_LIMIT).any():
        return Rescale(multipliers, right)
    products = ((largest_sums * multipliers) >> 31) + 1
    # A channel of which nothing is left after the shift (dead ones have tiny weight scales) may as
    # well have the multiplier 0, which goes with any shift.
    vanishing = products < (np.int64(1) << np.maximum(right - 1, 0))
    bounded = np.where(vanishing, 0, multipliers)
    bounded_right = np.where(vanishing | (multipliers == 0), 1, right)
    low, high = _SHIFT_LIMITS
    if (bounded_right < low).any() or (bounded_right > high).any():
        return Rescale(multipliers, right)
    offsets = abs(2 * zero_point + 1) << (bounded_right - 1)
    if (products + offsets + 1 >= 1 << 31).any():
        return Rescale(multipliers, right)
    form = abi.Requantisation.SATURATE if activation == (-128, 127) else abi.Requantisation.CLAMP
    return Rescale(bounded, bounded_right, form)


def weighted_rescale(
    layer: WeightedLayer, largest_sums: Int64, source: Tensor, output: Tensor
) -> Rescale:
    """Return how a layer with weights rescales the sums of each output channel."""
    scales_to_factors = (
        fully_connected_factors if isinstance(layer, FullyConnected) else convolution_factors
    )
    factors = scales_to_factors(source.scale, layer.weight_scales, output.scale)
    return rescale(
        np.broadcast_to(factors, largest_sums.shape),
        largest_sums,
        output.zero_point,
        (layer.activation_min, layer.activation_max),
    )


def folded_bias(
    bias: npt.NDArray[np.int32], rows: npt.NDArray[np.int8], zero_point: int
) -> tuple[Int64, Int64]:
    """Bias for raw int8 inputs, and a bound of the absolute sums; rows of (channel, tap)."""
    wide = rows.astype(np.int64)
    folded = bias.astype(np.int64) - zero_point * wide.sum(axis=1)
    return folded, np.abs(folded) + 128 * np.abs(wide).sum(axis=1)
