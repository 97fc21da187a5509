"""What the kernels ask of the scratch memory, and what they do without it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_bench import shared_bench
from kernel_layers import ALL

from dvfs_kernel.errors import UnsupportedOperatorError
from dvfs_kernel.image import packing
from dvfs_kernel.link import abi
from dvfs_kernel.networks.network import Convolution, Depthwise, Padding, Tensor

pytestmark = pytest.mark.board


@pytest.mark.parametrize("kind", ALL)
@settings(max_examples=15)
@given(data=st.data())
def test_too_little_scratch_is_refused_before_anything_is_written(kind, data):
    case = data.draw(ALL[kind])
    granularity = data.draw(st.integers(0, 255))
    needed = packing.scratch_bytes(case.layer, case.tensors, granularity)
    if needed == 0:
        return
    run = shared_bench().run(case.layer, case.tensors, case.inputs, granularity, scratch_missing=1)
    assert run.scratch_bytes == needed
    assert run.status is abi.Status.BUFFER_TOO_SMALL
    assert set(run.output.tobytes()) == {0xA5}


def depthwise_layer(shape, size=3, stride=1):
    channels = shape[2]
    layer = Depthwise(
        name="depthwise",
        inputs=(0,),
        output=1,
        weights=np.ones((size, size, channels), np.int8),
        weight_scales=np.full(channels, 0.01),
        bias=np.zeros(channels, np.int32),
        stride=(stride, stride),
        padding=Padding(*[size // 2] * 4),
    )
    source = Tensor("source", shape, "int8", 0.05, 0)
    return layer, (source, Tensor("output", layer.output_shape([source]), "int8", 0.05, 0))


# The largest planes of MobileNetV2-w0.35 at 144×144 and of the person detector at 128×160.
@pytest.mark.parametrize("shape", [(72, 72, 48), (64, 80, 16), (64, 80, 32)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("granularity", [0, 2, 4, 8, 12, 16])
def test_granularities_of_the_paper_fit(shape, stride, granularity):
    needed = packing.scratch_bytes(*depthwise_layer(shape, stride=stride), granularity)
    assert needed <= abi.SCRATCH_BYTES


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("shape", [(160, 160, 32), (96, 1500, 7), (3, 3, 480)])
def test_interleaved_form_always_fits(shape, size):
    assert packing.scratch_bytes(*depthwise_layer(shape, size), 0) <= abi.SCRATCH_BYTES


def test_bands_of_rows_equal_whole_planes():
    """The interleaved form cuts planes that do not fit into bands; g = 1 holds one whole."""
    layer, tensors = depthwise_layer((150, 60, 18), 5)
    assert packing.scratch_bytes(layer, tensors, 18) > abi.SCRATCH_BYTES
    values = np.random.default_rng(5).integers(-128, 127, tensors[0].shape, np.int8)
    bands = shared_bench().run(layer, tensors, [values], 0)
    planes = shared_bench().run(layer, tensors, [values], 1)
    assert bands.status is planes.status is abi.Status.OK
    assert bands.output.tobytes() == planes.output.tobytes()


def test_operator_that_the_record_cannot_hold_is_refused():
    weights = np.zeros((1, 1, 300, 1), np.int8)
    layer = Convolution(
        name="wide",
        inputs=(0,),
        output=1,
        weights=weights,
        weight_scales=np.ones(1),
        bias=np.zeros(1, np.int32),
    )
    source = Tensor("source", (1, 400, 1), "int8", 0.05, 0)
    output = Tensor("output", layer.output_shape([source]), "int8", 0.05, 0)
    with pytest.raises(
        UnsupportedOperatorError, match=r"'wide' \(convolution\) has kernel_width 300; .* 0 to 255"
    ):
        packing.pack(layer, (source, output))
