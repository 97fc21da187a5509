"""Layers for the kernels, drawn by hypothesis: a layer, its tensors and its inputs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from dvfs_kernel.networks.network import (
    Add,
    Concatenate,
    Convolution,
    Copy,
    Depthwise,
    Dequantize,
    FullyConnected,
    Mean,
    Pad,
    Padding,
    Pool,
    Quantize,
    Softmax,
    Tensor,
    Transpose,
    Upsample,
)

__all__ = ["ALL", "SINGLE_FORM", "TWO_FORMS", "Case", "convolutions", "depthwises", "pointwises"]

SEEDS = st.integers(0, 2**32 - 1)
ZEROS = st.one_of(st.sampled_from([-128, 0, 127]), st.integers(-128, 127))
# What a layer's sums are multiplied by: as in networks; with shift 0; with a shift to the left; and
# with one so far to the right that little or nothing remains.
FACTORS = {
    "usual": (2e-4, 2e-2),
    "near one": (0.4, 1.0),
    "left": (1.0, 300.0),
    "tiny": (1e-12, 1e-7),
}
NAMES = {"name": "drawn", "inputs": (0,), "output": 1}


@dataclass(frozen=True)
class Case:
    """What a kernel needs to run."""

    layer: Any
    tensors: tuple[Tensor, ...]
    inputs: tuple[Any, ...]


def values(random, shape, element="int8"):
    """Stored values: all over the range, at its ends only, or one value."""
    if element == "float32":
        return random.normal(0, 3, shape).astype(np.float32)
    limits = np.iinfo(element)
    kind = random.integers(4)
    if kind == 0:
        return random.choice(np.array([limits.min, limits.max], element), shape)
    if kind == 1:
        return np.full(shape, random.choice([limits.min, limits.max]), element)
    return random.integers(limits.min, limits.max, shape, element, endpoint=True)


def int8(shape, scale=0.05, zero_point=0):
    return Tensor("t", shape, "int8", scale, zero_point)


@st.composite
def arithmetic(draw, random, channels, scale_counts=None):
    """Keyword arguments of bias, scales and clamp, and the tensors' scales and zero points."""
    low, high = FACTORS[draw(st.sampled_from(["usual"] * 4 + sorted(FACTORS)))]
    count = channels if draw(st.booleans()) or scale_counts is None else scale_counts
    factors = np.exp(random.uniform(np.log(low), np.log(high), count))
    input_scale, output_scale = (float(np.float32(s)) for s in random.uniform(0.01, 0.1, 2))
    bias_limit = draw(st.sampled_from([0, 1000, 10**6, 2**30, 2**31 - 1]))
    activation = draw(st.sampled_from([(-128, 127), (-128, 127), (-128, 90), (-100, 127), (-5, 6)]))
    return (
        {
            "weight_scales": factors * output_scale / input_scale,
            "bias": random.integers(-bias_limit, bias_limit, channels, np.int32, endpoint=True),
            "activation_min": activation[0],
            "activation_max": activation[1],
        },
        (input_scale, draw(ZEROS)),
        (output_scale, draw(ZEROS)),
    )


def windowed(layer, shape, source, target, random):
    """Case of a layer with one input, its output's shape being the layer's own rule."""
    first = int8(shape, *source)
    tensors = (first, int8(layer.output_shape([first]), *target))
    return Case(layer, tensors, (values(random, shape),))


@st.composite
def paddings(draw, most=3):
    return Padding(*(draw(st.integers(0, most)) for _ in range(4)))


def kernel_within(draw, shape, padding, kernels, dilations):
    """A kernel and a dilation that fit a padded feature map."""
    padded = (
        shape[0] + padding.top + padding.bottom,
        shape[1] + padding.left + padding.right,
    )
    pairs = [
        (k, d)
        for k in kernels
        for d in dilations
        if all((n - 1) * e < size for n, e, size in zip(k, d, padded, strict=True))
    ]
    return draw(st.sampled_from(pairs))


@st.composite
def pointwises(draw):
    random = np.random.default_rng(draw(SEEDS))
    shape = (draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 40)))
    channels = draw(st.integers(1, 20))
    arguments, source, target = draw(arithmetic(random, channels))
    layer = Convolution(**NAMES, weights=values(random, (channels, 1, 1, shape[2])), **arguments)
    return windowed(layer, shape, source, target, random)


