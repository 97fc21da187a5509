"""Whole networks with code in their images: the reference's bytes, decoupled or not, with hops."""

from functools import cache

import numpy as np
import pytest
from firmware_board import HSE_HZ, small_network

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.image.forms import possible_forms, with_forms
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference, zoo
from dvfs_kernel.networks.input_tensor import sample_input
from dvfs_kernel.networks.layers.weighted import STREAMED, UNPACKED

pytestmark = pytest.mark.board

PLL, HSE = ClockSetting.parse("pll:25/216/2"), ClockSetting.parse("hse")
# Granularity, and the clock of memory segments.
SCHEDULES = {"interleaved": (0, None), "decoupled": (3, None), "hops": (8, HSE)}
NETWORKS = {
    "small, streamed": (small_network, STREAMED),
    "small, unpacked": (small_network, UNPACKED),
    "vww, streamed": (lambda: zoo.load("vww"), STREAMED),
}


@cache
def coded(name):
    """Return a network in which every layer that can have a form has it, or else streams."""
    load, form = NETWORKS[name]
    network = load()
    possible = {i: possible_forms(item, network.tensors) for i, item in enumerate(network.layers)}
    forms = {
        i: form if form in found else STREAMED for i, found in possible.items() if len(found) > 1
    }
    return with_forms(network, forms)


def runs(name, schedules):
    network = coded(name)
    picture = sample_input(network.tensors[network.input])
    tensors = reference.run(network, picture)
    with VirtualBoard() as board:
        deployment = Deployment(network, board)
        for granularity, lfo in schedules:
            schedule = Schedule.uniform(
                len(network.layers), HSE_HZ, hfo=PLL, lfo=lfo,
                granularity=dae_granularities(network, granularity),
            )  # fmt: skip
            result = deployment.infer(picture, schedule, level=abi.ProfileLevel.SEGMENT)
            for output, index in zip(result.outputs, network.outputs, strict=True):
                assert np.array_equal(output, tensors[index])
            yield granularity, lfo, result


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_the_reference_s_by_every_schedule(name):
    schedules = list(SCHEDULES.values())
    if name.startswith("vww"):
        schedules = schedules[-1:]
    for granularity, lfo, result in runs(name, schedules):
        sources = {change.source for change in result.inference_truth.clock_changes}
        assert ("hse" in sources) == (lfo is not None)
        segments = {stretch.segment for stretch in result.inference_truth.stretches}
        assert (abi.Segment.MEMORY in segments) == bool(granularity)


def test_most_layers_of_the_visual_wake_words_network_stream():
    network = coded("vww, streamed")
    weighted = [layer for layer in network.layers if hasattr(layer, "form")]
    assert sum(layer.form == STREAMED for layer in weighted) >= 0.9 * len(weighted)
