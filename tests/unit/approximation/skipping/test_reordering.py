"""Networks whose channels are put in another order have the same outputs."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import convolution, depthwise, fully_connected, tensor

from dvfs_kernel.approximation.skipping.reordering import possible_orders, reordered
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.network import Add, Copy, Mean, Network, Padding, Pool


def drawn(layer, random):
    return replace(
        layer,
        weights=random.integers(-127, 128, layer.weights.shape).astype(np.int8),
        bias=random.integers(-500, 500, layer.bias.shape).astype(np.int32),
    )


def a_network(random):
    """Two convolutions, a depthwise one and a pool between them, and a classifier."""
    tensors = [
        tensor("in", (6, 6, 2)),
        tensor("a", (6, 6, 8)),
        tensor("b", (3, 3, 8)),
        tensor("c", (3, 3, 8)),
        tensor("d", (3, 3, 4)),
        tensor("flat", (1, 1, 36)),
        tensor("out", (1, 1, 3)),
    ]
    layers = [
        convolution((8, 3, 3, 2), name="first", inputs=(0,), output=1),
        Pool(name="pool", inputs=(1,), output=2, kind="max", kernel=(2, 2), stride=(2, 2)),
        depthwise(8, name="each", inputs=(2,), output=3),
        convolution((4, 1, 1, 8), name="second", padding=Padding(), inputs=(3,), output=4),
        Copy(name="flatten", inputs=(4,), output=5),
        fully_connected(3, 36, name="last", inputs=(5,), output=6),
    ]
    layers = [drawn(layer, random) if hasattr(layer, "weights") else layer for layer in layers]
    network = Network("made", tuple(tensors), tuple(layers), 0, (6,))
    network.check()
    return network


def outputs(network, values):
    return reference.run(network, values)[network.outputs[0]]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_any_order_leaves_every_output_byte(seed):
    random = np.random.default_rng(seed)
    network = a_network(random)
    orders = {"second": random.permutation(8), "each": random.permutation(8)}
    if seed % 2:
        del orders["each"]
    changed = reordered(network, orders)
    changed.check()
    values = random.integers(-128, 128, (6, 6, 2)).astype(np.int8)
    assert (outputs(changed, values) == outputs(network, values)).all()
    (name,) = possible_orders(network, orders)
    order = orders[name]
    if name == "second":
        index = 3
        assert (changed.layers[index].weights == network.layers[index].weights[..., order]).all()


def test_a_classifier_behind_a_flattened_map_follows():
    random = np.random.default_rng(1)
    network = a_network(random)
    order = np.array([2, 0, 3, 1])
    flat = (np.arange(9)[:, None] * 4 + order).reshape(-1)
    changed = reordered(network, {"last": flat})
    assert changed is network  # orders go through a flattened map in one direction alone
    assert possible_orders(network, {"last": flat}) == {}


def test_what_a_picture_brings_stays():
    network = a_network(np.random.default_rng(0))
    order = {"first": np.array([1, 0])}
    assert possible_orders(network, order) == {}
    assert reordered(network, order) is network


def test_all_that_is_added_follows():
    random = np.random.default_rng(3)
    tensors = [
        tensor("in", (3, 3, 2)),
        tensor("a", (3, 3, 4)),
        tensor("b", (3, 3, 4)),
        tensor("sum", (3, 3, 4)),
        tensor("mean", (1, 1, 4)),
        tensor("out", (1, 1, 2)),
    ]
    layers = [
        convolution((4, 1, 1, 2), name="a", padding=Padding(), inputs=(0,), output=1),
        convolution((4, 1, 1, 4), name="b", padding=Padding(), inputs=(1,), output=2),
        Add(name="sum", inputs=(1, 2), output=3),
        Mean(name="mean", inputs=(3,), output=4),
        fully_connected(2, 4, name="out", inputs=(4,), output=5),
    ]
    layers = [drawn(layer, random) if hasattr(layer, "weights") else layer for layer in layers]
    network = Network("made", tuple(tensors), tuple(layers), 0, (5,))
    network.check()
    order = np.array([3, 1, 0, 2])
    changed = reordered(network, {"b": order, "out": np.array([1, 0, 2, 3])})
    assert list(possible_orders(network, {"b": order, "out": np.arange(4)[::-1]})) == ["b"]
    values = random.integers(-128, 128, (3, 3, 2)).astype(np.int8)
    assert (outputs(changed, values) == outputs(network, values)).all()
    assert (changed.layers[0].bias == network.layers[0].bias[order]).all()
    assert (changed.layers[4].weights == network.layers[4].weights[:, order]).all()