@st.composite
def convolutions(draw):
    random = np.random.default_rng(draw(SEEDS))
    shape = (draw(st.integers(1, 9)), draw(st.integers(1, 12)), draw(st.integers(1, 6)))
    channels = draw(st.integers(1, 7))
    padding = draw(paddings())
    sides = [(i, j) for i in range(1, 6) for j in range(1, 6)]
    kernel, dilation = kernel_within(
        draw, shape, padding, [(1, 1), *[(3, 3)] * 5, *sides], [(1, 1)] * 3 + [(2, 1), (1, 3)]
    )
    arguments, source, target = draw(arithmetic(random, channels))
    layer = Convolution(
        **NAMES,
        weights=values(random, (channels, *kernel, shape[2])),
        stride=(draw(st.integers(1, 3)), draw(st.integers(1, 3))),
        dilation=dilation,
        padding=padding,
        **arguments,
    )
    assume(not layer.is_pointwise)
    return windowed(layer, shape, source, target, random)


@st.composite
def fully_connecteds(draw):
    random = np.random.default_rng(draw(SEEDS))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 70)))
    channels = draw(st.integers(1, 20))
    arguments, source, target = draw(arithmetic(random, channels, 1))
    layer = FullyConnected(
        **NAMES, weights=values(random, (channels, shape[0] * shape[1] * shape[2])), **arguments
    )
    return windowed(layer, shape, source, target, random)


@st.composite
def depthwises(draw, *, fast):
    """Depthwise layers; 3×3, 5×5, 7×7 of stride 1 or 2 without dilation, or any."""
    random = np.random.default_rng(draw(SEEDS))
    shape = (draw(st.integers(1, 13)), draw(st.integers(1, 13)), draw(st.integers(1, 37)))
    padding = draw(paddings())
    if fast:
        kernels, dilations = [(size, size) for size in (3, 5, 7)], [(1, 1)]
        padding = Padding(*(side + 3 for side in vars(padding).values()))
        stride = (draw(st.integers(1, 2)),) * 2
    else:
        kernels = [(i, j) for i in range(1, 5) for j in range(1, 5)]
        dilations = [(1, 1), (2, 1), (1, 2), (2, 3)]
        stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    kernel, dilation = kernel_within(draw, shape, padding, kernels, dilations)
    multiplier = draw(st.sampled_from([1, 1, 1, 2, 3]))
    channels = shape[2] * multiplier
    arguments, source, target = draw(arithmetic(random, channels))
    layer = Depthwise(
        **NAMES,
        weights=values(random, (*kernel, channels)),
        multiplier=multiplier,
        stride=stride,
        dilation=dilation,
        padding=padding,
        **arguments,
    )
    return windowed(layer, shape, source, target, random)


@st.composite
def shapes(draw, most=9):
    return tuple(draw(st.integers(1, most)) for _ in range(3))


@st.composite
def additions(draw):
    random = np.random.default_rng(draw(SEEDS))
    shape = draw(shapes())
    other = draw(st.sampled_from([shape, (1, 1, shape[2]), (1, 1, 1)]))
    first, second = (shape, other) if draw(st.booleans()) else (other, shape)
    scales = [float(np.float32(s)) for s in np.exp(random.uniform(-6, 0, 2))]
    ratio = draw(st.sampled_from([0.5, 1.0, 2.0, 1e-4, 3e-6, 100.0, 1e4]))
    tensors = (
        int8(first, scales[0], draw(ZEROS)),
        int8(second, scales[1], draw(ZEROS)),
        int8(shape, float(np.float32(max(scales) * ratio)), draw(ZEROS)),
    )
    low, high = draw(st.sampled_from([(-128, 127), (-128, 127), (-20, 100)]))
    layer = Add(name="drawn", inputs=(0, 1), output=2, activation_min=low, activation_max=high)
    return Case(layer, tensors, (values(random, first), values(random, second)))


@st.composite
def pools(draw):
    random = np.random.default_rng(draw(SEEDS))
    shape = draw(shapes())
    kernel = (draw(st.integers(1, shape[0])), draw(st.integers(1, shape[1])))
    low, high = draw(st.sampled_from([(-128, 127), (-10, 20)]))
    layer = Pool(
        **NAMES,
        kind=draw(st.sampled_from(["max", "average"])),
        kernel=kernel,
        stride=(draw(st.integers(1, 3)), draw(st.integers(1, 3))),
        padding=Padding(*(draw(st.integers(0, kernel[axis] - 1)) for axis in (0, 0, 1, 1))),
        activation_min=low,
        activation_max=high,
    )
    quantisation = (0.05, draw(ZEROS))
    return windowed(layer, shape, quantisation, quantisation, random)


