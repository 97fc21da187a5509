"""Whole networks on the virtual board, through everything that `dvfs infer` goes through."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from small_model import small_model

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import FileFormatError, ScheduleError
from dvfs_kernel.image import memory_plan
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.image.image import build
from dvfs_kernel.inference.deployed_network import Deployment, infer
from dvfs_kernel.inference.profile import SUPPLY_V
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference, zoo
from dvfs_kernel.networks.input_tensor import sample_input
from dvfs_kernel.networks.tflite_reader import read_bytes
from dvfs_kernel.networks.zoo import trained

pytestmark = pytest.mark.board

HSE_HZ = 50_000_000
FAST = ClockSetting.parse("pll:25/216/2")
HSE = ClockSetting.parse("hse")
GRANULARITIES = (0, 2, 4, 8, 12, 16)
S = abi.Segment


@cache
def expected(name):
    network = zoo.load(name)
    tensors = reference.run(network, zoo.sample_input(name))
    return [tensors[index] for index in network.outputs]


@pytest.fixture(scope="module")
def vww():
    with VirtualBoard() as board:
        deployment = Deployment(zoo.load("vww"), board)
        yield deployment


def dae_schedule(network, granularity):
    return Schedule.uniform(
        len(network.layers),
        HSE_HZ,
        lfo=HSE if granularity else None,
        granularity=dae_granularities(network, granularity),
    )


def assert_equal_to_reference(result):
    granularities = {plan.granularity for plan in result.schedule.layers}
    for output, wanted in zip(result.outputs, expected(result.network.name), strict=True):
        assert np.array_equal(output, wanted), granularities


@pytest.mark.parametrize("name", zoo.SEEDED)
def test_every_output_byte_equals_the_reference_at_every_granularity(name):
    network = zoo.load(name)
    with VirtualBoard() as board:
        deployment = Deployment(network, board)
        for granularity in GRANULARITIES:
            result = deployment.infer(
                zoo.sample_input(name),
                dae_schedule(network, granularity),
                level=abi.ProfileLevel.OFF,
            )
            assert_equal_to_reference(result)
            assert bool(result.run.hops) == bool(granularity), granularity


@pytest.mark.parametrize("name", trained.NAMES)
def test_trained_networks_score_as_the_reference_does(name):
    """They have no layer with a DAE form: all their convolutions are of 3 by 3."""
    network = zoo.load(name)
    with VirtualBoard() as board:
        deployment = Deployment(network, board)
        result = deployment.infer(
            zoo.sample_input(name), dae_schedule(network, 16), level=abi.ProfileLevel.OFF
        )
    assert_equal_to_reference(result)
    assert not result.run.hops


@pytest.fixture(scope="module")
def dae_run(vww):
    """VWW on the HSE but for one depthwise layer, which hops."""
    network = vww.network
    index = next(
        i
        for i, g in enumerate(dae_granularities(network, 8))
        if g and type(network.layers[i]).__name__ == "Depthwise"
    )
    layers = [LayerPlan(0, 1, None)] * len(network.layers)
    layers[index] = LayerPlan(8, 0, 1)
    schedule = Schedule(HSE_HZ, (FAST, HSE), tuple(layers), idle_clock=1)
    return index, vww.infer(zoo.sample_input("vww"), schedule)


def test_a_dae_layer_alternates_between_hse_and_pll_with_one_relock(dae_run):
    index, result = dae_run
    truth = result.inference_truth
    inside = [s for s in truth.stretches if s.layer == index]
    begin, end = inside[0].start_ps, inside[-1].end_ps
    sources = [c.source for c in truth.clock_changes if begin < c.time_ps < end]
    channels = result.network.tensors[result.network.layers[index].inputs[0]].shape[2]
    groups = -(-channels // 8)
    assert sources == ["pll", *["hse", "pll"] * groups]
    assert result.profile.relocks == 1
    outside = [c for c in truth.clock_changes if not begin <= c.time_ps <= end]
    assert {c.source for c in outside[:1]} == {"hse"}
    assert_equal_to_reference(result)


def test_segments_run_on_the_clock_that_the_schedule_says(dae_run):
    index, result = dae_run
    truth = result.inference_truth
    for stretch in truth.stretches:
        if stretch.layer != index or stretch.segment not in (S.MEMORY, S.COMPUTE):
            continue
        hz = HSE_HZ if stretch.segment == S.MEMORY else 216_000_000
        assert stretch.cycles / hz == pytest.approx(stretch.duration_s, abs=2e-9)


def test_measured_segment_times_agree_with_cycles_to_the_tick(dae_run):
    index, result = dae_run
    layer = result.profile.layers[index]
    hz = {S.MEMORY: HSE_HZ, S.COMPUTE: 216_000_000}
    for segment in layer.segments:
        if segment.segment in hz:
            expected_s = segment.cycles / hz[segment.segment]
            assert segment.time_s == pytest.approx(expected_s, abs=segment.count / abi.TICK_HZ)


def test_the_firmware_and_the_ground_truth_agree_on_every_segment(dae_run):
    _, result = dae_run
    truth = result.inference_truth
    for layer in result.profile.layers:
        for segment in layer.segments:
            true_s = sum(
                s.duration_s
                for s in truth.stretches
                if (s.layer, s.segment) == (layer.index, segment.segment)
            )
            slack_s = (segment.count + 1) / abi.TICK_HZ
            if segment.segment == S.SWITCHING:  # one boundary at 50, the other at 216 MHz
                slack_s += segment.count * 0.2e-6
            if layer.index == 0:  # has what goes on before it on its account
                slack_s += 5e-6
            assert segment.time_s == pytest.approx(true_s, abs=slack_s)


def test_counters_of_stretches_add_up_to_their_cycles(dae_run):
    _, result = dae_run
    for stretch in result.inference_truth.stretches:
        counted = stretch.counters
        assert counted.cycles == stretch.cycles
        parts = [
            counted.base_cycles,
            counted.branch_cycles,
            counted.icache_stall_cycles,
            counted.dcache_flash_stall_cycles,
            counted.dcache_sram_stall_cycles,
            counted.device_stall_cycles,
            counted.exception_cycles,
            counted.unaligned_cycles,
        ]
        assert sum(parts) == counted.cycles


def test_energies_of_segments_sum_to_the_meter(dae_run):
    _, result = dae_run
    truth = result.inference_truth
    assert sum(s.energy_j for s in truth.stretches) == pytest.approx(truth.energy_j, rel=1e-9)
    in_layers = sum(layer.energy_j for layer in result.profile.layers)
    outside = sum(e for (layer, _), e in truth.energy_of().items() if layer is None)
    assert in_layers + outside == pytest.approx(result.profile.energy_j, rel=1e-9)
    assert truth.energy_j <= result.truth.energy_j


def test_the_clock_costs_current(dae_run):
    index, result = dae_run
    by_kind = {s.segment: s for s in result.profile.layers[index].segments}
    assert 0.01 < by_kind[S.MEMORY].current_a < by_kind[S.COMPUTE].current_a < 0.2
    assert by_kind[S.COMPUTE].energy_j == pytest.approx(
        by_kind[S.COMPUTE].current_a * SUPPLY_V * by_kind[S.COMPUTE].time_s
    )


def test_the_whole_run_is_deterministic():
    network = zoo.load("vww")
    schedule = dae_schedule(network, 4)
    runs = []
    for _ in range(2):
        with VirtualBoard() as board:
            result = infer(network, zoo.sample_input("vww"), board, schedule)
        runs.append((json.dumps(result.to_dict()), result.truth))
    assert runs[0] == runs[1]


def test_levels_differ_in_detail_and_not_in_results(vww):
    data, schedule = zoo.sample_input("vww"), dae_schedule(vww.network, 0)
    vww.infer(data, schedule)  # the first run finds cold caches
    off = vww.infer(data, schedule, level=abi.ProfileLevel.OFF)
    layer = vww.infer(data, schedule, level=abi.ProfileLevel.LAYER)
    segment = vww.infer(data, schedule, level=abi.ProfileLevel.SEGMENT)
    for result in (off, layer, segment):
        assert_equal_to_reference(result)
    assert off.profile.layers == ()
    # Two runs alike differ by some tenths of a per cent, by what they find in the caches.
    for result in (layer, segment):
        extra = result.profile.cycles - off.profile.cycles
        assert extra == pytest.approx(result.profile.overhead_cycles, abs=off.profile.cycles * 4e-3)


def test_several_runs_are_the_same_inference(vww):
    data, schedule = zoo.sample_input("vww"), dae_schedule(vww.network, 0)
    before = len(vww.board.ground_truth().inferences)
    result = vww.infer(data, schedule, runs=2, level=abi.ProfileLevel.OFF)
    assert result.run.runs == 2
    assert len(result.truth.inferences) == before + 2
    assert_equal_to_reference(result)


@pytest.mark.parametrize("keeps_input", [True, False])
def test_what_emulating_took_is_that_of_all_runs(keeps_input):
    """Where a run overwrites its input, each is asked for alone."""
    network = read_bytes(small_model(), "small")
    plan = replace(memory_plan.plan(network), keeps_input=keeps_input)
    data = sample_input(network.tensors[network.input])
    schedule = Schedule.uniform(len(network.layers), HSE_HZ)
    with VirtualBoard() as board:
        deployment = Deployment(network, board, image=build(network, plan), by_debugger=True)
        one, three = (deployment.infer(data, schedule, runs=runs) for runs in (1, 3))
    assert (one.run.runs, three.run.runs) == (1, 3)
    assert three.emulation.instructions == pytest.approx(3 * one.emulation.instructions, rel=0.1)
    assert three.emulation.wall_s > 0


def test_a_slower_clock_takes_longer_and_the_same_bytes(vww):
    data = zoo.sample_input("vww")
    slow = Schedule.uniform(len(vww.network.layers), HSE_HZ, hfo=HSE)
    result = vww.infer(data, slow)
    assert_equal_to_reference(result)
    fast = vww.infer(data, dae_schedule(vww.network, 0))
    assert 3 < result.profile.time_s / fast.profile.time_s < 216 / 50


def test_the_stock_nucleo_with_8_mhz():
    network = zoo.load("vww")
    with VirtualBoard(hse_hz=8_000_000) as board:
        schedule = Schedule.uniform(len(network.layers), 8_000_000)
        result = infer(network, zoo.sample_input("vww"), board, schedule)
    assert_equal_to_reference(result)


def test_a_schedule_of_another_network_is_refused(vww):
    with pytest.raises(ScheduleError, match=r"has 3 layers; network vww has"):
        vww.infer(zoo.sample_input("vww"), Schedule.uniform(3, HSE_HZ))


def test_a_layer_without_a_dae_form_is_named(vww):
    schedule = Schedule.uniform(len(vww.network.layers), HSE_HZ, granularity=8)
    with pytest.raises(ScheduleError, match=r"layer 0 \(.*\): granularity 8 is not possible"):
        vww.infer(zoo.sample_input("vww"), schedule)


def test_an_input_of_another_shape_is_refused(vww):
    with pytest.raises(FileFormatError, match="the network takes 80 × 80 × 3"):
        vww.infer(np.zeros((3, 3, 3), np.int8), dae_schedule(vww.network, 0))
