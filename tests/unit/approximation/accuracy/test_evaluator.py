"""The batch evaluator against the reference interpreter, byte for byte."""

from dataclasses import replace

import kernel_layers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import convolution, depthwise, fully_connected, one_layer, tensor, two_layers

from dvfs_kernel.approximation.accuracy.batch_layers import batch_function
from dvfs_kernel.approximation.accuracy.evaluator import Evaluator
from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.input_tensor import from_pixels
from dvfs_kernel.networks.network import Add, Dequantize, Network, Quantize, Tensor
from dvfs_kernel.networks.reference import run, run_layer

PIXELS = np.random.default_rng(3).integers(0, 256, (7, 6, 5, 2), dtype=np.uint8)


@pytest.mark.parametrize("kind", kernel_layers.ALL)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_every_layer_is_as_the_reference_has_it(kind, data):
    case = data.draw(kernel_layers.ALL[kind])
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    more = [
        [kernel_layers.values(random, array.shape, array.dtype.name) for array in case.inputs]
        for _ in range(2)
    ]
    images = [case.inputs, *more]
    batch = [np.stack(arrays) for arrays in zip(*images, strict=True)]
    outputs = batch_function(case.layer, case.tensors)(batch)
    for image, output in zip(images, outputs, strict=True):
        expected = run_layer(case.layer, image, case.tensors)
        assert output.dtype == expected.dtype
        np.testing.assert_array_equal(output, expected)


@pytest.mark.parametrize("taps", [515, 3000])
@pytest.mark.parametrize("magnitude", [1, 127])
def test_sums_beyond_single_precision_are_exact(taps, magnitude):
    random = np.random.default_rng(taps)
    weights = random.integers(-magnitude, magnitude, (5, taps), np.int8, endpoint=True)
    weights[0] = -magnitude
    bias = random.integers(-(2**31), 2**31 - 1, 5, dtype=np.int32)
    layer = fully_connected(5, taps, weights=weights, weight_scales=np.array([1e-6]), bias=bias)
    tensors = (tensor("a", (1, 1, taps), zero_point=127), tensor("b", (1, 1, 5), scale=3.0))
    batch = random.integers(-128, 128, (9, 1, 1, taps), np.int8)
    batch[0] = -128
    outputs = batch_function(layer, tensors)([batch])
    for image, output in zip(batch, outputs, strict=True):
        np.testing.assert_array_equal(output, run_layer(layer, [image], tensors))


def branched():
    """Pixels as floats in, a branch that skips a layer, real values out."""
    tensors = (
        Tensor("pixels", (6, 5, 2), "float32"),
        tensor("a", (6, 5, 2), scale=float(np.float32(1 / 255)), zero_point=-128),
        tensor("b", (6, 5, 4)),
        tensor("c", (6, 5, 4)),
        tensor("d", (6, 5, 4)),
        tensor("e", (1, 1, 3)),
        Tensor("real", (1, 1, 3), "float32"),
    )
    layers = (
        Quantize(name="quantize", inputs=(0,), output=1),
        convolution(inputs=(1,), output=2),
        depthwise(inputs=(2,), output=3),
        Add(name="add", inputs=(3, 2), output=4),
        fully_connected(3, 120, inputs=(4,), output=5),
        Dequantize(name="dequantize", inputs=(5,), output=6),
    )
    return Network("branched", tensors, layers, 0, (6,))


@pytest.mark.parametrize("network", [two_layers(), branched()], ids=lambda network: network.name)
def test_a_network_is_as_the_reference_has_it(network):
    evaluator = Evaluator(network)
    outputs = evaluator.run(PIXELS)
    stored = from_pixels(PIXELS, network)
    np.testing.assert_array_equal(outputs, evaluator.run(stored))
    for image, output in zip(stored, outputs, strict=True):
        expected = run(network, image)[network.outputs[0]]
        assert output.dtype == expected.dtype
        np.testing.assert_array_equal(output, expected)


def test_blocks_make_no_difference(monkeypatch):
    whole = Evaluator(branched()).run(PIXELS)
    monkeypatch.setattr("dvfs_kernel.approximation.accuracy.evaluator._BLOCK_BYTES", 20_000)
    evaluator = Evaluator(branched())
    np.testing.assert_array_equal(evaluator.run(PIXELS), whole)
    middle = evaluator.activations(PIXELS, 3)
    np.testing.assert_array_equal(evaluator.run_from(3, middle), whole)
    assert len(evaluator.run(PIXELS[:0])) == 0


