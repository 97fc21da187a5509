"""What the importer makes of a file: which layers, fused or folded, and what it refuses."""

import numpy as np
import pytest
from tflite_models import SAME, VALID
from tflite_writer import ModelWriter

from dvfs_kernel.errors import DvfsError, FileFormatError, UnsupportedOperatorError
from dvfs_kernel.networks import tflite_reader
from dvfs_kernel.networks.network import Padding

ZERO_POINT = 3
SCALE = 0.5


class Chain:
    """A model of operators in a row."""

    def __init__(self, dims, element="int8"):
        self.w = ModelWriter()
        self.map = self.feature_map(dims, element)
        self.w.inputs = (self.map,)

    @property
    def dims(self):
        return self.w.tensors[self.map].dims

    def feature_map(self, dims, element="int8", scale=SCALE, zero_point=ZERO_POINT):
        quantised = element in ("int8", "uint8")
        return self.w.tensor(
            f"map{len(self.w.tensors)}",
            dims,
            element,
            (scale,) if quantised else (),
            (zero_point,) if quantised else (),
        )

    def then(self, name, dims, *constants, options=None, element="int8", **quantisation):
        inputs = (self.map, *(self.w.constant(c) for c in constants))
        return self.reading(name, inputs, dims, options, element, **quantisation)

    def reading(self, name, inputs, dims, options=None, element="int8", **quantisation):
        output = self.feature_map(dims, element, **quantisation)
        self.w.operator(name, inputs, (output,), options)
        self.map = output
        return self

    def pad(self, top=1, bottom=1, left=1, right=1, *, channels=0, value=None):
        amounts = np.array([[0, 0], [top, bottom], [left, right], [0, channels]], np.int32)
        dims = tuple(int(n + a.sum()) for n, a in zip(self.dims, amounts, strict=True))
        if value is None:
            return self.then("PAD", dims, amounts)
        return self.then("PADV2", dims, amounts, np.array([value], np.int8))

    def convolution(self, channels=4, kernel=3, padding=VALID):
        _, height, width, depth = self.dims
        lost = kernel - 1 if padding == VALID else 0
        weights = self.w.constant(
            np.ones((channels, kernel, kernel, depth), np.int8), [0.1] * channels
        )
        bias = self.w.constant(np.zeros(channels, np.int32), [0.05] * channels)
        return self.reading(
            "CONV_2D",
            (self.map, weights, bias),
            (1, height - lost, width - lost, channels),
            window_options("Conv2DOptions", padding),
        )

    def depthwise(self, kernel=3):
        _, height, width, depth = self.dims
        weights = self.w.constant(
            np.ones((1, kernel, kernel, depth), np.int8), [0.1] * depth, dimension=3
        )
        return self.reading(
            "DEPTHWISE_CONV_2D",
            (self.map, weights),
            (1, height - kernel + 1, width - kernel + 1, depth),
            window_options("DepthwiseConv2DOptions", VALID),
        )

    def pool(self, name, kernel=2):
        _, height, width, depth = self.dims
        options = {
            "Padding": VALID,
            "StrideH": 1,
            "StrideW": 1,
            "FilterHeight": kernel,
            "FilterWidth": kernel,
            "FusedActivationFunction": 0,
        }
        dims = (1, height - kernel + 1, width - kernel + 1, depth)
        return self.reading(name, (self.map,), dims, ("Pool2DOptions", options))

    def fully_connected(self, columns, rows=2):
        weights = self.w.constant(np.ones((rows, columns), np.int8), [0.1])
        options = ("FullyConnectedOptions", {"FusedActivationFunction": 0})
        return self.reading("FULLY_CONNECTED", (self.map, weights), (1, rows), options)

    def transpose(self, *order):
        dims = tuple(self.dims[i] for i in order)
        return self.then("TRANSPOSE", dims, np.array(order, np.int32))

    def reshape(self, *dims):
        return self.then("RESHAPE", dims, np.array(dims, np.int32))

    def mean(self, axis):
        dims = self.dims[:axis] + self.dims[axis + 1 :]
        return self.then("MEAN", dims, np.array([axis], np.int32))

    def read(self, *more_outputs):
        self.w.outputs = (self.map, *more_outputs)
        return tflite_reader.read_bytes(self.w.finish(), "chain")

    def refused(self, error=UnsupportedOperatorError):
        with pytest.raises(DvfsError) as caught:
            self.read()
        assert isinstance(caught.value, error)
        return str(caught.value)


def window_options(kind, padding):
    names = ("StrideH", "StrideW", "DilationHFactor", "DilationWFactor")
    return (kind, {"Padding": padding, "FusedActivationFunction": 0, **dict.fromkeys(names, 1)})


def kinds(network):
    return [type(layer).__name__ for layer in network.layers]