@st.composite
def means(draw):
    random = np.random.default_rng(draw(SEEDS))
    axes = draw(st.sets(st.integers(0, 2)))
    layer = Mean(**NAMES, axes=tuple(sorted(axes)))
    scales = [float(np.float32(s)) for s in np.exp(random.uniform(-4, 0, 2))]
    source, target = ((scale, draw(ZEROS)) for scale in scales)
    return windowed(layer, draw(shapes()), source, target, random)


@st.composite
def softmaxes(draw):
    random = np.random.default_rng(draw(SEEDS))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 200)))
    scale = float(np.float32(np.exp(random.uniform(-6, 1))))
    layer = Softmax(**NAMES, beta=draw(st.sampled_from([1.0, 0.5, 2.0])))
    return windowed(layer, shape, (scale, draw(ZEROS)), (1 / 256, -128), random)


@st.composite
def representations(draw):
    """Quantisation of floats, requantisation, dequantisation."""
    random = np.random.default_rng(draw(SEEDS))
    shape = draw(shapes())

    def stored(element):
        limits = np.iinfo(element)
        scale = float(np.float32(np.exp(random.uniform(-5, 0))))
        return Tensor("t", shape, element, scale, draw(st.integers(limits.min, limits.max)))

    first = draw(st.sampled_from(["float32", "int8", "uint8"]))
    to_float = first != "float32" and draw(st.booleans())
    source = Tensor("t", shape, "float32") if first == "float32" else stored(first)
    target = (
        Tensor("t", shape, "float32")
        if to_float
        else stored(draw(st.sampled_from(["int8", "uint8"])))
    )
    array = values(random, shape, first)
    if first == "float32":
        special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-40]
        halves = target.scale * (random.integers(-300, 300, shape) + np.float32(0.5))
        array = np.where(random.random(shape) < 0.5, halves, array)
        array = np.where(random.random(shape) < 0.1, random.choice(special, shape), array)
    layer = Dequantize(**NAMES) if to_float else Quantize(**NAMES)
    return Case(layer, (source, target), (array.astype(first),))


@st.composite
def movements(draw):
    """Upsampling, padding, transposition and copies."""
    random = np.random.default_rng(draw(SEEDS))
    shape = draw(shapes())
    kind = draw(st.sampled_from(["upsample", "pad", "transpose", "copy", "copy of floats"]))
    if kind == "upsample":
        layer = Upsample(**NAMES, factors=(draw(st.integers(1, 3)), draw(st.integers(1, 3))))
    elif kind == "pad":
        layer = Pad(**NAMES, padding=draw(paddings()), value=draw(ZEROS))
    elif kind == "transpose":
        layer = Transpose(**NAMES, permutation=tuple(draw(st.permutations(range(3)))))
    else:
        layer = Copy(**NAMES)
        element = "int8" if kind == "copy" else "float32"
        size = shape[0] * shape[1] * shape[2]
        tensors = tuple(Tensor("t", s, element, 0.1) for s in (shape, (1, 1, size)))
        return Case(layer, tensors, (values(random, shape, element),))
    return windowed(layer, shape, (0.05, 3), (0.05, 3), random)


@st.composite
def concatenations(draw):
    random = np.random.default_rng(draw(SEEDS))
    shape = draw(shapes())
    axis = draw(st.integers(0, 2))
    lengths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=16))
    sources = [tuple(n if i == axis else shape[i] for i in range(3)) for n in lengths]
    order = draw(st.permutations(range(len(lengths))))
    layer = Concatenate(name="drawn", inputs=tuple(order), output=len(lengths), axis=axis)
    tensors = [int8(source) for source in sources]
    tensors.append(int8(layer.output_shape([tensors[i] for i in order])))
    return Case(layer, tuple(tensors), tuple(values(random, sources[i]) for i in order))


SINGLE_FORM = {
    "convolution": convolutions(),
    "fully connected": fully_connecteds(),
    "add": additions(),
    "pool": pools(),
    "mean": means(),
    "softmax": softmaxes(),
    "representation": representations(),
    "movement": movements(),
    "concatenate": concatenations(),
}
TWO_FORMS = {
    "pointwise": pointwises(),
    "depthwise": depthwises(fast=True),
    "any depthwise": depthwises(fast=False),
}
ALL = {**SINGLE_FORM, **TWO_FORMS}
