"""The trained networks: what they are, what they are worth, and the files that hold them."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from dvfs_kernel.errors import FileFormatError, NetworkError
from dvfs_kernel.image import memory_plan
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference, zoo
from dvfs_kernel.networks.network import Convolution, FullyConnected, Network
from dvfs_kernel.networks.zoo import trained
from dvfs_kernel.networks.zoo.trained.weights_file import Trained, TrainingRecord, read, write

# Multiply-accumulates, weights and biases, input shape, layers.
SIZES = {
    "lenet": (4_548_608, 122_570, (32, 32, 3), 7),
    "alexnet": (13_959_808, 247_658, (32, 32, 3), 10),
    "fashion": (1_285_344, 52_986, (28, 28, 1), 7),
}
# Of a shoe of the last class.
SAMPLE_LABEL = 9


@pytest.fixture(params=trained.NAMES)
def name(request):
    return request.param


def test_sizes(name):
    network = zoo.load(name)
    network.check()
    macs, parameters, shape, layers = SIZES[name]
    assert network.name == name
    assert sum(network.macs) == macs
    assert network.parameter_count == parameters
    assert network.tensors[network.input].shape == shape
    assert [network.tensors[i].shape for i in network.outputs] == [(1, 1, 10)]
    assert len(network.layers) == layers


def test_they_fit_the_board(name):
    network = zoo.load(name)
    assert memory_plan.plan(network).tensor_bytes <= abi.TENSOR_BYTES
    assert network.parameter_count <= 300_000


def test_most_of_the_work_is_in_convolutions_of_few_weights_an_output(name):
    network = zoo.load(name)
    small = sum(
        macs
        for layer, macs in zip(network.layers, network.macs, strict=True)
        if isinstance(layer, Convolution) and layer.taps <= 640
    )
    assert small > 0.95 * sum(network.macs)


def test_inputs_are_pixels(name):
    tensor = zoo.load(name).tensors[0]
    assert (tensor.scale, tensor.zero_point) == (float(np.float32(1 / 255)), -128)


def test_a_network_is_no_constant(name):
    network = zoo.load(name)
    shape = network.tensors[0].shape
    draws = np.random.default_rng(0)
    first, second = (
        reference.run(network, draws.integers(-128, 128, shape, np.int8)) for _ in range(2)
    )
    for layer in network.layers:
        assert (first[layer.output] != second[layer.output]).any(), layer.name
        if isinstance(layer, Convolution | FullyConnected):
            assert len(np.unique(layer.weights)) > 50, layer.name


def test_the_sample_is_told_right():
    network = zoo.load("fashion")
    scores = reference.run(network, zoo.sample_input("fashion"))[network.outputs[0]]
    assert scores.argmax() == SAMPLE_LABEL


@pytest.mark.parametrize("name", ["lenet", "alexnet"])
def test_no_picture_of_cifar_is_passed_on(name):
    assert trained.load(name).sample is None


def test_writing_what_was_read_gives_the_same_bytes(name, tmp_path):
    path = tmp_path / "again.npz"
    write(path, trained.load(name))
    assert path.read_bytes() == (trained.FOLDER / f"{name}.npz").read_bytes()


def rewritten(path, change):
    """Write a file of which a function has changed the arrays."""
    with np.load(trained.FOLDER / "fashion.npz") as archive:
        arrays = dict(archive)
    np.savez(path, **(change(arrays) or arrays))


def with_description(arrays, **changes):
    document = json.loads(arrays["description"].tobytes()) | changes
    arrays["description"] = np.frombuffer(json.dumps(document).encode(), np.uint8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("conv1.weights") is None, "conv1.weights"),
        (lambda arrays: arrays.pop("description") is None, "description"),
        (lambda arrays: with_description(arrays, format=2), "has format 2; this version reads 1"),
        (lambda arrays: with_description(arrays, layers=[{"kind": "mean"}]), "unknown kind 'mean'"),
        (lambda arrays: with_description(arrays, layers=[]), "0 layers"),
        (lambda arrays: with_description(arrays, layers=7), "not the file"),
        (lambda arrays: with_description(arrays, tensors=[]), "not the file"),
        (lambda arrays: with_description(arrays, record={"data": "X"}), "not the file"),
        (lambda arrays: arrays.update({"conv1.bias": np.zeros(3, np.int32)}), "has a bias"),
        (lambda arrays: arrays.update({"description": np.zeros(9, np.uint8)}), "not the file"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, change, message):
    path = tmp_path / "damaged.npz"
    rewritten(path, change)
    with pytest.raises(FileFormatError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "cut.npz"
    for data in (b"", b"PK", (trained.FOLDER / "fashion.npz").read_bytes()[:-100]):
        path.write_bytes(data)
        with pytest.raises(FileFormatError, match="not the file of a trained network"):
            read(path)
    with pytest.raises(FileFormatError, match="missing"):
        read(tmp_path / "missing.npz")


def record(**changes):
    fields = {
        "data": "made up",
        "trained_on": 3,
        "seed": 1,
        "epochs": 1,
        "torch": "2",
        "images": 10,
        "correct": 9,
        "float_correct": 10,
    }
    return TrainingRecord(**(fields | changes))


def test_only_chains_of_some_layers_are_written(tmp_path):
    path = tmp_path / "other.npz"
    with pytest.raises(NetworkError, match=r"'stem' .*the file"):
        write(path, Trained(zoo.load("vww"), record()))
    network = zoo.load("fashion")
    moved = [replace(network.layers[0], stride=(2, 2)), *network.layers[1:]]
    bent = [*network.layers[:-1], replace(network.layers[-1], inputs=(3,))]
    for layers in (moved, bent):
        with pytest.raises(NetworkError, match="the file"):
            write(path, Trained(Network("x", network.tensors, tuple(layers), 0, (7,)), record()))
    assert not path.exists()


def test_accuracy_is_told_with_what_it_was_measured_on(name):
    told = trained.load(name).record
    assert told.data == {"fashion": "Fashion-MNIST"}.get(name, "CIFAR-10")
    assert told.images >= 5000
    assert math.isclose(told.accuracy, told.correct / told.images)
    # Quantisation costs less than half a point.
    assert told.float_correct - told.correct < 0.005 * told.images
