"""Dead products change no byte of any tensor, whatever the input; ranges hold all that can be."""

import kernel_layers
import networks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.approximation.skipping.dead_products import (
    dead_products,
    without_dead_products,
)
from dvfs_kernel.approximation.skipping.ranges import Range, layer_range, tensor_ranges
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.network import Network, Padding, Quantize, Softmax
from dvfs_kernel.networks.reference.interpreter import run_layer

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("kind", sorted(kernel_layers.ALL))
@settings(max_examples=15)
@given(data=st.data(), seed=SEEDS)
def test_outputs_lie_within_the_range_of_a_layer(kind, data, seed):
    case = data.draw(kernel_layers.ALL[kind])
    random = np.random.default_rng(seed)
    others = [kernel_layers.values(random, x.shape, x.dtype.name) for x in case.inputs]
    pairs = list(zip(case.inputs, others, strict=True))
    bounds = [Range(np.fmin(a, b), np.fmax(a, b)) for a, b in pairs]
    low, high = layer_range(case.layer, bounds, case.tensors)
    for choose in (0, 1, None):
        inputs = [
            np.where(random.random(a.shape) < 0.5, a, b) if choose is None else (a, b)[choose]
            for a, b in pairs
        ]
        if any(np.isnan(x).any() for x in inputs if x.dtype.kind == "f"):
            continue
        output = run_layer(case.layer, inputs, case.tensors)
        assert (low <= output).all()
        assert (output <= high).all()


def chain(random, *, padding, clamp, zero_weights, bias=3000):
    """Two convolutions, whose first has channels that cannot leave their clamp."""
    first = networks.convolution(
        shape=(4, 3, 3, 2),
        weights=random.integers(-20, 20, (4, 3, 3, 2), np.int8),
        bias=np.array([bias * 1000, -bias * 1000, 0, 50], np.int32),
        activation_min=clamp[0],
        activation_max=clamp[1],
    )
    weights = random.integers(-128, 127, (3, 3, 3, 4), np.int8, endpoint=True)
    weights[random.random(weights.shape) < zero_weights] = 0
    second = networks.convolution(
        shape=(3, 3, 3, 4),
        name="second",
        inputs=(1,),
        output=2,
        weights=weights,
        padding=Padding(padding, padding, padding, padding),
    )
    size = 4 + 2 * padding
    tensors = (
        networks.tensor("a", (6, 6, 2)),
        networks.tensor("b", (6, 6, 4), zero_point=int(random.integers(-128, 128))),
        networks.tensor("c", (size, size, 3)),
    )
    return Network("chain", tensors, (first, second), 0, (2,))


@settings(max_examples=60)
@given(
    seed=SEEDS,
    padding=st.integers(0, 1),
    clamp=st.sampled_from([(-128, 127), (-5, 6), (3, 3)]),
    zero_weights=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_dead_products_change_no_byte(seed, padding, clamp, zero_weights):
    random = np.random.default_rng(seed)
    network = chain(random, padding=padding, clamp=clamp, zero_weights=zero_weights)
    alive = without_dead_products(network)
    alive.check()
    for _ in range(3):
        image = kernel_layers.values(random, (6, 6, 2))
        ours, theirs = (reference.run(each, image) for each in (network, alive))
        for one, other in zip(ours, theirs, strict=True):
            assert (one == other).all()


@settings(max_examples=40)
@given(case=st.one_of(kernel_layers.SINGLE_FORM["convolution"], kernel_layers.pointwises()))
def test_dead_products_of_any_convolution_change_no_byte(case):
    network = networks.one_layer(case.layer, *case.tensors)
    for image in (case.inputs[0], np.full_like(case.inputs[0], -128)):
        outputs = [reference.run(n, image)[1] for n in (network, without_dead_products(network))]
        assert (outputs[0] == outputs[1]).all()


def test_constant_channels_are_found_and_counted():
    random = np.random.default_rng(1)
    network = chain(random, padding=0, clamp=(-128, 127), zero_weights=0.0)
    first, second = dead_products(network)
    assert first.constant_outputs == 2  # a bias beyond all sums, up and down
    assert first.macs[1] == int((network.layers[0].weights[:2] != 0).sum()) * 36
    of_constants = network.layers[1].weights[..., :2]
    assert second.constant_inputs == int((of_constants != 0).sum())
    assert second.macs[2] == second.constant_inputs * 16
    assert (second.weights.reshape(3, 3, 3, 4)[..., :2] == 0).all()


def test_an_input_beside_padding_is_not_constant():
    random = np.random.default_rng(1)
    network = chain(random, padding=1, clamp=(-128, 127), zero_weights=0.0)
    _, second = dead_products(network)
    assert second.constant_inputs == _at_the_centre(network.layers[1])


def _at_the_centre(layer):
    """With a border of one the centre of the kernel alone never sees padding."""
    return int((layer.weights[:, 1, 1, :2] != 0).sum())


def test_a_network_of_float_inputs_is_bounded():
    network = networks.one_layer(
        Quantize(name="quantize", inputs=(0,), output=1),
        networks.tensor("a", (1, 1, 3), element="float32", scale=0.0, zero_point=0),
        networks.tensor("b", (1, 1, 3)),
    )
    low, high = tensor_ranges(network)[1]
    assert low.tolist() == [[[-128] * 3]]
    assert high.tolist() == [[[127] * 3]]


def test_a_softmax_may_be_anything():
    output = networks.tensor("b", (1, 1, 3), scale=1 / 256, zero_point=-128)
    layer = Softmax(name="softmax", inputs=(0,), output=1)
    network = networks.one_layer(layer, networks.tensor("a", (1, 1, 3)), output)
    assert tensor_ranges(network)[1].high.max() == 127


def test_a_layer_without_weights_is_left_alone():
    two = networks.two_layers()
    assert [item.name for item in dead_products(two)] == ["convolution"]
    assert without_dead_products(two).layers[1] is two.layers[1]
