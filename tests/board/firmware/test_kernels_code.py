"""Layers with code of their own: the reference's bytes in every form and at every g."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from coded_layers import CODED, PLANES, PRODUCTS, TILES
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernel_bench import shared_bench
from kernel_layers import NAMES, Case

from dvfs_kernel.image import packing
from dvfs_kernel.image.code.planes_code import why_no_planes_code
from dvfs_kernel.image.code.product_code import columns_of, why_no_code
from dvfs_kernel.image.code.tiles_code import why_no_tiles_code
from dvfs_kernel.image.fused_pooling import FusedConvolution, fuse_pooling
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.layers.weighted import STREAMED, UNPACKED, WINOGRAD
from dvfs_kernel.networks.network import Depthwise, Network, Padding, Pool, Tensor

pytestmark = pytest.mark.board

_WHY = {**dict.fromkeys(PLANES, why_no_planes_code), **dict.fromkeys(TILES, why_no_tiles_code)}
GRANULARITIES = (0, 1, 2, 3, 4, 5, 8, 16, 255)
EXAMPLES = {"pointwise": 30, "convolution": 40, "long product": 8, "fully connected": 25,
            "far product": 8, "tiles": 30, "depthwise": 30, "tall depthwise": 8,
            "far depthwise": 8}  # fmt: skip


def check(case, form, granularities):
    """Run a case in a form at some granularities, and compare with the reference."""
    layer = replace(case.layer, form=form)
    expected = reference.run_layer(case.layer, case.inputs, case.tensors)
    runs = {}
    for granularity in granularities:
        needed = packing.scratch_bytes(layer, case.tensors, granularity)
        run = shared_bench().run(layer, case.tensors, case.inputs, granularity)
        assert run.scratch_bytes == needed
        assert run.status is abi.Status.OK
        assert run.output.tobytes() == expected.tobytes(), granularity
        assert run.memory_segments == run.compute_segments
        assert bool(run.memory_segments) == bool(granularity)
        runs[granularity] = run
    return runs


@pytest.mark.parametrize("kind", PRODUCTS)
@pytest.mark.parametrize("form", [STREAMED, UNPACKED])
def test_products_equal_the_reference(kind, form):
    @settings(max_examples=EXAMPLES[kind])
    @given(case=PRODUCTS[kind])
    def equal(case):
        runs = check(case, form, (0, 1, 8) if kind == "far product" else GRANULARITIES)
        output = case.tensors[1]
        columns = columns_of(case.layer, output)
        pixels = 1 if kind == "fully connected" else output.shape[0] * output.shape[1]
        for granularity, run in runs.items():
            step = -(-granularity // columns) * columns
            assert run.memory_segments == (-(-pixels // step) if granularity else 0)

    equal()


@pytest.mark.parametrize("kind", PLANES)
def test_planes_equal_the_reference(kind):
    @settings(max_examples=EXAMPLES[kind])
    @given(case=PLANES[kind], more=st.sampled_from(GRANULARITIES))
    def equal(case, more):
        check(case, STREAMED, GRANULARITIES if kind == "depthwise" else {0, more})

    equal()


def test_rows_that_end_where_the_next_begin_equal_the_reference():
    """One row and one channel, in loops: behind the loop no pointer has to be moved."""
    scales = (0.0343, 0.0137)
    tensors = (
        Tensor("t", (1, 1, 1), "int8", float(np.float32(scales[0])), -128),
        Tensor("t", (1, 6, 1), "int8", float(np.float32(scales[1])), -128),
    )
    layer = Depthwise(
        **NAMES,
        weights=np.array([[[79]]], np.int8),
        weight_scales=np.array([4.2608e-4]),
        bias=np.array([0], np.int32),
        stride=(2, 1),
        padding=Padding(0, 0, 1, 4),
        activation_min=-5,
        activation_max=6,
    )
    check(Case(layer, tensors, (np.array([[[127]]], np.int8),)), STREAMED, GRANULARITIES)


@settings(max_examples=40)
@given(case=TILES["tiles"], more=st.sampled_from(GRANULARITIES))
def test_tiles_equal_the_reference(case, more):
    runs = check(case, WINOGRAD, {0, 1, 8, more})
    height, width, _ = case.tensors[1].shape
    tiles = -(-height // 2) * -(-width // 2)
    for granularity, run in runs.items():
        step = -(-granularity // 4) * 4
        assert run.memory_segments == (-(-tiles // step) if granularity else 0)


@pytest.mark.parametrize("kind", CODED)
def test_most_drawn_layers_can_have_code(kind):
    """Or else the tests here would prove little."""
    told = Counter()

    @settings(max_examples=100, database=None)
    @given(case=CODED[kind])
    def collect(case):
        told[_WHY.get(kind, why_no_code)(case.layer, *case.tensors)] += 1

    collect()
    assert told[""] == told.total()


def pooled(case):
    """A convolution with code, and max pooling of its output, as a network."""
    source, output = case.tensors
    height, width, channels = output.shape
    assume(min(height, width) > 1)
    small = replace(output, name="pooled", shape=(height // 2, width // 2, channels))
    layer = replace(case.layer, form=STREAMED, inputs=(0,), output=1)
    pool = Pool(name="pool", inputs=(1,), output=2, kind="max", kernel=(2, 2), stride=(2, 2))
    network = Network("pooled", (source, output, small), (layer, pool), 0, (2,))
    network.check()
    return network


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("convolution", STREAMED), ("convolution", UNPACKED), ("pointwise", STREAMED),
        ("pointwise", UNPACKED), ("tiles", WINOGRAD),
    ],
)  # fmt: skip
def test_fused_pooling_equals_pooling(kind, form):
    @settings(max_examples=EXAMPLES[kind])
    @given(case=CODED[kind])
    def equal(case):
        network = pooled(case)
        expected = reference.run(network, case.inputs[0])[2]
        layer = replace(fuse_pooling(network).layers[0], form=form)
        assert isinstance(layer, FusedConvolution)
        layer.check([network.tensors[0]], network.tensors[2])
        for granularity in GRANULARITIES:
            run = shared_bench().run(layer, network.tensors, case.inputs, granularity)
            needed = packing.scratch_bytes(layer, network.tensors, granularity)
            assert (run.status, run.scratch_bytes) == (abi.Status.OK, needed)
            assert run.output.tobytes() == expected.tobytes(), granularity

    equal()
