"""A plan is what it was when it was saved, and a thinned network has zeros where it says so."""

import json
from dataclasses import replace

import kernel_layers
import networks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.approximation.accuracy.kept import network_digest
from dvfs_kernel.approximation.skipping.plan import LayerSkip, SkipPlan
from dvfs_kernel.approximation.skipping.skip_counts import count_skips
from dvfs_kernel.approximation.skipping.skippable import (
    columns,
    skippable_layers,
    weight_matrix,
)
from dvfs_kernel.approximation.skipping.thinning import thin
from dvfs_kernel.errors import (
    ArgumentError,
    DvfsError,
    FileFormatError,
    NetworkError,
    UnknownLayerError,
)
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.by_name import ByName
from dvfs_kernel.networks.reference.convolution import convolution_sums

SEEDS = st.integers(0, 2**32 - 1)


def skip_of(network, seed=0, *, weights=False, bias=False):
    random = np.random.default_rng(seed)
    layer = network.layers[0]
    shape = weight_matrix(layer).shape
    return LayerSkip(
        layer.name,
        0.5,
        random.permutation(layer.weights.shape[-1]),
        random.random(shape) < 0.5,
        random.integers(-128, 127, shape, np.int8, endpoint=True) if weights else None,
        random.integers(-9, 9, shape[0], np.int32) if bias else None,
    )


def plan_of(network, *skips):
    return SkipPlan("plan", network_digest(network), ByName(skips))


@settings(max_examples=60)
@given(case=kernel_layers.convolutions(), seed=SEEDS, weights=st.booleans(), bias=st.booleans())
def test_a_thinned_network_is_the_network_with_zeroed_weights(case, seed, weights, bias):
    network = networks.one_layer(case.layer, *case.tensors)
    skip = skip_of(network, seed, weights=weights, bias=bias)
    thinned = thin(network, plan_of(network, skip))
    by_hand = case.layer.weights if skip.weights is None else skip.weights
    by_hand = by_hand.reshape(case.layer.weights.shape).copy()
    by_hand[skip.dropped.reshape(by_hand.shape)] = 0
    its_bias = case.layer.bias if skip.bias is None else skip.bias
    expected = replace(case.layer, weights=by_hand, bias=its_bias)
    outputs = [
        reference.run(each, case.inputs[0])[1]
        for each in (thinned, networks.one_layer(expected, *case.tensors))
    ]
    assert (outputs[0] == outputs[1]).all()


@settings(max_examples=40)
@given(case=kernel_layers.convolutions())
def test_columns_are_what_a_convolution_multiplies(case):
    zero_point = case.tensors[0].zero_point
    sums = convolution_sums(case.layer, case.inputs[0], zero_point)
    seen = columns(case.layer, case.inputs[0][None], zero_point)[0].astype(np.int64)
    products = seen @ weight_matrix(case.layer).astype(np.int64).T
    assert (products == sums.reshape(products.shape)).all()


@given(seed=SEEDS, weights=st.booleans(), bias=st.booleans())
def test_a_plan_is_read_as_it_was_written(seed, weights, bias):
    network = networks.two_layers()
    plan = plan_of(network, skip_of(network, seed, weights=weights, bias=bias))
    again = SkipPlan.from_dict(json.loads(json.dumps(plan.to_dict())))
    assert again == plan
    assert hash(again) == hash(plan)
    assert again.to_dict() == plan.to_dict()
    assert plan != plan_of(network)


def test_a_digest_tells_what_is_left_out_and_not_the_name():
    network = networks.two_layers()
    plan = plan_of(network, skip_of(network))
    assert replace(plan, name="other").digest == plan.digest
    assert plan_of(network, skip_of(network, 1)).digest != plan.digest
    assert network_digest(replace(network, name="other")) == network_digest(network)
    assert plan != "plan"


