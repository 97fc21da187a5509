"""Quantisation keeps the numbers' meaning, in TensorFlow Lite's arithmetic."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.approximation.training.float_network import (
    FloatConvolution,
    FloatDense,
    FloatNetwork,
    FloatPool,
)
from dvfs_kernel.approximation.training.quantiser import quantise
from dvfs_kernel.errors import ArgumentError
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import fit_array
from dvfs_kernel.networks.network import Pool


def drawn(seed, side=8, channels=2, padding=1, pooled=True):
    """A network of two convolutions, of weights that keep the spread of what they read."""
    draws = np.random.default_rng(seed)

    def weights(*shape):
        spread = np.sqrt(2 / np.prod(shape[1:]))
        return (draws.standard_normal(shape) * spread).astype(np.float32)

    def bias(count):
        return (draws.standard_normal(count) * 0.2).astype(np.float32)

    layers = [FloatConvolution("first", weights(6, 3, 3, channels), bias(6), padding, relu=True)]
    side += 2 * padding - 2
    if pooled:
        layers.append(FloatPool("pool"))
        side //= 2
    layers.append(FloatConvolution("second", weights(4, 1, 1, 6), bias(4), 0, relu=True))
    layers.append(FloatDense("last", weights(5, side * side * 4), bias(5), relu=False))
    return FloatNetwork("drawn", (8, 8, channels), tuple(layers))


def pictures(seed, count, channels=2):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, channels), dtype=np.uint8)


def scores(network, images):
    """Real values of the outputs of the reference interpreter."""
    output = network.tensors[network.outputs[0]]
    stored = [
        reference.run(network, fit_array(image, network.tensors[0]))[network.outputs[0]]
        for image in images
    ]
    stored = np.array(stored, float).reshape(len(images), -1)
    return (stored - output.zero_point) * output.scale


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    channels=st.integers(1, 3),
    padding=st.integers(0, 1),
    pooled=st.booleans(),
)
def test_outputs_are_close_to_those_in_real_numbers(seed, channels, padding, pooled):
    network = drawn(seed, channels=channels, padding=padding, pooled=pooled)
    quantised = quantise(network, pictures(seed, 64, channels))
    quantised.check()
    seen = pictures(seed + 1, 16, channels)
    wanted = network.logits(seen)
    got = scores(quantised, seen)
    assert np.sqrt(((got - wanted) ** 2).mean()) < 0.05 * np.abs(wanted).max()


def test_every_number_is_one_that_the_format_has():
    quantised = quantise(drawn(1), pictures(1, 64))
    assert (quantised.tensors[0].scale, quantised.tensors[0].zero_point) == (
        float(np.float32(1 / 255)),
        -128,
    )
    for layer, (source, output) in zip(quantised.layers, pairwise(quantised.tensors), strict=True):
        assert output.scale == float(np.float32(output.scale)) > 0
        if isinstance(layer, Pool):
            assert output.quantisation == source.quantisation
            continue
        assert (layer.weight_scales > 0).all()
        assert (layer.weight_scales.astype(np.float32) == layer.weight_scales).all()
        assert layer.weights.min() >= -127
        if output is not quantised.tensors[-1]:
            assert (layer.activation_min, output.zero_point) == (-128, -128)


def test_a_bias_is_a_multiple_of_the_scales_of_input_and_weights():
    network = drawn(2)
    quantised = quantise(network, pictures(2, 256))
    first = quantised.layers[0]
    real = first.bias * first.weight_scales * quantised.tensors[0].scale
    # The correction by the mean error of quantised weights is small.
    np.testing.assert_allclose(real, network.layers[0].bias, atol=0.02)


def test_the_mean_error_of_each_output_vanishes():
    network = drawn(3)
    images = pictures(3, 200)
    quantised = quantise(network, images)
    error = (scores(quantised, images) - network.logits(images)).mean(axis=0)
    assert np.abs(error).max() < quantised.tensors[-1].scale / 4


def test_channels_and_maps_of_nothing_are_quantised_too():
    network = drawn(4)
    for layer in network.layers[:1]:
        layer.weights[:] = 0
        layer.bias[:] = -1
    quantised = quantise(network, pictures(4, 8))
    np.testing.assert_allclose(
        scores(quantised, pictures(5, 2)), network.logits(pictures(5, 2)), atol=0.02
    )


@pytest.mark.parametrize("images", [pictures(0, 0), pictures(0, 3, 1), pictures(0, 3) / 255])
def test_images_that_do_not_fit_are_refused(images):
    with pytest.raises(ArgumentError, match=r"at least one uint8 picture of \(8, 8, 2\)"):
        quantise(drawn(0), images)
