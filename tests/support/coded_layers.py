"""Layers that can have code of their own, drawn by hypothesis.

Their scales keep sums within the bounded form of requantisation, which code needs; everything else
is as wild as it gets.
"""

from dataclasses import replace

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from kernel_layers import NAMES, SEEDS, ZEROS, Case, int8, values

from dvfs_kernel.image.rescaling import folded_bias
from dvfs_kernel.networks.network import Convolution, Depthwise, FullyConnected, Padding

__all__ = ["CODED", "PLANES", "PRODUCTS", "TILES", "convolution_case", "depthwise_case"]

CLAMPS = [
    (-128, 127), (-128, 127), (-128, 90), (-100, 127), (-5, 6), (-128, -20), (-90, -20), (0, 127),
    (-128, -128), (127, 127),
]  # fmt: skip
# What sums at their bound become, in steps of the output: little, all of int8, far beyond it.
_REACHES = (20.0, 2000.0)


def zeroed(draw, random, weights, channel_axis):
    """Return weights with some zeros: single ones, one lane of each pair, whole channels."""
    kind = draw(st.sampled_from(["none", "none", "single", "lanes", "channels"]))
    weights = weights.copy()
    if kind == "single":
        weights[random.random(weights.shape) < draw(st.sampled_from([0.3, 0.9, 1.0]))] = 0
    elif kind == "lanes":
        weights[..., draw(st.integers(0, 3)) :: 4] = 0
        weights[..., draw(st.integers(0, 3)) :: 4] = 0
    elif kind == "channels":
        channels = np.moveaxis(weights, channel_axis, 0)
        channels[random.random(len(channels)) < 0.5] = 0
    return weights


def bounded(random, layer, rows, source_zero, scales):
    """Return a layer with weight scales that the bounded form takes; rows of (channel, tap)."""
    _, largest = folded_bias(layer.bias, rows, source_zero)
    low, high = np.log(_REACHES)
    reach = np.exp(random.uniform(low, high, len(rows)))
    factors = np.minimum(reach / np.maximum(largest, 1), 0.49)
    # Twice the product, and the output's offset, have to fit 32 bits behind a shift of up to 23.
    factors = np.maximum(factors, 2.0**-22)
    if isinstance(layer, FullyConnected):
        factors = factors.min(keepdims=True)
    return replace(layer, weight_scales=factors * scales[1] / scales[0])


def finished(draw, random, layer, rows, shape):
    """Return a case: the layer with scales and clamp, its tensors, an input."""
    scales = tuple(float(np.float32(scale)) for scale in random.uniform(0.01, 0.1, 2))
    source = int8(shape, scales[0], draw(ZEROS))
    low, high = draw(st.sampled_from(CLAMPS))
    layer = replace(layer, activation_min=low, activation_max=high)
    layer = bounded(random, layer, rows, source.zero_point, scales)
    target = int8(layer.output_shape([source]), scales[1], draw(ZEROS))
    return Case(layer, (source, target), (values(random, shape),))


def biases(draw, random, channels, most=2**28):
    limit = draw(st.sampled_from([0, 1000, 10**6, most]))
    return random.integers(-limit, limit, channels, np.int32, endpoint=True)


def convolution_case(
    draw, shape, channels, kernel, stride=(1, 1), dilation=(1, 1), padding=None, largest_bias=2**28
):
    """Draw the rest of a convolution."""
    random = np.random.default_rng(draw(SEEDS))
    weights = zeroed(draw, random, values(random, (channels, *kernel, shape[2])), 0)
    layer = Convolution(
        **NAMES,
        weights=weights,
        weight_scales=np.ones(channels),
        bias=biases(draw, random, channels, largest_bias),
        stride=stride,
        dilation=dilation,
        padding=padding or Padding(0, 0, 0, 0),
    )
    return finished(draw, random, layer, weights.reshape(channels, -1), shape)


def depthwise_case(draw, shape, kernel, stride=(1, 1), padding=None):
    """Draw the rest of a depthwise layer."""
    random = np.random.default_rng(draw(SEEDS))
    channels = shape[2]
    weights = zeroed(draw, random, values(random, (*kernel, channels)), 2)
    layer = Depthwise(
        **NAMES,
        weights=weights,
        weight_scales=np.ones(channels),
        bias=biases(draw, random, channels),
        multiplier=1,
        stride=stride,
        padding=padding or Padding(0, 0, 0, 0),
    )
    return finished(draw, random, layer, weights.reshape(-1, channels).T, shape)


SIDES = st.integers(1, 9)


@st.composite
def pointwises(draw):
    shape = (draw(SIDES), draw(SIDES), draw(st.integers(1, 40)))
    return convolution_case(draw, shape, draw(st.integers(1, 11)), (1, 1))


@st.composite
def convolutions(draw):
    shape = (draw(SIDES), draw(st.integers(1, 12)), draw(st.integers(1, 7)))
    padding = Padding(*(draw(st.integers(0, 3)) for _ in range(4)))
    dilation = draw(st.sampled_from([(1, 1)] * 3 + [(2, 1), (1, 2), (3, 2)]))
    kernel = draw(st.sampled_from([(3, 3)] * 2 + [(i, j) for i in range(1, 6) for j in (1, 2, 5)]))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    padded = (shape[0] + padding.top + padding.bottom, shape[1] + padding.left + padding.right)
    assume(all((k - 1) * d < n for k, d, n in zip(kernel, dilation, padded, strict=True)))
    assume(kernel != (1, 1) or stride != (1, 1) or any(vars(padding).values()))
    return convolution_case(draw, shape, draw(st.integers(1, 7)), kernel, stride, dilation, padding)


