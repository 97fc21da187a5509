"""Every kernel, both forms and every g: the reference's bytes."""

import shutil

import kernel_layers as layers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_bench import shared_bench
from kernel_layers import ALL, SINGLE_FORM, TWO_FORMS, Case

from dvfs_kernel.image import packing
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.network import Softmax, Tensor

pytestmark = pytest.mark.board

GRANULARITIES = (0, 1, 2, 3, 4, 8, 12, 16)


def check(case, granularity, toolchain="zig"):
    """Run a case and compare status, bytes and scratch; return the run."""
    expected = reference.run_layer(case.layer, case.inputs, case.tensors)
    run = shared_bench(toolchain).run(case.layer, case.tensors, case.inputs, granularity)
    assert run.status is abi.Status.OK
    assert run.output.dtype == expected.dtype
    assert run.output.tobytes() == expected.tobytes()
    assert run.scratch_bytes == packing.scratch_bytes(case.layer, case.tensors, granularity)
    return run


@pytest.mark.parametrize("kind", SINGLE_FORM)
@settings(max_examples=80)
@given(data=st.data())
def test_layer_equals_reference(kind, data):
    case = data.draw(SINGLE_FORM[kind])
    run = check(case, data.draw(st.sampled_from(GRANULARITIES)))
    assert run.memory_segments == run.compute_segments == 0


@pytest.mark.parametrize("kind", TWO_FORMS)
@settings(max_examples=80)
@given(data=st.data())
def test_both_forms_equal_reference(kind, data):
    case = data.draw(TWO_FORMS[kind])
    height, width, channels = case.tensors[0].shape
    units = height * width if kind == "pointwise" else channels
    for granularity in GRANULARITIES:
        run = check(case, granularity)
        segments = -(-units // granularity) if granularity else 0
        assert run.memory_segments == run.compute_segments == segments


@pytest.mark.parametrize("kind", TWO_FORMS)
@settings(max_examples=20)
@given(data=st.data())
def test_granularity_beyond_layer(kind, data):
    case = data.draw(TWO_FORMS[kind])
    run = check(case, data.draw(st.integers(200, 255)))
    assert run.memory_segments == run.compute_segments == 1


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="needs arm-none-eabi-gcc")
@pytest.mark.parametrize("kind", ALL)
@settings(max_examples=25)
@given(data=st.data())
def test_layer_compiled_by_gcc(kind, data):
    check(data.draw(ALL[kind]), data.draw(st.sampled_from(GRANULARITIES)), "gcc")


@pytest.mark.parametrize("kind", ["convolution", "pointwise", "depthwise", "add"])
def test_all_forms_of_requantisation_are_drawn(kind):
    forms = set()

    @settings(max_examples=200, database=None)
    @given(case=ALL[kind])
    def collect(case):
        record = packing.pack(case.layer, case.tensors).record
        forms.add(abi.Requantisation(record["requantisation"]))

    collect()
    assert forms == set(abi.Requantisation)


@pytest.mark.parametrize("channels", [500, 512, 600, 1001, 4095, 4096, 9000])
@pytest.mark.parametrize("spread", [1, 3, 256])
def test_a_softmax_over_many_classes_whose_scores_are_alike_equals_the_reference(channels, spread):
    """With 512 alike a share is shifted by 32 bits, with 4096 the sum leaves 31."""
    random = np.random.default_rng(channels)
    scores = random.integers(128 - spread, 128, (1, 2, channels)).astype(np.int8)
    tensors = tuple(
        Tensor("t", scores.shape, "int8", scale, zero)
        for scale, zero in ((0.01, 0), (1 / 256, -128))
    )
    layer = Softmax(name="softmax", inputs=(0,), output=1)
    run = check(Case(layer, tensors, (scores,)), 0)
    exact = np.exp((scores - 127.0) * 0.01)
    exact = 256 * exact / exact.sum(axis=2, keepdims=True) - 128
    assert np.abs(run.output - exact).max() < 1


@given(case=layers.depthwises(fast=True) | layers.convolutions() | layers.pointwises())
@settings(max_examples=100)
def test_bounded_forms_never_meet_larger_sums(case):
    """Extreme inputs stay inside the bound under which the packer grants the faster forms."""
    packed = packing.pack(case.layer, case.tensors)
    if packed.record["requantisation"] == abi.Requantisation.EXACT:
        return
    weights = case.layer.weights.astype(np.int64)
    axes = (0, 1) if weights.ndim == 3 else (1, 2, 3)
    zero = case.tensors[0].zero_point
    reach = np.abs(weights).sum(axis=axes) * max(127 - zero, zero + 128)
    assert (np.abs(case.layer.bias.astype(np.int64)) + reach < 1 << 31).all()
    shifts = np.frombuffer(packed.shift, dtype="<i4")
    assert ((shifts >= 1) & (shifts <= 23)).all()
