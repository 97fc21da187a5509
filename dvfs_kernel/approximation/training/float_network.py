"""A trained classifier in real numbers: a chain of layers, batch normalisation folded in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["FloatConvolution", "FloatDense", "FloatLayer", "FloatNetwork", "FloatPool"]

# Images that are worked on at once: bounds the memory that columns take.
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class FloatConvolution(ByContent):
    """A convolution with stride 1.

    Parameters
    ----------
    name
        Of the layer.
    weights
        float32, (out channels, kernel height, kernel width, in channels).
    bias
        float32, one an output channel.
    padding
        Pixels of real value 0 on every side.
    relu
        Whether negative outputs become 0.
    """

    name: str
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    padding: int
    relu: bool

    def run(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return (N, height, width, out channels) for (N, height, width, in channels)."""
        channels, height, width, depth = self.weights.shape
        around = (self.padding, self.padding)
        padded = np.pad(values, ((0, 0), around, around, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
        columns = windows.transpose(0, 1, 2, 4, 5, 3)
        count, rows, row_width = columns.shape[:3]
        flat = columns.reshape(count * rows * row_width, height * width * depth)
        out = flat @ self.weights.reshape(channels, -1).T + self.bias
        return _activate(out, self.relu).reshape(count, rows, row_width, channels)


@dataclass(frozen=True)
class FloatPool:
    """The maximum over windows of 2 by 2; an odd row or column at the end is left out."""

    name: str

    def run(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return (N, height/2, width/2, channels) for (N, height, width, channels)."""
        height, width = values.shape[1] // 2 * 2, values.shape[2] // 2 * 2
        even = values[:, :height, :width]
        rows = np.maximum(even[:, ::2], even[:, 1::2])
        return np.maximum(rows[:, :, ::2], rows[:, :, 1::2])


@dataclass(frozen=True, eq=False)
class FloatDense(ByContent):
    """A fully connected layer.

    Parameters
    ----------
    name
        Of the layer.
    weights
        float32, (out, in); inputs in the order height, width, channel.
    bias
        float32, one an output.
    relu
        Whether negative outputs become 0.
    """

    name: str
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    relu: bool

    def run(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return (N, 1, 1, out) for (N, height, width, channels)."""
        out = values.reshape(len(values), -1) @ self.weights.T + self.bias
        return _activate(out, self.relu)[:, None, None, :]


FloatLayer = FloatConvolution | FloatPool | FloatDense


@dataclass(frozen=True)
class FloatNetwork:
    """Layers, each of which reads what the one before it made.

    Parameters
    ----------
    name
        Of the network.
    shape
        Of the input: height, width, channels. Its real values are pixels / 255.
    layers
        First to last.
    """

    name: str
    shape: tuple[int, int, int]
    layers: tuple[FloatLayer, ...]

    def logits(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the last layer's outputs (N, classes) for images (N, height, width, channels)."""
        chunks = []
        for start in range(0, len(images), _CHUNK):
            values = images[start : start + _CHUNK].astype(np.float32) / np.float32(255)
            for layer in self.layers:
                values = layer.run(values)
            chunks.append(values.reshape(len(values), -1))
        return np.concatenate(chunks)


def _activate(values: npt.NDArray[np.float32], relu: bool) -> npt.NDArray[np.float32]:
    return np.maximum(values, np.float32(0)) if relu else values
