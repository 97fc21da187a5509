"""A plan keeps every feature map whole for as long as a layer needs it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import one_layer, tensor, two_layers

from dvfs_kernel.errors import NetworkTooLargeError
from dvfs_kernel.image import memory_plan
from dvfs_kernel.image.memory_plan import Lifetime, lifetimes
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference, zoo
from dvfs_kernel.networks.network import Concatenate, Copy, Network, Transpose, Upsample


@st.composite
def networks(draw, largest=2000):
    """Layers that copy, join, transpose and enlarge feature maps of any earlier layer."""
    tensors = [tensor("t0", (1, 1, draw(st.integers(1, largest))))]
    layers = []
    for number in range(draw(st.integers(1, 12))):
        name = f"layer{number}"
        inputs = tuple(draw(st.lists(st.integers(0, len(tensors) - 1), min_size=1, max_size=3)))
        first = tensors[inputs[0]]
        output = len(tensors)
        kind = draw(st.sampled_from([Copy, Concatenate, Transpose, Upsample]))
        if kind is Concatenate:
            inputs = tuple(i for i in inputs if tensors[i].shape[:2] == first.shape[:2])
            layers.append(Concatenate(name=name, inputs=inputs, output=output))
        elif kind is Copy:
            layers.append(Copy(name=name, inputs=inputs[:1], output=output))
        elif kind is Transpose:
            layers.append(
                Transpose(name=name, inputs=inputs[:1], output=output, permutation=(1, 0, 2))
            )
        else:
            layers.append(Upsample(name=name, inputs=inputs[:1], output=output, factors=(1, 2)))
        shape = layers[-1].output_shape([tensors[i] for i in layers[-1].inputs])
        tensors.append(tensor(f"t{output}", shape))
    outputs = draw(st.sets(st.integers(0, len(tensors) - 1), min_size=1, max_size=4))
    network = Network("drawn", tuple(tensors), tuple(layers), 0, tuple(outputs))
    network.check()
    return network


def copied(network):
    """For each tensor, the tensor whose bytes it is a copy of."""
    root = list(range(len(network.tensors)))
    for layer in network.layers:
        if isinstance(layer, Copy):
            root[layer.output] = root[layer.inputs[0]]
    return root


def check_apart(network, plan):
    """No two feature maps that are alive at once share a byte, but for copies."""
    alive = lifetimes(network)
    root = copied(network)
    for a in alive:
        start = plan.addresses[a]
        end = start + network.tensors[a].bytes
        assert start % abi.TENSOR_ALIGNMENT == 0
        assert start >= abi.TENSOR_ADDRESS
        assert end <= abi.TENSOR_ADDRESS + plan.tensor_bytes
        for b in alive:
            other = plan.addresses[b]
            if root[a] == root[b]:
                assert start == other
            elif alive[a].overlaps(alive[b]):
                assert end <= other or other + network.tensors[b].bytes <= start


def run_in_memory(network, plan, values, runs):
    """Run a network in one array of bytes, at the plan's addresses; return its outputs."""
    memory = np.full(abi.TENSOR_BYTES, 0xA5, np.uint8)

    def place(index):
        start = plan.addresses[index] - abi.TENSOR_ADDRESS
        described = network.tensors[index]
        raw = memory[start : start + described.bytes]
        return raw.view(described.element).reshape(described.shape)

    place(network.input)[:] = values
    for _ in range(runs):
        for layer in network.layers:
            inputs = [place(i).copy() for i in layer.inputs]
            place(layer.output)[:] = reference.run_layer(layer, inputs, network.tensors)
    return [place(index) for index in network.outputs]


@settings(max_examples=150)
@given(networks(), st.integers(0, 2**32 - 1))
def test_networks_run_in_their_plan(network, seed):
    plan = memory_plan.plan(network)
    check_apart(network, plan)
    assert plan.lower_bound_bytes <= plan.tensor_bytes <= abi.TENSOR_BYTES
    assert plan.keeps_input
    source = network.tensors[network.input]
    values = np.random.default_rng(seed).integers(-128, 128, source.shape, dtype=np.int8)
    expected = reference.run(network, values)
    got = run_in_memory(network, plan, values, runs=2)
    for index, output in zip(network.outputs, got, strict=True):
        assert (output == expected[index]).all()


