"""The built-in networks with seeded weights: published architectures, live activations."""

import zlib

import numpy as np
import pytest

from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks import reference, zoo
from dvfs_kernel.networks.network import Add, Convolution, Depthwise, FullyConnected, Pool, Upsample
from dvfs_kernel.networks.zoo.pictures import dead_leaves

# Multiply-accumulates, parameters, input shape, output shapes, layers.
PUBLISHED = {
    "vww": (11_578_816, 426_634, (80, 80, 3), [(1, 1, 2)], 55),
    "person_detection": (
        18_296_320,
        163_494,
        (128, 160, 3),
        [(16, 20, 18), (8, 10, 18), (4, 5, 18)],
        70,
    ),
    "mobilenet_v2": (23_499_152, 744_072, (144, 144, 3), [(1, 1, 1000)], 64),
}

# Of all weights, biases and scales: every machine has to draw and calibrate the same network.
FINGERPRINTS = {
    "vww": 2124811507,
    "person_detection": 3058663159,
    "mobilenet_v2": 1787085858,
}


@pytest.fixture(scope="module", params=zoo.SEEDED)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def network(name):
    return zoo.load(name)


@pytest.fixture(scope="module")
def results(network):
    """All tensors, for three pictures that calibration has not seen."""
    shape = network.tensors[network.input].shape
    return [reference.run(network, dead_leaves(shape, seed)) for seed in (2000, 2001, 2002)]


def test_sizes(name, network):
    network.check()
    macs, parameters, source, outputs, layers = PUBLISHED[name]
    assert sum(network.macs) == macs
    assert network.parameter_count == parameters
    assert network.tensors[network.input].shape == source
    assert [network.tensors[i].shape for i in network.outputs] == outputs
    assert len(network.layers) == layers


def test_layer_names_are_distinct(network):
    names = [layer.name for layer in network.layers]
    assert len(set(names)) == len(names)


def test_shares_of_operations():
    """Stem, pointwise, depthwise and the rest, from the published tables."""

    def share(name, kind):
        network = zoo.load(name)
        return sum(
            macs
            for layer, macs in zip(network.layers, network.macs, strict=True)
            if isinstance(layer, kind)
        )

    assert share("vww", Depthwise) == 2_232_192
    assert share("vww", Convolution) == 691_200 + 8_655_104
    assert share("vww", FullyConnected) == 320
    assert share("person_detection", Depthwise) == 2_183_040
    assert share("person_detection", Convolution) == 2_211_840 + 13_901_440
    assert share("mobilenet_v2", Depthwise) == 3_605_904
    assert share("mobilenet_v2", Convolution) == 2_239_488 + 17_205_760
    assert share("mobilenet_v2", FullyConnected) == 448_000


def test_depthwise_kernels_of_vww():
    """Nine of 3, two of 5, four of 7."""
    kernels = [
        layer.weights.shape[0] for layer in zoo.load("vww").layers if isinstance(layer, Depthwise)
    ]
    assert kernels == [3, 3, 3, 3, 7, 3, 5, 7, 7, 3, 3, 5, 3, 3, 7]


def test_operators_of_person_detection():
    layers = zoo.load("person_detection").layers
    counts = [sum(isinstance(layer, kind) for layer in layers) for kind in (Add, Upsample, Pool)]
    assert counts == [11, 2, 2]


def test_every_machine_builds_the_same_network(name, network):
    crc = 0
    for layer in network.layers:
        if isinstance(layer, Convolution | Depthwise | FullyConnected):
            for part in (layer.weights, layer.bias, layer.weight_scales):
                crc = zlib.crc32(np.ascontiguousarray(part).tobytes(), crc)
    scales = [(t.scale, t.zero_point) for t in network.tensors]
    assert zlib.crc32(np.array(scales).tobytes(), crc) == FINGERPRINTS[name]
    assert zoo.load(name) is network


def test_scales_are_single_precision_numbers(network):
    for tensor in network.tensors:
        assert float(np.float32(tensor.scale)) == tensor.scale
    for layer in network.layers:
        scales = getattr(layer, "weight_scales", np.zeros(1))
        assert (scales.astype(np.float32) == scales).all()


def test_activations_do_not_saturate(network, results):
    for layer in network.layers:
        tensor = network.tensors[layer.output]
        values = np.concatenate([r[layer.output].reshape(-1) for r in results])
        saturated = np.mean(values == 127)
        if tensor.zero_point > -128:
            saturated += np.mean(values == -128)
        # A vector of two values has no fraction of them that is small.
        assert saturated <= 0.03 or saturated * values.size <= 2, layer.name


def test_activations_do_not_collapse(network, results):
    for layer in network.layers:
        values = np.concatenate([r[layer.output].reshape(-1) for r in results])
        zero = network.tensors[layer.output].zero_point
        assert np.mean(values == zero) < 0.7, layer.name
        shares = np.bincount(values.astype(int) + 128) / values.size
        shares = shares[shares > 0]
        entropy_bits = -(shares * np.log2(shares)).sum()
        assert entropy_bits > min(4, 0.8 * np.log2(values.size)), layer.name


def test_outputs_tell_pictures_apart(network, results):
    for index in network.outputs:
        first, second, third = (r[index].astype(int) for r in results)
        for a, b in ((first, second), (second, third)):
            assert np.abs(a - b).max() >= 10


@pytest.mark.parametrize("name", zoo.NAMES)
def test_sample_input(name):
    network = zoo.load(name)
    sample = zoo.sample_input(name)
    tensor = network.tensors[network.input]
    assert sample.dtype == np.int8
    assert sample.shape == tensor.shape
    assert (sample == zoo.sample_input(name)).all()
    assert sample.std() > 20


def test_unknown_names():
    with pytest.raises(NetworkError, match="'resnet'; there are vww"):
        zoo.load("resnet")
    with pytest.raises(NetworkError, match="'resnet'"):
        zoo.sample_input("resnet")
