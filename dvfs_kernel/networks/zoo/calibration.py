"""Builds networks layer by layer: draws weights, runs pictures, and sets scales to what it sees.

A layer with random weights is normalised as batch normalisation would: each channel gets a weight
scale and a bias that give its outputs a mean near zero and a spread near one over the calibration
pictures. The output's scale then covers the range that occurs.

Everything that may depend on the order of additions is done in integers, and scales are rounded to
few bits, so that every machine builds the same network.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.networks.draws import Draws
from dvfs_kernel.networks.network import (
    Add,
    Convolution,
    Depthwise,
    FullyConnected,
    Layer,
    Mean,
    Network,
    Padding,
    Pool,
    Tensor,
    Upsample,
)
from dvfs_kernel.networks.quantisation import activation_range
from dvfs_kernel.networks.reference import run_layer
from dvfs_kernel.networks.reference.convolution import (
    convolution_sums,
    depthwise_sums,
    fully_connected_sums,
    requantize,
)
from dvfs_kernel.networks.zoo.pictures import dead_leaves

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.networks.tensor import Shape

__all__ = ["NetworkBuilder"]

_PICTURES = 3
_SCALE_BITS = 12
# Room above the range seen in calibration, for pictures not seen.
_HEADROOM = 1.125
# Least range of a fully connected layer's outputs, in standard deviations.
_CLASS_RANGE = 4.5

# Pixels of 0 … 255 as −1 … 1.
_INPUT_SCALE = float(np.float32(2 / 255))
_INPUT_ZERO_POINT = -1


def _round_up(value: float) -> float:
    """Round a positive number up to few significant bits, all of which single precision has."""
    fraction, exponent = math.frexp(value)
    return math.ldexp(math.ceil(fraction * (1 << _SCALE_BITS)), exponent - _SCALE_BITS)


class NetworkBuilder:
    """A network in the making. Methods append one layer and return the index of its output.

    Parameters
    ----------
    name
        Of the network.
    shape
        Of the input, (height, width, 3).
    seed
        Of the weights.
    """

    def __init__(self, name: str, shape: Shape, seed: int) -> None:
        self._name = name
        self._draws = Draws(seed)
        self._tensors = [
            Tensor("input", shape, scale=_INPUT_SCALE, zero_point=_INPUT_ZERO_POINT),
        ]
        self._layers: list[Layer] = []
        # Content of each tensor, for each picture.
        self._values: list[list[npt.NDArray[Any]]] = [
            [dead_leaves(shape, seed) for seed in range(_PICTURES)]
        ]

    def channels(self, tensor: int) -> int:
        """Return the channels of a feature map made so far."""
        return self._tensors[tensor].shape[2]

    def convolution(
        self,
        name: str,
        source: int,
        channels: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        activation: str = "relu6",
    ) -> int:
        """Append a square convolution, padded by half its kernel on every side."""
        shape = (channels, kernel, kernel, self.channels(source))
        layer = Convolution(
            name=name,
            inputs=(source,),
            output=len(self._tensors),
            weights=self._weights(shape),
            weight_scales=np.ones(channels),
            bias=np.zeros(channels, dtype=np.int32),
            stride=(stride, stride),
            padding=_around(kernel // 2),
        )
        zero_point = self._tensors[source].zero_point
        sums = [convolution_sums(layer, v, zero_point) for v in self._values[source]]
        return self._append_normalised(layer, sums, activation)

    def depthwise(self, name: str, source: int, *, kernel: int = 3, stride: int = 1) -> int:
        """Append a square depthwise convolution with ReLU6, padded by half its kernel."""
        channels = self.channels(source)
        layer = Depthwise(
            name=name,
            inputs=(source,),
            output=len(self._tensors),
            weights=self._weights((kernel, kernel, channels)),
            weight_scales=np.ones(channels),
            bias=np.zeros(channels, dtype=np.int32),
            stride=(stride, stride),
            padding=_around(kernel // 2),
        )
        zero_point = self._tensors[source].zero_point
        sums = [depthwise_sums(layer, v, zero_point) for v in self._values[source]]
        return self._append_normalised(layer, sums, "relu6")

    def fully_connected(self, name: str, source: int, rows: int) -> int:
        """Append a fully connected layer with one scale for all weights."""
        layer = FullyConnected(
            name=name,
            inputs=(source,),
            output=len(self._tensors),
            weights=self._weights((rows, self._tensors[source].size)),
            weight_scales=np.ones(1),
            bias=np.zeros(rows, dtype=np.int32),
        )
        zero_point = self._tensors[source].zero_point
        sums = [fully_connected_sums(layer, v, zero_point) for v in self._values[source]]
        return self._append_normalised(layer, sums, "none")

    def inverted_residual(
        self,
        name: str,
        source: int,
        middle: int,
        channels: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        residual: bool = False,
    ) -> int:
        """Append pointwise (unless `middle` is the input's), depthwise, pointwise, and addition."""
        inner = source
        if middle != self.channels(source):
            inner = self.convolution(f"{name}.expand", source, middle)
        inner = self.depthwise(f"{name}.depthwise", inner, kernel=kernel, stride=stride)
        inner = self.convolution(f"{name}.project", inner, channels, activation="none")
        return self.add(f"{name}.add", inner, source) if residual else inner

    def add(self, name: str, first: int, second: int) -> int:
        """Append an addition without activation."""
        reals = [
            self._real(first, a) + self._real(second, b)
            for a, b in zip(self._values[first], self._values[second], strict=True)
        ]
        scale, zero_point = _covering(
            min(float(r.min()) for r in reals), max(float(r.max()) for r in reals)
        )
        layer = Add(name=name, inputs=(first, second), output=len(self._tensors))
        return self._append(layer, self._tensors[first].shape, scale, zero_point)

    def max_pool(self, name: str, source: int) -> int:
        """Append a maximum over windows of 2 by 2."""
        layer = Pool(
            name=name,
            inputs=(source,),
            output=len(self._tensors),
            kind="max",
            kernel=(2, 2),
            stride=(2, 2),
        )
        return self._append_like(layer, source)

    def upsample(self, name: str, source: int) -> int:
        """Append a doubling of height and width."""
        layer = Upsample(name=name, inputs=(source,), output=len(self._tensors), factors=(2, 2))
        return self._append_like(layer, source)

    def mean(self, name: str, source: int) -> int:
        """Append the mean over height and width."""
        layer = Mean(name=name, inputs=(source,), output=len(self._tensors))
        return self._append_like(layer, source)

    def finish(self, outputs: tuple[int, ...]) -> Network:
        """Make the network."""
        network = Network(self._name, tuple(self._tensors), tuple(self._layers), 0, outputs)
        network.check()
        return network

    def _weights(self, shape: tuple[int, ...]) -> npt.NDArray[np.int8]:
        """Whole numbers with a triangular distribution over ±126."""
        first, second = self._draws.integers(-63, 64, shape), self._draws.integers(-63, 64, shape)
        return (first + second).astype(np.int8)

    def _real(self, tensor: int, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        described = self._tensors[tensor]
        real: npt.NDArray[np.float64] = described.scale * (
            values.astype(np.float64) - described.zero_point
        )
        return real

    def _append_normalised(
        self,
        layer: Convolution | Depthwise | FullyConnected,
        sums: list[npt.NDArray[np.int64]],
        activation: str,
    ) -> int:
        """Set weight scales, bias and output scale by the sums that the pictures give."""
        source = self._tensors[layer.inputs[0]]
        flat = np.concatenate([s.reshape(-1, s.shape[-1]) for s in sums])
        grouped = flat.reshape(-1, 1) if isinstance(layer, FullyConnected) else flat
        means, spreads = _moments(grouped)
        gains, offsets = self._gains_and_offsets(len(means), activation)
        scales = np.array(
            [
                _round_up(gain / (spread * source.scale))
                for gain, spread in zip(gains, spreads, strict=True)
            ]
        )
        bias = np.array(
            [
                int(offset * spread / gain) - mean
                for offset, spread, gain, mean in zip(offsets, spreads, gains, means, strict=True)
            ],
            dtype=np.int32,
        )
        bias = np.broadcast_to(bias, (flat.shape[1],)).copy()
        unit = scales * source.scale
        low = float(((flat.min(axis=0) + bias) * unit).min())
        high = float(((flat.max(axis=0) + bias) * unit).max())
        if activation == "relu6":
            low, high = 0.0, min(high, 6.0 / _HEADROOM)
        if isinstance(layer, FullyConnected):
            # One vector a picture is a small sample of values with a spread of one.
            low, high = min(low, -_CLASS_RANGE), max(high, _CLASS_RANGE)
        scale, zero_point = _covering(low, high)
        least, most = activation_range(activation, scale, zero_point)
        layer = replace(
            layer,
            weight_scales=scales,
            bias=bias,
            activation_min=least,
            activation_max=most,
        )
        output = Tensor(
            layer.name, (*sums[0].shape[:2], sums[0].shape[2]), scale=scale, zero_point=zero_point
        )
        self._tensors.append(output)
        self._layers.append(layer)
        self._values.append([requantize(layer, s, source, output) for s in sums])
        return layer.output

    def _gains_and_offsets(self, count: int, activation: str) -> tuple[list[float], list[float]]:
        """Spread and mean that each channel is given, in sixteenths."""
        if activation == "none":
            return [1.0] * count, [0.0] * count
        gains = self._draws.integers(16, 33, (count,)) / 16
        offsets = self._draws.integers(-8, 17, (count,)) / 16
        return gains.tolist(), offsets.tolist()

    def _append(self, layer: Layer, shape: Shape, scale: float, zero_point: int) -> int:
        output = Tensor(layer.name, shape, scale=scale, zero_point=zero_point)
        self._tensors.append(output)
        self._layers.append(layer)
        inputs = zip(*(self._values[i] for i in layer.inputs), strict=True)
        self._values.append([run_layer(layer, values, self._tensors) for values in inputs])
        return layer.output

    def _append_like(self, layer: Layer, source: int) -> int:
        """Append a layer whose output keeps scale and zero point."""
        described = self._tensors[source]
        shape = layer.output_shape([described])
        return self._append(layer, shape, described.scale, described.zero_point)


def _around(amount: int) -> Padding:
    return Padding(amount, amount, amount, amount)


def _moments(sums: npt.NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Mean and standard deviation of each column, rounded down, in exact arithmetic."""
    count = len(sums)
    totals = [int(t) for t in sums.sum(axis=0)]
    squares = [int(t) for t in (sums * sums).sum(axis=0)]
    means = [total // count for total in totals]
    spreads = [
        max(1, math.isqrt(count * square - total * total) // count)
        for total, square in zip(totals, squares, strict=True)
    ]
    return means, spreads


def _covering(low: float, high: float) -> tuple[float, int]:
    """Scale and zero point of int8 values that cover a range and the headroom around it."""
    low, high = min(low, 0.0) * _HEADROOM, max(high, 0.0) * _HEADROOM
    scale = _round_up(max(high - low, 1e-6) / 255)
    return scale, max(-128, min(127, -128 - math.floor(low / scale)))