@settings(max_examples=100)
@given(networks(largest=90_000))
def test_networks_near_the_limit(network):
    try:
        plan = memory_plan.plan(network)
    except NetworkTooLargeError:
        alive = lifetimes(network)
        assert sum(network.tensors[i].bytes for i in alive) > abi.TENSOR_BYTES - 32 * len(alive)
        return
    check_apart(network, plan)
    if not plan.keeps_input:
        values = np.zeros(network.tensors[0].shape, np.int8)
        run_in_memory(network, plan, values, runs=1)


@pytest.mark.parametrize(
    ("name", "needed"),
    # Input, and the layer with the most bytes in and out.
    [("vww", 19_200 + 96_000), ("person_detection", 61_440 + 245_760), ("mobilenet_v2", 373_248)],
)
def test_built_in_networks_take_what_they_must(name, needed):
    network = zoo.load(name)
    plan = memory_plan.plan(network)
    assert plan.keeps_input
    assert plan.tensor_bytes == plan.lower_bound_bytes == needed
    assert 0 < plan.scratch_bytes <= abi.SCRATCH_BYTES
    check_apart(network, plan)
    sample = zoo.sample_input(name)
    expected = reference.run(network, sample)
    got = run_in_memory(network, plan, sample, runs=1)
    for index, output in zip(network.outputs, got, strict=True):
        assert (output == expected[index]).all()


def test_lifetimes():
    network = two_layers()
    assert lifetimes(network) == {0: Lifetime(-1, 0), 1: Lifetime(0, 1), 2: Lifetime(1, 2)}
    assert Lifetime(0, 1).overlaps(Lifetime(1, 2))
    assert not Lifetime(0, 1).overlaps(Lifetime(2, 2))


def test_copies_share_memory_and_unused_tensors_have_none():
    tensors = (*(tensor(f"t{i}", (1, 1, 64)) for i in range(3)), tensor("unused", (9, 9, 9)))
    layers = tuple(Copy(name=f"copy{i}", inputs=(i,), output=i + 1) for i in range(2))
    plan = memory_plan.plan(Network("copies", tensors, layers, 0, (2,)))
    assert plan.addresses == (abi.TENSOR_ADDRESS,) * 3 + (0,)
    assert plan.tensor_bytes == 64


def test_an_input_that_cannot_stay_is_given_up():
    third = abi.TENSOR_BYTES // 3 // 32 * 32
    tensors = tuple(tensor(f"t{i}", (1, 1, third + 32)) for i in range(4))
    layers = tuple(
        Transpose(name=f"move{i}", inputs=(i,), output=i + 1, permutation=(1, 0, 2))
        for i in range(3)
    )
    plan = memory_plan.plan(Network("long", tensors, layers, 0, (3,)))
    assert not plan.keeps_input
    assert plan.tensor_bytes == 2 * (third + 32)


def test_networks_that_do_not_fit():
    half = abi.TENSOR_BYTES // 2 + 32
    layer = Transpose(name="turn", inputs=(0,), output=1, permutation=(1, 0, 2))
    network = one_layer(layer, tensor("a", (1, 1, half)), tensor("b", (1, 1, half)))
    with pytest.raises(NetworkTooLargeError) as caught:
        memory_plan.plan(network)
    assert isinstance(caught.value, MemoryError)
    for word in (str(2 * half), str(abi.TENSOR_BYTES), "layer 0", "turn"):
        assert word in str(caught.value)


def test_buffers_that_do_not_fit(monkeypatch):
    monkeypatch.setattr(memory_plan.abi, "SCRATCH_BYTES", 8)
    with pytest.raises(NetworkTooLargeError, match=r"layer \d \(\w+\) of network 'two' needs a"):
        memory_plan.plan(two_layers())
