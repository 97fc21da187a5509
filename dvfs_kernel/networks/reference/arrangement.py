"""Layers that move bytes and compute nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.network import Concatenate, Copy, Pad, Tensor, Transpose, Upsample

__all__ = ["concatenate", "copy", "pad", "transpose", "upsample"]

Array = npt.NDArray[Any]


def concatenate(
    layer: Concatenate, values: Sequence[Array], _inputs: Sequence[Tensor], _output: Tensor
) -> Array:
    """Join along one axis."""
    return np.concatenate(values, axis=layer.axis)


def copy(_layer: Copy, values: Sequence[Array], _inputs: Sequence[Tensor], output: Tensor) -> Array:
    """Give the same bytes another shape."""
    return values[0].reshape(output.shape)


def pad(layer: Pad, values: Sequence[Array], _inputs: Sequence[Tensor], _output: Tensor) -> Array:
    """Rows and columns of one stored value around a feature map."""
    padding = layer.padding
    return np.pad(
        values[0],
        ((padding.top, padding.bottom), (padding.left, padding.right), (0, 0)),
        constant_values=layer.value,
    )


def transpose(
    layer: Transpose, values: Sequence[Array], _inputs: Sequence[Tensor], _output: Tensor
) -> Array:
    """Permutation of the axes."""
    return np.ascontiguousarray(np.transpose(values[0], layer.permutation))


def upsample(
    layer: Upsample, values: Sequence[Array], _inputs: Sequence[Tensor], _output: Tensor
) -> Array:
    """Each element repeated over a block of factors[0] × factors[1]."""
    return np.repeat(np.repeat(values[0], layer.factors[0], axis=0), layer.factors[1], axis=1)