@pytest.mark.parametrize("layer", ["convolution", "depthwise"])
def test_padding_goes_into_the_convolution_after_it(layer):
    network = getattr(Chain((1, 5, 6, 2)).pad(1, 2, 3, 4), layer)().read()
    assert len(network.layers) == 1
    assert network.layers[0].padding == Padding(1, 2, 3, 4)
    assert len(network.tensors) == 2


def test_padding_adds_to_a_convolutions_own():
    network = Chain((1, 5, 6, 2)).pad(1, 2, 3, 4).convolution(padding=SAME).read()
    assert network.layers[0].padding == Padding(2, 3, 4, 5)


def test_padding_with_another_value_stays():
    network = Chain((1, 5, 6, 2)).pad(value=ZERO_POINT + 1).convolution().read()
    assert kinds(network) == ["Pad", "Convolution"]
    assert network.layers[0].value == ZERO_POINT + 1
    same = Chain((1, 5, 6, 2)).pad(value=ZERO_POINT).convolution().read()
    assert kinds(same) == ["Convolution"]


def test_padding_that_something_else_reads_stays():
    chain = Chain((1, 5, 6, 2)).pad()
    padded = chain.map
    assert kinds(chain.convolution().read(padded)) == ["Pad", "Convolution"]
    chain = Chain((1, 5, 6, 2)).pad()
    padded = chain.map
    chain.convolution(padding=SAME)
    chain.map = padded
    chain.convolution()
    assert kinds(chain.read()) == ["Pad", "Convolution", "Convolution"]


def test_padding_before_pooling():
    maximum = Chain((1, 5, 6, 2)).pad(value=-128).pool("MAX_POOL_2D").read()
    assert kinds(maximum) == ["Pool"]
    assert maximum.layers[0].padding == Padding(1, 1, 1, 1)
    counted = Chain((1, 5, 6, 2)).pad(value=0).pool("MAX_POOL_2D").read()
    assert kinds(counted) == ["Pad", "Pool"]
    wide = Chain((1, 5, 6, 2)).pad(2, 2, 2, 2, value=-128).pool("MAX_POOL_2D").read()
    assert kinds(wide) == ["Pad", "Pool"]
    average = Chain((1, 5, 6, 2)).pad(value=-128).pool("AVERAGE_POOL_2D").read()
    assert kinds(average) == ["Pad", "Pool"]


def test_the_second_of_two_paddings_is_fused():
    network = Chain((1, 5, 6, 2)).pad(0, 0, 1, 1).pad(1, 1, 0, 0).convolution().read()
    assert kinds(network) == ["Pad", "Convolution"]
    assert network.layers[0].padding == Padding(0, 0, 1, 1)
    assert network.layers[1].padding == Padding(1, 1, 0, 0)


def test_means_over_transposed_axes_move_nothing():
    """The end of VWW: to channels first, two means over the last axis, fully connected."""
    network = Chain((1, 3, 4, 5)).transpose(0, 3, 1, 2).mean(3).mean(2).fully_connected(5).read()
    assert kinds(network) == ["Mean", "Mean", "FullyConnected"]
    assert [layer.axes for layer in network.layers[:2]] == [(1,), (0,)]


def test_reshapes_before_a_fully_connected_layer_move_nothing():
    network = Chain((1, 3, 4, 5)).reshape(1, 60).reshape(60, 1).fully_connected(60).read()
    assert kinds(network) == ["FullyConnected"]
    assert network.tensors[network.input].shape == (3, 4, 5)


def test_transpositions_that_move_nothing():
    network = Chain((1, 1, 4, 5)).transpose(0, 2, 1, 3).fully_connected(20).read()
    assert kinds(network) == ["FullyConnected"]
    there_and_back = Chain((1, 3, 4, 5)).transpose(0, 3, 1, 2).transpose(0, 2, 3, 1).convolution()
    assert kinds(there_and_back.read()) == ["Convolution"]


def test_transpositions_that_move_bytes():
    network = Chain((1, 3, 4, 5)).transpose(0, 3, 1, 2).convolution().read()
    assert kinds(network) == ["Transpose", "Convolution"]
    assert network.layers[0].permutation == (2, 0, 1)
    assert network.tensors[network.layers[0].output].shape == (5, 3, 4)
    last = Chain((1, 3, 4, 5)).convolution().transpose(0, 3, 1, 2).read()
    assert kinds(last) == ["Convolution", "Transpose"]


def test_reshapes_that_change_the_axes_copy():
    network = Chain((1, 3, 4, 5)).reshape(1, 4, 3, 5).convolution().read()
    assert kinds(network) == ["Copy", "Convolution"]
    assert network.tensors[network.layers[0].output].shape == (4, 3, 5)


def test_a_model_that_moves_nothing_copies_its_input():
    network = Chain((1, 3, 4, 5)).reshape(1, 60).read()
    assert kinds(network) == ["Copy"]
    assert network.tensors[network.outputs[0]].shape == (1, 1, 60)