def test_a_plan_on_disk(tmp_path):
    network = networks.two_layers()
    plan = plan_of(network, skip_of(network))
    assert SkipPlan.load(plan.save(tmp_path / "plan.json")) == plan
    assert repr(plan) == "<SkipPlan plan: 1 layers>"
    with pytest.raises(FileFormatError, match="no skip plan can be read"):
        SkipPlan.load(tmp_path / "none.json")
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(FileFormatError, match="no skip plan can be read"):
        SkipPlan.load(tmp_path / "plan.json")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dropped", "AAAA"),
        ("dropped", "not base64!"),
        ("output_channels", 5),
        ("output_channels", 1 << 40),
        ("order", [-1]),
        ("weights", "eJwDAAAAAAE="),
        ("bias", [1]),
        ("bias", [1 << 40]),
        ("layer", 3),
    ],
)
def test_a_damaged_plan_is_refused(field, value):
    network = networks.two_layers()
    document = plan_of(network, skip_of(network)).to_dict()
    document["layers"][0][field] = value
    with pytest.raises(FileFormatError, match="the skip plan is"):
        SkipPlan.from_dict(document)


def test_a_plan_is_for_one_network():
    network = networks.two_layers()
    other = replace(network, layers=(networks.convolution(bias=np.ones(4, np.int32)),))
    with pytest.raises(NetworkError, match="is for a network with digest"):
        thin(other, plan_of(network))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"name": "none"}, UnknownLayerError, "no layer has the name 'none'"),
        ({"name": "depthwise"}, NetworkError, "has no products that could be left out"),
        ({"dropped": np.zeros((4, 9), bool)}, NetworkError, "what is left out of it has"),
        ({"bias": np.zeros(3, np.int32)}, NetworkError, r"\(3,\) biases"),
        ({"order": np.array([0, 0])}, ArgumentError, "each of 0 to 1 once"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(change, error, message):
    network = networks.two_layers()
    with pytest.raises(error, match=message) as raised:
        thin(network, plan_of(network, replace(skip_of(network), **change)))
    assert isinstance(raised.value, DvfsError)


def test_layers_that_can_be_thinned():
    network = networks.two_layers()
    assert skippable_layers(network, first=True) == (0,)
    assert skippable_layers(network, ["convolution"]) == (0,)
    with pytest.raises(NetworkError, match="no layer to leave products out of"):
        skippable_layers(network)
    twice = replace(network, layers=network.layers[:1] * 2)
    with pytest.raises(UnknownLayerError, match="2 layers have the name"):
        skippable_layers(twice, ["convolution"])


def test_counts_of_pairs_loads_and_products():
    network = networks.one_layer(
        networks.fully_connected(4, 8),
        networks.tensor("a", (1, 1, 8)),
        networks.tensor("b", (1, 1, 4)),
    )
    dropped = np.zeros((4, 8), bool)
    dropped[0, [0, 2]] = dropped[1, [0, 2]] = True  # a pair of both channels of a block
    dropped[2, [1, 3]] = True  # of one channel alone
    dropped[3, [4, 5]] = True  # no pair
    plan = plan_of(network, LayerSkip("fully_connected", 1.0, np.arange(8), dropped))
    counts = count_skips(thin(network, plan), plan)
    layer = counts.layers[0]
    assert (layer.macs, layer.zero_macs) == (32, 8)
    assert (layer.pairs, layer.skipped_pairs) == (16, 3)
    assert (layer.loads, layer.skipped_loads) == (8, 1)
    assert counts.pair_units == 13
    assert counts.zero_share == 0.25
    assert counts.skipped_share == 3 / 16
    # The same weights in another order: two that share no pair come together.
    other = plan_of(
        network,
        LayerSkip("fully_connected", 1.0, np.array([0, 4, 2, 5, 1, 6, 3, 7]), dropped),
    )
    assert count_skips(thin(network, plan), other).layers[0].skipped_pairs == 4


def test_layers_without_pairs_count_as_they_are():
    network = networks.two_layers()
    counts = count_skips(network)
    assert counts.macs == sum(network.macs)
    rest = network.macs[1] / 2
    convolution = counts.layers["convolution"]
    assert counts.pair_units == convolution.pairs - convolution.skipped_pairs + rest
