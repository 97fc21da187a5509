"""Boards on Renode: the firmware answers, computes the same bytes, and takes the same time."""

import firmware_board
import numpy as np
import pytest
from firmware_board import small_network, uniform
from wide_networks import wide_input, wide_output

from dvfs_kernel.boards.renode.board import RenodeBoard
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import sample_input

pytestmark = [pytest.mark.board, pytest.mark.usefixtures("pyrenode")]

PLL, HSE = ClockSetting.parse("pll:25/216/2"), ClockSetting.parse("hse")
# Uniform at the PLL; hops between HSE and PLL within layers; the HSE alone.
SCHEDULES = {"pll": (PLL, None, 0), "hops": (PLL, HSE, 2), "hse": (HSE, None, 0)}
SLEEP, GATED, STOP = abi.IdleMode
WINDOW_S = 2.5e-3
# What some ten microseconds more or less of waking up cost: Renode's clock moves in steps.
WAKING_J = 4e-6


def schedule_of(name):
    network = small_network()
    hfo, lfo, granularity = SCHEDULES[name]
    return uniform(len(network.layers), hfo, lfo, dae_granularities(network, granularity))


def picture():
    network = small_network()
    return sample_input(network.tensors[network.input])


def runs_on(board):
    """Run every schedule, and a window in every idle mode, on one board."""
    with board:
        deployment = Deployment(small_network(), board, firmware=firmware_board.firmware())
        results = {name: deployment.infer(picture(), schedule_of(name)) for name in SCHEDULES}
        for idle in abi.IdleMode:
            results[idle] = deployment.infer(
                picture(), schedule_of("pll"), window_s=WINDOW_S, idle=idle
            )
    return results


@pytest.fixture(scope="module")
def embedded():
    return runs_on(VirtualBoard())


@pytest.fixture(scope="module", params=["fast", "cycles"])
def on_renode(request, pyrenode):
    del pyrenode
    return request.param, runs_on(RenodeBoard(fidelity=request.param))


def closeness(fidelity):
    """Return how far an inference may be off, as a part of it."""
    # A network this small is not what the mean of `fast` was taken from.
    return {"fast": 0.35, "cycles": 0.01}[fidelity]


@pytest.mark.parametrize("run", [*SCHEDULES, *abi.IdleMode], ids=str)
def test_outputs_are_the_reference_s(on_renode, run):
    _, results = on_renode
    network = small_network()
    tensors = reference.run(network, picture())
    for output, index in zip(results[run].outputs, network.outputs, strict=True):
        assert np.array_equal(output, tensors[index])


@pytest.mark.parametrize("run", SCHEDULES)
def test_stretches_are_the_same(on_renode, embedded, run):
    _, results = on_renode
    there, here = results[run].inference_truth, embedded[run].inference_truth
    assert [(s.layer, s.segment) for s in there.stretches] == [
        (s.layer, s.segment) for s in here.stretches
    ]
    assert [(c.sysclk_hz, c.source) for c in there.clock_changes] == [
        (c.sysclk_hz, c.source) for c in here.clock_changes
    ]


@pytest.mark.parametrize("run", SCHEDULES)
def test_time_and_energy_are_close(on_renode, embedded, run):
    fidelity, results = on_renode
    there, here = results[run].inference_truth, embedded[run].inference_truth
    within = closeness(fidelity)
    assert there.duration_s == pytest.approx(here.duration_s, rel=within)
    assert there.energy_j == pytest.approx(here.energy_j, rel=within)
    assert there.cycles == pytest.approx(here.cycles, rel=within)


@pytest.mark.parametrize("idle", abi.IdleMode, ids=lambda mode: mode.name.lower())
def test_windows_are_exact_and_deeper_sleep_is_cheaper(on_renode, embedded, idle):
    _, results = on_renode
    window, here = results[idle].window_truth, embedded[idle].window_truth
    assert window.duration_s == pytest.approx(WINDOW_S, abs=4e-6)
    assert window.idle_energy_j == pytest.approx(here.idle_energy_j, abs=WAKING_J)
    deeper = results[{SLEEP: GATED, GATED: STOP, STOP: STOP}[idle]].window_truth
    assert deeper.idle_energy_j <= window.idle_energy_j


@pytest.mark.parametrize("run", SCHEDULES)
def test_the_firmware_s_profile_tells_what_the_board_logged(on_renode, run):
    _, results = on_renode
    result = results[run]
    assert result.profile.time_s == pytest.approx(result.inference_truth.duration_s, rel=0.05)


@pytest.mark.parametrize("make", [wide_input, wide_output])
def test_a_tensor_across_two_memories_comes_in_and_out_whole(make):
    network = make()
    data = sample_input(network.tensors[network.input])
    schedule = uniform(len(network.layers), PLL)
    with RenodeBoard(fidelity="fast") as board:
        deployment = Deployment(network, board, by_debugger=True)
        (output,) = deployment.infer(data, schedule).outputs
    assert np.array_equal(output, reference.run(network, data)[network.outputs[0]])