@st.composite
def long_products(draw):
    """So many inputs that a streamed piece loops over them, by all counts of columns."""
    pixels = draw(st.sampled_from([(1, 1), (1, 2), (3, 1), (2, 2), (1, 5)]))
    channels = draw(st.integers(193, 520))
    return convolution_case(draw, (*pixels, channels), draw(st.integers(1, 5)), (1, 1))


@st.composite
def fully_connecteds(draw):
    random = np.random.default_rng(draw(SEEDS))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 40)))
    channels = draw(st.integers(1, 19))
    size = shape[0] * shape[1] * shape[2]
    weights = zeroed(draw, random, values(random, (channels, size)), 0)
    layer = FullyConnected(
        **NAMES, weights=weights, weight_scales=np.ones(1), bias=biases(draw, random, channels)
    )
    return finished(draw, random, layer, weights, shape)


@st.composite
def depthwises(draw):
    shape = (draw(st.integers(1, 13)), draw(st.integers(1, 13)), draw(st.integers(1, 37)))
    padding = Padding(*(draw(st.integers(0, 4)) for _ in range(4)))
    kernel = (draw(st.integers(1, 9)), draw(st.integers(1, 7)))
    stride = (draw(st.integers(1, 2)), draw(st.integers(1, 3)))
    padded = (shape[0] + padding.top + padding.bottom, shape[1] + padding.left + padding.right)
    assume(all(k <= n for k, n in zip(kernel, padded, strict=True)))
    # Else its windows lie in the padding alone.
    assume((padded[1] - kernel[1]) // stride[1] * stride[1] + kernel[1] > padding.left)
    return depthwise_case(draw, shape, kernel, stride, padding)


@st.composite
def tall_depthwises(draw):
    """Maps whose planes do not fit at once, and such that are made in several turns."""
    shape = draw(
        st.sampled_from(
            [(97, 50, 33), (150, 1, 40), (48, 97, 5), (64, 80, 32), (31, 13, 3), (70, 30, 64)]
        )
    )
    size = draw(st.sampled_from([3, 5, 7]))
    padding = Padding(*(draw(st.integers(0, size // 2)) for _ in range(2)), size // 2, size // 2)
    stride = draw(st.sampled_from([(1, 1), (2, 2)]))
    return depthwise_case(
        draw, shape, (size, min(size, shape[1] + 2 * (size // 2))), stride, padding
    )


# Input, output channels, kernel: rows and blocks that reach farther than a load or a store does,
# too many channels for an address in the code, too many values for a piece that widens them.
_FAR_PRODUCTS = [
    ((3, 300, 16), 2, (3, 3)),
    ((2, 2, 4), 1400, (1, 1)),
    ((4, 1, 2), 1024, (1, 1)),
    ((2, 3, 1281), 2, (1, 1)),
    ((12, 3, 2), 3, (11, 1)),
    ((3, 40, 5), 2, (2, 30)),
]
_FAR_PLANES = [(5, 5, 1500), (3, 3, 2047), (6, 250, 4), (4, 320, 1), (9, 1, 700)]


@st.composite
def far_products(draw):
    shape, channels, kernel = draw(st.sampled_from(_FAR_PRODUCTS))
    padding = Padding(*[int(kernel == (3, 3))] * 4)
    return convolution_case(draw, shape, channels, kernel, padding=padding)


@st.composite
def far_depthwises(draw):
    shape = draw(st.sampled_from(_FAR_PLANES))
    padding = Padding(*(draw(st.integers(0, 1)) for _ in range(2)), 1, 1)
    return depthwise_case(draw, shape, (3, 3), draw(st.sampled_from([(1, 1), (2, 2)])), padding)


@st.composite
def tiles(draw):
    """3 × 3 with stride 1 and whole words of channels, which Winograd's filtering takes."""
    channels = draw(st.sampled_from([4, 8, 12, 20, 68, 132]))
    shape = (draw(st.integers(1, 9)), draw(st.integers(1, 11)), channels)
    padding = Padding(*(draw(st.integers(0, 3)) for _ in range(4)))
    padded = (shape[0] + padding.top + padding.bottom, shape[1] + padding.left + padding.right)
    assume(min(padded) >= 3)
    outputs = draw(st.integers(1, 7))
    # Sums stay below 2^28, which is all that filtering takes.
    return convolution_case(draw, shape, outputs, (3, 3), padding=padding, largest_bias=2**27)


PRODUCTS = {
    "pointwise": pointwises(),
    "convolution": convolutions(),
    "long product": long_products(),
    "fully connected": fully_connecteds(),
    "far product": far_products(),
}
PLANES = {
    "depthwise": depthwises(),
    "tall depthwise": tall_depthwises(),
    "far depthwise": far_depthwises(),
}
TILES = {"tiles": tiles()}
CODED = {**PRODUCTS, **PLANES, **TILES}