@pytest.mark.parametrize("element", ["float32", "uint8"])
def test_other_inputs_are_quantised_on_the_board(element):
    network = Chain((1, 5, 5, 2), element).then("QUANTIZE", (1, 5, 5, 2)).convolution().read()
    assert kinds(network) == ["Quantize", "Convolution"]
    assert network.tensors[network.input].element == element


def test_layers_are_named_after_operator_and_place():
    network = Chain((1, 5, 6, 2)).pad().convolution().pool("MAX_POOL_2D").read()
    assert [layer.name for layer in network.layers] == ["conv_2d_1", "max_pool_2d_2"]
    assert network.name == "chain"


def test_one_weight_scale_for_all_channels():
    chain = Chain((1, 5, 5, 2)).convolution()
    weights = chain.w.tensors[1]
    weights.scales, weights.zero_points = (0.1,), (0,)
    assert chain.read().layers[0].weight_scales.tolist() == [float(np.float32(0.1))]


def test_refused_forms():
    assert "pads dimension 3" in Chain((1, 5, 6, 2)).pad(channels=1).refused()
    assert "2 vectors" in Chain((2, 5)).fully_connected(5).refused()
    assert "batch of 1" in Chain((2, 5, 6, 2)).convolution().refused()
    assert "batch of 1" in Chain((1, 2, 5, 6, 2)).fully_connected(120).refused()
    constant = Chain((1, 4))
    options = ("AddOptions", {"FusedActivationFunction": 0})
    other = constant.w.constant(np.ones((1, 4), np.int8), [0.1])
    constant.reading("ADD", (constant.map, other), (1, 4), options)
    assert "reads the constant" in constant.refused()
    for forms, dims in (({}, (1, 7, 6, 2)), ({"AlignCorners": True}, (1, 15, 18, 2))):
        resize = Chain((1, 5, 6, 2)).then(
            "RESIZE_NEAREST_NEIGHBOR",
            dims,
            np.array(dims[1:3], np.int32),
            options=("ResizeNearestNeighborOptions", forms),
        )
        assert "whole factors" in resize.refused()
    batch = Chain((1, 5, 6, 2))
    batch.reading(
        "CONCATENATION",
        (batch.map, batch.map),
        (2, 5, 6, 2),
        ("ConcatenationOptions", {"Axis": 0}),
    )
    assert "a batch" in batch.refused()
    shuffled = Chain((1, 8)).fully_connected(8)
    shuffled.w.operators[0].options[1]["WeightsFormat"] = 1
    assert "shuffled" in shuffled.refused()


def test_float_models_are_told_so():
    w = ModelWriter()
    source = w.tensor("source", (1, 8), "float32")
    output = w.tensor("output", (1, 8), "float32")
    options = ("AddOptions", {"FusedActivationFunction": 0})
    w.operator("ADD", (source, source), (output,), options)
    w.inputs, w.outputs = (source,), (output,)
    with pytest.raises(FileFormatError, match="not quantised to int8"):
        tflite_reader.read_bytes(w.finish(), "float")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Chain((1, 5, 6, 2)).reshape(1, 61), "numbers of elements differ"),
        (
            lambda: Chain((1, 5, 6, 2)).then("RESHAPE", (1, 60), np.array([1, 30, 2], np.int32)),
            "is to make shape [1, 30, 2]",
        ),
        (
            lambda: Chain((1, 5, 6, 2)).then("MEAN", (1, 5, 6), np.array([4], np.int32)),
            "averages over axes",
        ),
        (
            lambda: Chain((1, 5, 6, 2)).then("MEAN", (1, 5, 6), np.array([1], np.int32)),
            "the file says [1, 5, 6]",
        ),
        (
            lambda: Chain((1, 5, 6, 2)).then(
                "TRANSPOSE", (1, 5, 6, 2), np.array([0, 1, 1, 2], np.int32)
            ),
            "permutes 4 dimensions",
        ),
        (
            lambda: Chain((1, 5, 6, 2)).then("PAD", (1, 5, 6, 2), np.zeros((3, 2), np.int32)),
            "paddings of shape [3, 2]",
        ),
        (
            lambda: Chain((1, 5, 6, 2)).then("PAD", (1, 5, 6, 2), np.zeros((4, 2), np.float32)),
            "whole numbers",
        ),
        (
            lambda: Chain((1, 5, 6, 2)).then(
                "RESHAPE", (1, 60), np.array([1, 60], np.int32), scale=0.25
            ),
            "moves values unchanged",
        ),
        (lambda: Chain((1, 5, 6, 2)).pool("MAX_POOL_2D", kernel=0), "all are at least 1"),
        (lambda: Chain((1, 8)).fully_connected(9), "weights for 9 values"),
    ],
)
def test_contradictions(make, words):
    assert words in make().refused(FileFormatError)
