"""Random int8 models of every operator that can be imported."""

import numpy as np
from hypothesis import strategies as st
from tflite_writer import ModelWriter

# NONE, RELU, RELU_N1_TO_1, RELU6
ACTIVATIONS = (0, 1, 2, 3)
SAME, VALID = 0, 1


class Model(bytes):
    """A file's bytes; a failing test names what is in it."""

    def __repr__(self):
        return f"<model of {len(self)} bytes: {self.summary}>"


class Drawing:
    """A model in the making: one feature map at hand, to which operators are appended."""

    def __init__(self, draw):
        self.draw = draw
        self.random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.writer = ModelWriter()
        self.map = None

    def one_of(self, *values):
        return self.draw(st.sampled_from(values))

    def scale(self, low=0.002, high=0.3):
        return float(np.float32(np.exp(self.random.uniform(np.log(low), np.log(high)))))

    def zero_point(self):
        return int(self.random.integers(-128, 128))

    def feature_map(self, dims, element="int8", scale=None, zero_point=None):
        """Add a tensor without content; the next operator writes it."""
        quantised = element in ("int8", "uint8")
        if zero_point is None:
            zero_point = self.zero_point() + (128 if element == "uint8" else 0)
        return self.writer.tensor(
            f"map_{len(self.writer.tensors)}",
            tuple(dims),
            element,
            (scale or self.scale(),) if quantised else (),
            (zero_point,) if quantised else (),
        )

    def start(self, dims, element="int8", scale=None, zero_point=None):
        self.map = self.feature_map(dims, element, scale, zero_point)
        self.writer.inputs = (self.map,)

    @property
    def record(self):
        return self.writer.tensors[self.map]

    @property
    def quantisation(self):
        return {"scale": self.record.scales[0], "zero_point": self.record.zero_points[0]}

    def append(self, name, inputs, dims, options=None, element="int8", **quantisation):
        output = self.feature_map(dims, element, **quantisation)
        self.writer.operator(name, inputs, (output,), options)
        self.map = output

    def weights(self, shape, dimension, *, per_channel=True):
        """Add weights; returns their index, their scales and a plausible output scale."""
        count = shape[dimension] if per_channel else 1
        scales = [self.scale(0.001, 0.05) for _ in range(count)]
        data = self.random.integers(-127, 128, shape, dtype=np.int8)
        return self.writer.constant(data, scales, dimension), scales

    def bias(self, channels, weight_scales, *, optional=True):
        if not optional or self.one_of(True, True, False):
            data = self.random.integers(-20000, 20000, channels, dtype=np.int32)
            scales = [self.record.scales[0] * scale for scale in weight_scales]
            return (self.writer.constant(data, scales),)
        return ()

    def output_scale(self, terms, weight_scales):
        """Most outputs inside int8, some beyond."""
        spread = self.record.scales[0] * max(weight_scales) * 73 * 73 * terms**0.5
        return float(np.float32(spread / 60 * self.random.uniform(0.3, 3)))


def add(d):
    other = d.one_of("same", "self", "scalar", "channels")
    first = d.map
    dims = d.record.dims
    if other == "self":
        second = first
    else:
        # Another view of the input: requantised, and reduced where it is to be broadcast.
        d.append("QUANTIZE", (first,), dims)
        if other == "channels" and len(dims) == 4:
            d.append(
                "AVERAGE_POOL_2D",
                (d.map,),
                (1, 1, 1, dims[3]),
                _pool_options(VALID, (1, 1), dims[1:3], 0),
                **d.quantisation,
            )
        if other == "scalar":
            axes = d.writer.constant(np.arange(1, len(dims), dtype=np.int32))
            d.append(
                "MEAN", (d.map, axes), (1,) * len(dims), ("ReducerOptions", {"KeepDims": True})
            )
        second = d.map
    pair = (first, second) if d.one_of(True, False) else (second, first)
    scale = max(d.writer.tensors[i].scales[0] for i in pair) * d.random.uniform(0.2, 3)
    d.append(
        "ADD",
        pair,
        dims,
        ("AddOptions", {"FusedActivationFunction": d.one_of(*ACTIVATIONS)}),
        scale=float(np.float32(scale)),
    )


def _pool_options(padding, stride, kernel, activation):
    return (
        "Pool2DOptions",
        {
            "Padding": padding,
            "StrideH": stride[0],
            "StrideW": stride[1],
            "FilterHeight": kernel[0],
            "FilterWidth": kernel[1],
            "FusedActivationFunction": activation,
        },
    )


