"""The kernels' work does not creep up: instructions for each multiply-accumulate."""

import numpy as np
import pytest
from kernel_bench import KernelBench

from dvfs_kernel.networks.network import Convolution, Depthwise, Padding, Tensor

pytestmark = pytest.mark.board


@pytest.fixture(scope="module")
def bench():
    return KernelBench(count=True)


def instructions_per_mac(bench, layer, shape, granularity):
    source = Tensor("source", shape, "int8", 0.05, 0)
    tensors = (source, Tensor("output", layer.output_shape([source]), "int8", 0.05, 0))
    run = bench.run(layer, tensors, [np.zeros(shape, np.int8)], granularity)
    return run.instructions / layer.macs(tensors[1])


# Bounds a few per cent above what the pinned compiler makes.
@pytest.mark.parametrize(
    ("shape", "outputs", "granularity", "bound"),
    [
        ((20, 20, 16), 48, 0, 1.9),
        ((20, 20, 16), 48, 16, 2.0),
        ((10, 10, 144), 24, 0, 1.4),
        ((5, 5, 240), 40, 0, 1.35),
        ((5, 5, 240), 40, 16, 1.35),
    ],
)
def test_pointwise(bench, shape, outputs, granularity, bound):
    layer = Convolution(
        name="pointwise",
        inputs=(0,),
        output=1,
        weights=np.ones((outputs, 1, 1, shape[2]), np.int8),
        weight_scales=np.full(outputs, 0.01),
        bias=np.zeros(outputs, np.int32),
    )
    assert instructions_per_mac(bench, layer, shape, granularity) < bound


@pytest.mark.parametrize(
    ("shape", "size", "stride", "granularity", "bound"),
    [
        ((72, 72, 16), 3, 1, 0, 2.9),
        ((72, 72, 16), 3, 1, 16, 2.9),
        ((40, 40, 48), 3, 2, 0, 4.5),
        ((20, 20, 48), 5, 1, 0, 2.7),
        ((20, 20, 48), 7, 1, 0, 2.0),
        ((5, 5, 240), 3, 1, 0, 4.5),
    ],
)
def test_depthwise(bench, shape, size, stride, granularity, bound):
    layer = Depthwise(
        name="depthwise",
        inputs=(0,),
        output=1,
        weights=np.ones((size, size, shape[2]), np.int8),
        weight_scales=np.full(shape[2], 0.01),
        bias=np.zeros(shape[2], np.int32),
        stride=(stride, stride),
        padding=Padding(*[size // 2] * 4),
    )
    assert instructions_per_mac(bench, layer, shape, granularity) < bound
