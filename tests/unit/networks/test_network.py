"""A network that passes its check can run; one that cannot run does not pass."""

from dataclasses import replace

import numpy as np
import pytest
from networks import convolution, depthwise, fully_connected, one_layer, tensor, two_layers

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.network import (
    Add,
    Concatenate,
    Copy,
    Dequantize,
    Mean,
    Pad,
    Padding,
    Pool,
    Quantize,
    Softmax,
    Transpose,
    Upsample,
)

A = tensor("a", (6, 5, 2))
ONE = {"name": "layer", "inputs": (0,), "output": 1}
TWO = {"name": "layer", "inputs": (0, 1), "output": 2}


def float_tensor(shape):
    return tensor("f", shape, element="float32", scale=0.0, zero_point=0)


def test_counts_operations_and_parameters():
    network = two_layers()
    network.check()
    assert network.macs == (6 * 5 * 4 * 18, 6 * 5 * 4 * 9)
    assert network.parameter_count == (72 + 4) + (36 + 4)
    assert one_layer(fully_connected(3, 60), A, tensor("b", (1, 1, 3))).macs == (180,)
    assert one_layer(Upsample(**ONE, factors=(2, 2)), A, tensor("b", (12, 10, 2))).macs == (0,)


def test_pointwise_is_one_by_one_without_stride_or_padding():
    bare = convolution((4, 1, 1, 2), padding=Padding())
    assert bare.is_pointwise
    assert not replace(bare, stride=(2, 1)).is_pointwise
    assert not replace(bare, padding=Padding(top=1)).is_pointwise
    assert not convolution().is_pointwise


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input": 3}, "tensor 3"),
        ({"input": -1}, "tensor -1"),
        ({"outputs": ()}, "0 outputs"),
        ({"outputs": (7,)}, "tensor 7"),
        ({"layers": ()}, "0 layers"),
        ({"layers": (depthwise(), convolution())}, "before it is written"),
        ({"layers": (convolution(),)}, "never written"),
        ({"layers": (convolution(), depthwise(output=1))}, "writes tensor 'b' again"),
        ({"layers": (convolution(), depthwise(output=0))}, "writes tensor 'a' again"),
        ({"layers": (convolution(), depthwise(output=9))}, "tensor 9"),
        ({"layers": (convolution(), depthwise(inputs=(-1,)))}, "tensor -1"),
        ({"layers": (convolution(), depthwise(inputs=(1, 1)))}, "has 2 inputs"),
        ({"layers": (convolution(), depthwise(inputs=()))}, "has 0 inputs"),
    ],
)
def test_impossible_graphs(changes, words):
    with pytest.raises(NetworkError) as caught:
        replace(two_layers(), **changes).check()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shape": (6, 5)}, "(height, width, channels)"),
        ({"shape": (6, 0, 2)}, "at least 1"),
        ({"element": "int4"}, "'int4'"),
        ({"scale": 0.0}, "positive and finite"),
        ({"scale": float("nan")}, "positive and finite"),
        ({"zero_point": 128}, "-128 to 127"),
        ({"element": "uint8", "zero_point": -1}, "0 to 255"),
        ({"element": "float32", "zero_point": 1}, "0 to 0"),
    ],
)
def test_impossible_tensors(changes, words):
    with pytest.raises(NetworkError) as caught:
        replace(A, **changes).check()
    assert words in str(caught.value)


