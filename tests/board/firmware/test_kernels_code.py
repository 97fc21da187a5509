"""Layers with code of their own: the reference's bytes in every form and at every g."""

from collections import Counter
from dataclasses import replace

import pytest
from coded_layers import CODED, PLANES, PRODUCTS
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_bench import shared_bench

from dvfs_kernel.image import packing
from dvfs_kernel.image.code.planes_code import why_no_planes_code
from dvfs_kernel.image.code.product_code import columns_of, why_no_code
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.layers.weighted import STREAMED, UNPACKED

pytestmark = pytest.mark.board

GRANULARITIES = (0, 1, 2, 3, 4, 5, 8, 16, 255)
EXAMPLES = {"pointwise": 30, "convolution": 40, "long product": 8, "fully connected": 25,
            "far product": 8, "depthwise": 30, "tall depthwise": 8, "far depthwise": 8}  # fmt: skip


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


@pytest.mark.parametrize("kind", CODED)
def test_most_drawn_layers_can_have_code(kind):
    """Or else the tests here would prove little."""
    told = Counter()

    @settings(max_examples=100, database=None)
    @given(case=CODED[kind])
    def collect(case):
        why = why_no_planes_code if kind in PLANES else why_no_code
        told[why(case.layer, *case.tensors)] += 1

    collect()
    assert told[""] == told.total()
