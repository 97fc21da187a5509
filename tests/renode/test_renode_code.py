"""Code in images on Renode: the same bytes, and as many cycles as on the embedded board."""

import firmware_board
import numpy as np
import pytest
from firmware_board import small_network, uniform

from dvfs_kernel.boards.renode.board import RenodeBoard
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.image.forms import possible_forms, with_forms
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import sample_input
from dvfs_kernel.networks.layers.weighted import STREAMED, UNPACKED

pytestmark = [pytest.mark.board, pytest.mark.usefixtures("pyrenode")]

PLL, HSE = ClockSetting.parse("pll:25/216/2"), ClockSetting.parse("hse")
POINTWISE = 2
SCHEDULES = {"interleaved": (None, 0), "hops": (HSE, 4)}


def coded_network():
    """Return the small network with all layers streamed but one, which is unpacked."""
    network = small_network()
    forms = {
        index: STREAMED
        for index, layer in enumerate(network.layers)
        if STREAMED in possible_forms(layer, network.tensors)
    }
    return with_forms(network, {**forms, POINTWISE: UNPACKED})


def runs_on(board):
    """Run both schedules on a board."""
    network = coded_network()
    picture = sample_input(network.tensors[network.input])
    with board:
        deployment = Deployment(network, board, firmware=firmware_board.firmware())
        return {
            name: deployment.infer(
                picture,
                uniform(len(network.layers), PLL, lfo, dae_granularities(network, granularity)),
            )
            for name, (lfo, granularity) in SCHEDULES.items()
        }


@pytest.fixture(scope="module")
def embedded():
    return runs_on(VirtualBoard())


@pytest.fixture(scope="module")
def on_renode():
    return runs_on(RenodeBoard(fidelity="cycles"))


@pytest.mark.parametrize("run", SCHEDULES)
def test_outputs_are_the_reference_s(on_renode, run):
    network = coded_network()
    tensors = reference.run(network, sample_input(network.tensors[network.input]))
    for output, index in zip(on_renode[run].outputs, network.outputs, strict=True):
        assert np.array_equal(output, tensors[index])


@pytest.mark.parametrize("run", SCHEDULES)
def test_cycles_and_energy_are_the_embedded_board_s(on_renode, embedded, run):
    there, here = on_renode[run].inference_truth, embedded[run].inference_truth
    assert there.cycles == pytest.approx(here.cycles, rel=0.01)
    assert there.energy_j == pytest.approx(here.energy_j, rel=0.01)
    assert [(s.layer, s.segment) for s in there.stretches] == [
        (s.layer, s.segment) for s in here.stretches
    ]