IMPOSSIBLE = {
    "3 channels": (convolution((4, 3, 3, 3)), A, tensor("b", (6, 5, 4))),
    "makes (6, 5, 4)": (convolution(), A, tensor("b", (6, 4, 4))),
    "negative padding": (convolution(padding=Padding(-1)), A, tensor("b", (6, 5, 4))),
    "all are at least 1": (convolution(stride=(0, 1)), A, tensor("b", (6, 5, 4))),
    "larger than its padded input": (convolution(dilation=(4, 1)), A, tensor("b", (6, 5, 4))),
    "16,777,216 values are the most": (
        convolution(padding=Padding(top=1 << 21), dilation=(1 << 20, 1)),
        A,
        tensor("b", (6, 5, 4)),
    ),
    "clamps to 5 to 4": (
        convolution(activation_min=5, activation_max=4),
        A,
        tensor("b", (6, 5, 4)),
    ),
    "weights of float64": (convolution(weights=np.ones((4, 3, 3, 2))), A, A),
    "not 4 int32": (convolution(bias=np.zeros(3, np.int32)), A, A),
    "(3,) weight scales": (convolution(weight_scales=np.ones(3)), A, A),
    "negative or not finite": (convolution(weight_scales=np.full(4, -0.5)), A, A),
    "rescaling factor": (
        convolution(weight_scales=np.full(4, 1e30)),
        A,
        tensor("b", (6, 5, 4)),
    ),
    "computes with int8": (convolution(), A, float_tensor((6, 5, 4))),
    "the multiplier is 3": (
        depthwise(inputs=(0,), output=1, multiplier=3),
        A,
        tensor("b", (6, 5, 4)),
    ),
    "weights for 59 values": (fully_connected(3, 59), A, tensor("b", (1, 1, 3))),
    "the smaller one": (Add(**TWO), A, tensor("b", (6, 1, 2)), A),
    "output scale above": (Add(**TWO), A, A, replace(A, scale=1e-9)),
    "'median'": (Pool(**ONE, kind="median", kernel=(2, 2)), A, A),
    "outside the feature map": (
        Pool(**ONE, kind="max", kernel=(2, 2), padding=Padding(top=2)),
        A,
        tensor("b", (7, 4, 2)),
    ),
    "moves values unchanged": (Upsample(**ONE, factors=(1, 1)), A, replace(A, scale=0.6)),
    "at least 1": (Upsample(**ONE, factors=(0, 1)), A, A),
    "subset of (0, 1, 2)": (Mean(**ONE, axes=(0, 3)), A, A),
    "averages over axes (1, 1)": (Mean(**ONE, axes=(1, 1)), A, A),
    "no int8 value": (Pad(**ONE, padding=Padding(), value=200), A, A),
    "has a negative padding": (Pad(**ONE, padding=Padding(left=-1), value=0), A, A),
    "makes float32 of int8": (Quantize(**ONE), A, float_tensor((6, 5, 2))),
    "makes int8 of int8": (Dequantize(**ONE), A, A),
    "no permutation": (Transpose(**ONE, permutation=(0, 0, 1)), A, A),
    "(5, 6, 3) at its output": (Copy(**ONE), A, tensor("b", (5, 6, 3))),
    "a copy keeps": (Copy(**ONE), A, replace(A, zero_point=0)),
    "1/256 and -128": (Softmax(**ONE), A, A),
    "softmax with beta": (Softmax(**ONE, beta=0.0), A, A),
    "along axis 5": (Concatenate(**TWO, axis=5), A, A, A),
    "cannot join": (Concatenate(**TWO), A, tensor("b", (6, 4, 2)), A),
}


@pytest.mark.parametrize("words", sorted(IMPOSSIBLE))
def test_impossible_layers(words):
    layer, *tensors = IMPOSSIBLE[words]
    network = one_layer(layer, *tensors)
    # The second input, where there is one, is another name of the first.
    layer = replace(layer, inputs=(0,) * len(layer.inputs)) if len(tensors) < 3 else layer
    with pytest.raises(NetworkError) as caught:
        layer.check([network.tensors[i] for i in layer.inputs], network.tensors[layer.output])
    assert words in str(caught.value)
    assert repr(layer.name) in str(caught.value)


def test_inputs_that_do_not_fit():
    network = two_layers()
    with pytest.raises(NetworkError, match=r"shape \(6, 4, 2\) and type int8"):
        reference.run(network, np.zeros((6, 4, 2), np.int8))
    with pytest.raises(NetworkError, match=r"type float64"):
        reference.run(network, np.zeros((6, 5, 2)))


def test_floats_beyond_all_steps_saturate():
    network = one_layer(
        Quantize(**ONE), float_tensor((1, 1, 5)), tensor("b", (1, 1, 5), zero_point=7)
    )
    network.check()
    values = np.array([[[np.nan, np.inf, -np.inf, 1e30, -3e38]]], np.float32)
    assert reference.run(network, values)[1].reshape(-1).tolist() == [7, 127, -128, 127, -128]