@pytest.mark.parametrize("index", range(6))
def test_a_network_goes_on_from_any_layer(index):
    network = branched()
    evaluator = Evaluator(network)
    activations = evaluator.activations(PIXELS, index)
    for number, values in activations.items():
        for image, value in zip(from_pixels(PIXELS, network), values, strict=True):
            np.testing.assert_array_equal(value, run(network, image)[number])
    assert set(network.layers[index].inputs) <= set(activations)
    np.testing.assert_array_equal(evaluator.run_from(index, activations), evaluator.run(PIXELS))


def test_only_what_is_still_read_is_kept():
    evaluator = Evaluator(branched())
    assert set(evaluator.activations(PIXELS, 2)) == {2}
    assert set(evaluator.activations(PIXELS, 3)) == {2, 3}
    assert set(evaluator.activations(PIXELS, 4)) == {4}
    np.testing.assert_array_equal(
        evaluator.advance(evaluator.activations(PIXELS, 1), 1, 3)[3],
        evaluator.activations(PIXELS, 3)[3],
    )


def test_activations_are_not_written_to():
    evaluator = Evaluator(branched())
    activations = evaluator.activations(PIXELS, 2)
    before = {index: values.copy() for index, values in activations.items()}
    evaluator.run_from(2, activations)
    assert set(activations) == set(before)
    for index, values in before.items():
        np.testing.assert_array_equal(activations[index], values)


def test_a_layer_is_replaced_by_one_with_fewer_weights():
    network = branched()
    evaluator = Evaluator(network)
    layer = network.layers[2]
    thinned = replace(layer, weights=np.where(abs(layer.weights) < 4, 0, layer.weights))
    other = evaluator.replacing({2: thinned})
    rebuilt = Evaluator(
        replace(network, layers=(*network.layers[:2], thinned, *network.layers[3:]))
    )
    np.testing.assert_array_equal(other.run(PIXELS), rebuilt.run(PIXELS))
    np.testing.assert_array_equal(
        other.run_from(2, evaluator.activations(PIXELS, 2)), rebuilt.run(PIXELS)
    )
    assert other.network.layers[2] is thinned
    assert evaluator.network is network


def test_a_layer_that_reads_something_else_takes_no_place():
    with pytest.raises(NetworkError, match=r"'other'.* in the place of 'depthwise' .* read \(2,\)"):
        Evaluator(branched()).replacing({2: depthwise(name="other", inputs=(1,), output=3)})


def test_real_values_and_classes():
    network = one_layer(
        fully_connected(3, 4, weights=np.array([[1] * 4, [9] * 4, [9] * 4], np.int8)),
        tensor("a", (1, 1, 4)),
        tensor("b", (1, 1, 3), zero_point=-3),
    )
    images = np.full((2, 1, 1, 4), 120, np.int8)
    evaluator = Evaluator(network)
    outputs = evaluator.run(images)
    np.testing.assert_array_equal(evaluator.logits(images), 0.5 * (outputs[:, 0, 0] + 3.0))
    assert evaluator.predictions(images).tolist() == [1, 1]  # of equal ones, the first


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((6, 5, 2), np.uint8),
        np.zeros((3, 5, 6, 2), np.uint8),
        np.zeros((3, 6, 5, 2), np.float32),
    ],
)
def test_images_that_do_not_fit(images):
    with pytest.raises(NetworkError, match=r"takes \(images, 6, 5, 2\) of int8, or of uint8"):
        Evaluator(two_layers()).run(images)


def test_what_there_is_not():
    evaluator = Evaluator(branched())
    with pytest.raises(NetworkError, match="layer 6: branched has layers 0 to 5"):
        evaluator.activations(PIXELS, 6)
    with pytest.raises(NetworkError, match="from layer 3 on needs 'b' too"):
        evaluator.run_from(3, {3: np.zeros((1, 6, 5, 4), np.int8)})
    several = replace(two_layers(), outputs=(1, 2))
    with pytest.raises(NetworkError, match=r"2 outputs \('b', 'c'\); one output is allowed"):
        Evaluator(several).run(PIXELS)
