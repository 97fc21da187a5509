"""Which pooling layers the code of a convolution takes over, and what the image then holds."""

from dataclasses import replace

import numpy as np
import pytest

from dvfs_kernel.image import memory_plan
from dvfs_kernel.image.forms import with_forms
from dvfs_kernel.image.fused_pooling import FusedConvolution, FusedPool, fuse_pooling, fused_pools
from dvfs_kernel.image.image import build
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import PACKED, STREAMED, UNPACKED
from dvfs_kernel.networks.network import Convolution, Network, Padding, Pool, Tensor


def network(shape=(7, 9, 3), **pool):
    """A convolution of 3 × 3 with five channels, and pooling."""
    weights = np.arange(-67, 68, dtype=np.int8).reshape(5, 3, 3, 3)
    layer = Convolution(
        name="conv", inputs=(0,), output=1, weights=weights, weight_scales=np.full(1, 0.01),
        bias=np.zeros(5, np.int32), padding=Padding(1, 1, 1, 1), form=STREAMED,
        activation_min=-100, activation_max=100,
    )  # fmt: skip
    its = {"kind": "max", "kernel": (2, 2), "stride": (2, 2), **pool}
    pooling = Pool(name="pool", inputs=(1,), output=2, **its)
    source = Tensor("in", shape, scale=0.5)
    between = Tensor("between", layer.output_shape([source]), scale=0.5)
    output = Tensor("out", pooling.output_shape([between]), scale=0.5)
    made = Network("small", (source, between, output), (layer, pooling), 0, (2,))
    made.check()
    return made


def changed(made, number, **fields):
    layers = list(made.layers)
    layers[number] = replace(layers[number], **fields)
    return replace(made, layers=tuple(layers))


def test_a_pooling_layer_of_two_by_two_is_taken_over():
    fused = fuse_pooling(network())
    layer, pool = fused.layers
    assert isinstance(layer, FusedConvolution)
    assert isinstance(pool, FusedPool)
    assert (layer.inputs, layer.output, pool.output) == ((0,), 2, 2)
    layer.check([fused.tensors[0]], fused.tensors[2])


@pytest.mark.parametrize(
    "pool",
    [
        {"kind": "average"},
        {"kernel": (3, 3)},
        {"kernel": (2, 3)},
        {"stride": (1, 1)},
        {"padding": Padding(0, 1, 0, 1)},
        {"activation_min": -99},
        {"activation_max": 99},
    ],
    ids=str,
)
def test_other_pooling_stays(pool):
    made = network(**pool)
    assert fused_pools(made) == {}
    assert fuse_pooling(made) is made


def test_a_packed_convolution_leaves_pooling_to_its_own_layer():
    assert fused_pools(changed(network(), 0, form=PACKED)) == {}


def test_a_feature_map_that_somebody_else_reads_stays():
    made = network()
    assert fused_pools(replace(made, outputs=(1, 2))) == {}
    tensors = (*made.tensors, replace(made.tensors[2], name="again"))
    again = replace(made.layers[1], name="again", output=3)
    twice = replace(made, tensors=tensors, layers=(*made.layers, again), outputs=(2, 3))
    twice.check()
    assert fused_pools(twice) == {}


def test_sums_whose_difference_may_overflow_are_not_compared():
    """Requantisation takes sums up to 2^30; two of them may lie 2^31 apart when doubled."""
    made = network()
    bias = np.full(5, 1 << 29, np.int32)
    assert fused_pools(changed(made, 0, bias=bias)) == {}
    assert fused_pools(changed(made, 0, bias=bias - (1 << 20))) == {0: 1}


@pytest.mark.parametrize("form", [STREAMED, UNPACKED])
def test_the_image_has_no_place_for_the_feature_map_between(form):
    made = with_forms(network(), {0: form})
    plan = memory_plan.plan(made)
    image = build(made, plan)
    assert plan.addresses[1] == 0
    assert image.operators == (abi.Operator.CONVOLUTION, abi.Operator.FUSED)
    packed = with_forms(made, {0: PACKED})
    separate = memory_plan.plan(packed)
    assert separate.addresses[1] > 0
    assert plan.tensor_bytes < separate.tensor_bytes
    assert build(packed, separate).operators == (
        abi.Operator.CONVOLUTION, abi.Operator.MAX_POOL,
    )  # fmt: skip