def _window(d, dims, *, dilated):
    """Draw kernel, stride, dilation and padding that fit; returns them and the output size."""
    padding = d.one_of(SAME, VALID)
    kernel, stride, dilation, size = [], [], [], []
    for length in dims[1:3]:
        k = d.draw(st.integers(1, min(length, 7)))
        s = d.draw(st.integers(1, 3))
        most = (length - 1) // (k - 1) if k > 1 else 1
        rate = d.draw(st.integers(1, min(most, 3))) if dilated and k > 1 else 1
        # The interpreter takes a dilation or a stride, not both.
        s = 1 if rate > 1 else s
        extent = (k - 1) * rate + 1
        kernel.append(k)
        stride.append(s)
        dilation.append(rate)
        size.append(-(-length // s) if padding == SAME else (length - extent) // s + 1)
    return padding, tuple(kernel), tuple(stride), tuple(dilation), tuple(size)


def _pool(name):
    def append(d):
        dims = d.record.dims
        padding, kernel, stride, _, size = _window(d, dims, dilated=False)
        d.append(
            name,
            (d.map,),
            (1, *size, dims[3]),
            _pool_options(padding, stride, kernel, d.one_of(*ACTIVATIONS)),
            **d.quantisation,
        )

    return append


def convolution(d):
    dims = d.record.dims
    if d.one_of(True, False):
        padding, kernel, stride, dilation, size = VALID, (1, 1), (1, 1), (1, 1), dims[1:3]
    else:
        padding, kernel, stride, dilation, size = _window(d, dims, dilated=True)
    channels = d.draw(st.integers(1, 12))
    weights, scales = d.weights((channels, *kernel, dims[3]), 0, per_channel=d.one_of(True, False))
    bias = d.bias(channels, scales, optional=False)
    d.append(
        "CONV_2D",
        (d.map, weights, *bias),
        (1, *size, channels),
        (
            "Conv2DOptions",
            {
                "Padding": padding,
                "StrideH": stride[0],
                "StrideW": stride[1],
                "DilationHFactor": dilation[0],
                "DilationWFactor": dilation[1],
                "FusedActivationFunction": d.one_of(*ACTIVATIONS),
            },
        ),
        scale=d.output_scale(kernel[0] * kernel[1] * dims[3], scales),
    )


def depthwise(d):
    dims = d.record.dims
    padding, kernel, stride, dilation, size = _window(d, dims, dilated=True)
    multiplier = d.draw(st.integers(1, 3))
    channels = dims[3] * multiplier
    weights, scales = d.weights((1, *kernel, channels), 3)
    bias = d.bias(channels, scales)
    d.append(
        "DEPTHWISE_CONV_2D",
        (d.map, weights, *bias),
        (1, *size, channels),
        (
            "DepthwiseConv2DOptions",
            {
                "Padding": padding,
                "StrideH": stride[0],
                "StrideW": stride[1],
                "DilationHFactor": dilation[0],
                "DilationWFactor": dilation[1],
                "DepthMultiplier": multiplier,
                "FusedActivationFunction": d.one_of(*ACTIVATIONS),
            },
        ),
        scale=d.output_scale(kernel[0] * kernel[1], scales),
    )


def fully_connected(d):
    columns = int(np.prod(d.record.dims))
    rows = d.draw(st.integers(1, 12))
    weights, scales = d.weights((rows, columns), 0, per_channel=d.one_of(True, False))
    bias = d.bias(rows, scales)
    d.append(
        "FULLY_CONNECTED",
        (d.map, weights, *bias),
        (1, rows),
        ("FullyConnectedOptions", {"FusedActivationFunction": d.one_of(*ACTIVATIONS)}),
        scale=d.output_scale(columns, scales),
    )


def concatenation(d):
    first, dims = d.map, d.record.dims
    d.append("QUANTIZE", (first,), dims, **d.quantisation)
    others = d.draw(st.lists(st.sampled_from([first, d.map]), min_size=1, max_size=3))
    axis = d.draw(st.integers(1, len(dims) - 1))
    joined = list(dims)
    joined[axis] *= len(others) + 1
    d.append(
        "CONCATENATION",
        (d.map, *others),
        joined,
        ("ConcatenationOptions", {"Axis": axis - d.one_of(0, len(dims))}),
        **d.quantisation,
    )


def mean(d):
    dims = d.record.dims
    axes = d.draw(st.sets(st.integers(1, len(dims) - 1), min_size=1))
    keep = d.one_of(True, False)
    kept = tuple(1 if i in axes else n for i, n in enumerate(dims))
    dropped = tuple(n for i, n in enumerate(dims) if i not in axes)
    signed = np.array([axis - d.one_of(0, len(dims)) for axis in axes], np.int32)
    same = d.quantisation if d.one_of(True, False) else {}
    d.append(
        "MEAN",
        (d.map, d.writer.constant(signed)),
        kept if keep else dropped,
        ("ReducerOptions", {"KeepDims": keep}),
        **same,
    )


def pad(d):
    dims = d.record.dims
    amounts = np.zeros((4, 2), np.int32)
    amounts[1:3] = d.draw(
        st.lists(st.integers(0, 3), min_size=4, max_size=4).map(lambda v: np.reshape(v, (2, 2)))
    )
    padded = tuple(int(n + a.sum()) for n, a in zip(dims, amounts, strict=True))
    inputs = (d.map, d.writer.constant(amounts))
    if d.one_of(True, False):
        d.append("PAD", inputs, padded, ("PadOptions", {}), **d.quantisation)
        return
    value = np.array([d.one_of(-128, d.record.zero_points[0], 5)], np.int8)
    fill = d.writer.constant(value)
    record = d.writer.tensors[fill]
    record.scales, record.zero_points = d.record.scales, d.record.zero_points
    d.append("PADV2", (*inputs, fill), padded, ("PadV2Options", {}), **d.quantisation)


def quantize(d):
    d.append("QUANTIZE", (d.map,), d.record.dims, element=d.one_of("int8", "uint8"))
    if d.record.element == "uint8":
        d.append("QUANTIZE", (d.map,), d.record.dims)


def reshape(d):
    dims = d.record.dims
    size = int(np.prod(dims))
    shapes = [
        (1, *dims[1:]),
        (1, size),
        (1, 1, 1, size),
        (1, size, 1, 1),
        (1, 1, size, 1),
        (size,),
        (1, dims[1], size // dims[1]),
        (1, size // dims[-1], 1, dims[-1]),
    ]
    target = d.draw(st.sampled_from(shapes))
    new = d.writer.constant(np.array(target, np.int32))
    d.append("RESHAPE", (d.map, new), target, ("ReshapeOptions", {}), **d.quantisation)


def resize(d):
    dims = d.record.dims
    factors = d.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    size = (dims[1] * factors[0], dims[2] * factors[1])
    # Aligned corners are plain repetition up to a factor of two.
    corners = max(factors) < 3 and d.one_of(True, False)
    d.append(
        "RESIZE_NEAREST_NEIGHBOR",
        (d.map, d.writer.constant(np.array(size, np.int32))),
        (1, *size, dims[3]),
        (
            "ResizeNearestNeighborOptions",
            {"AlignCorners": corners, "HalfPixelCenters": not corners and d.one_of(True, False)},
        ),
        **d.quantisation,
    )


def softmax(d):
    d.append(
        "SOFTMAX",
        (d.map,),
        d.record.dims,
        ("SoftmaxOptions", {"Beta": d.one_of(1.0, 0.5, 2.0)}),
        scale=1 / 256,
        zero_point=-128,
    )


def transpose(d):
    dims = d.record.dims
    order = (0, *d.draw(st.permutations(range(1, len(dims)))))
    d.append(
        "TRANSPOSE",
        (d.map, d.writer.constant(np.array(order, np.int32))),
        tuple(dims[i] for i in order),
        ("TransposeOptions", {}),
        **d.quantisation,
    )


# Each appends to a four-dimensional int8 feature map.
OPERATORS = {
    "ADD": add,
    "AVERAGE_POOL_2D": _pool("AVERAGE_POOL_2D"),
    "CONCATENATION": concatenation,
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": _pool("MAX_POOL_2D"),
    "MEAN": mean,
    "PAD": pad,
    "QUANTIZE": quantize,
    "RESHAPE": reshape,
    "RESIZE_NEAREST_NEIGHBOR": resize,
    "SOFTMAX": softmax,
    "TRANSPOSE": transpose,
}
# Those that take any number of dimensions.
ANY_RANK = (
    "ADD",
    "CONCATENATION",
    "FULLY_CONNECTED",
    "MEAN",
    "QUANTIZE",
    "RESHAPE",
    "SOFTMAX",
    "TRANSPOSE",
)


@st.composite
def models(draw, names, most=1, ends=("int8",), last=None):
    """Bytes of a model with 1 to `most` of the named operators in a row.

    `ends` are the element types that the model's input may have; a float model quantises at its
    start and dequantises at its end. `last` names one more operator that comes at the end.
    """
    d = Drawing(draw)
    end = d.one_of(*ends)
    dims = (1, *draw(st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 6))))
    d.start(dims, end, scale=d.scale(0.02, 0.3))
    if end != "int8":
        d.append("QUANTIZE", (d.map,), dims)
    for _ in range(draw(st.integers(1, most))):
        shape = d.record.dims
        fitting = [
            name
            for name in names
            if (len(shape) == 4 and np.prod(shape) < 3000)
            or (1 < len(shape) < 4 and name in ANY_RANK)
        ]
        if not fitting:
            break
        OPERATORS[draw(st.sampled_from(fitting))](d)
    if last is not None:
        OPERATORS[last](d)
    if end == "float32":
        d.append("DEQUANTIZE", (d.map,), d.record.dims, element="float32")
    d.writer.outputs = (d.map,)
    model = Model(d.writer.finish())
    model.summary = ", ".join(
        f"{operator.name} {d.writer.tensors[operator.outputs[0]].dims}"
        for operator in d.writer.operators
    )
    return model
