"""The supply current, sampled by the firmware while the chip is kept at something."""

import zlib

import firmware_board
import numpy as np
import pytest
from firmware_board import HSE_HZ, refusal, request, small_image, small_network, uniform

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import BoardError, ClockError, ProtocolError
from dvfs_kernel.link import abi
from dvfs_kernel.link.ina219_sampling import Layers, Sampling, Sleep, Spin
from dvfs_kernel.networks.input_tensor import sample_input
from renode_platform.devices.datasheet import SHUNT_OHM

pytestmark = pytest.mark.board

FAST, SLOW = ClockSetting.parse("pll:25/216/2"), ClockSetting("hse")
QUICK = Sampling(averaged=1)
LAYERS = len(small_network().layers)
A_COUNT = 10e-6 / SHUNT_OHM


@pytest.fixture(scope="module")
def started():
    board, session = firmware_board.start(small_image().data)
    session.use_image()
    with board:
        yield board, session


@pytest.mark.parametrize(("clock", "hse_hz"), [(FAST, HSE_HZ), (SLOW, HSE_HZ), ("hsi", 0)])
def test_the_clock_that_was_asked_for_runs_while_it_spins(started, clock, hse_hz):
    _, session = started
    clock = ClockSetting(clock) if isinstance(clock, str) else clock
    readings = session.measure_current(Spin(clock, hse_hz), samples=3, sampling=QUICK)
    assert readings.passes == 0
    assert readings.core_hz == pytest.approx(clock.sysclk_hz(hse_hz), rel=1e-3)


def test_the_samples_are_the_current_that_flows(started):
    board, session = started
    before_s, before_j = board.now_s, board.machine.energy_j
    readings = session.measure_current(Spin(FAST, HSE_HZ), samples=20, sampling=Sampling(16))
    mean_a = (board.machine.energy_j - before_j) / (board.now_s - before_s) / 3.3
    measured_a = readings.shunt_counts.mean() * A_COUNT
    assert measured_a == pytest.approx(mean_a, rel=0.02)  # the mean has the clock change too
    assert np.ptp(readings.shunt_counts) <= 1


def test_a_core_that_sleeps_draws_less_and_counts_no_cycles(started):
    _, session = started
    spinning, sleeping = (
        session.measure_current(activity(FAST, HSE_HZ), samples=3, sampling=QUICK)
        for activity in (Spin, Sleep)
    )
    assert sleeping.shunt_counts.mean() < 0.4 * spinning.shunt_counts.mean()
    assert sleeping.core_hz < 0.1 * spinning.core_hz  # it wakes to take the samples


@pytest.mark.parametrize("averaged", [1, 4, 128])
def test_no_conversion_is_read_twice(started, averaged):
    _, session = started
    sampling = Sampling(averaged)
    readings = session.measure_current(Spin(SLOW, HSE_HZ), samples=3, sampling=sampling)
    apart_s = np.diff(readings.ticks, prepend=0) / abi.TICK_HZ
    assert (apart_s >= sampling.conversion_s * 1.1).all()
    assert (apart_s <= sampling.period_ticks / abi.TICK_HZ + 2.1e-3).all()


def test_passes_of_the_network_are_inferences(started):
    board, session = started
    network = small_network()
    data = sample_input(network.tensors[network.input])
    session.set_input(data.tobytes())
    session.set_schedule(uniform(LAYERS, FAST, SLOW, [0, 4, 4, 0, 0, 0, 0]))
    before = len(board.ground_truth().inferences)
    readings = session.measure_current(Layers(0, LAYERS, warmup=2), samples=4, sampling=Sampling(8))
    inferences = board.ground_truth().inferences[before:]
    assert len(inferences) == readings.passes + 2
    mean_s = np.mean([inference.duration_s for inference in inferences])
    assert readings.pass_s == pytest.approx(mean_s, rel=0.1)  # what lies between two passes
    mean_a = np.mean([i.energy_j / i.duration_s / 3.3 for i in inferences])
    assert readings.shunt_counts.mean() * A_COUNT == pytest.approx(mean_a, rel=0.05)


def test_one_layer_runs_alone(started):
    _, session = started
    session.set_schedule(uniform(LAYERS, FAST))
    passes = [
        session.measure_current(Layers(first, count), samples=2, sampling=QUICK).pass_s
        for first, count in ((0, LAYERS), (0, 1), (1, 1))
    ]
    assert passes[1] + passes[2] < passes[0]


def test_the_line_works_on_and_the_last_profile_is_gone(started):
    board, session = started
    session.set_schedule(uniform(LAYERS, FAST))
    session.run()
    session.measure_current(Layers(2, 1), samples=1, sampling=QUICK)
    reply = request(board, abi.Command.PROFILE_READ, np.zeros((), abi.PROFILE_READ).tobytes())
    assert refusal(reply)[0] == abi.Status.BAD_STATE
    session.run()
    assert len(session.read_profile()) == LAYERS


def test_an_absent_sensor_is_told(started):
    _, session = started
    with pytest.raises(BoardError, match="INA219 does not answer"):
        session.measure_current(Spin(SLOW, HSE_HZ), samples=2, sampling=QUICK, address=0x44)
    assert session.hello().image_ready


def test_what_is_impossible_is_refused(started):
    _, session = started
    with pytest.raises(ClockError):
        session.measure_current(Spin(SLOW, 0), samples=1, sampling=QUICK)
    with pytest.raises(ProtocolError, match=rf"asked: {LAYERS + 1}, allowed: {LAYERS}"):
        session.measure_current(Layers(1, LAYERS), samples=1, sampling=QUICK)
    most = abi.CURRENT_SAMPLES_MAX
    with pytest.raises(ProtocolError, match=rf"asked: {most + 1}, allowed: {most}"):
        session.measure_current(Layers(0, 1), samples=most + 1, sampling=QUICK)
    with pytest.raises(ProtocolError, match="asked: 0"):
        session.measure_current(Layers(0, 1), samples=0, sampling=QUICK)


def test_the_largest_number_of_samples_fits_a_reply(started):
    _, session = started
    readings = session.measure_current(
        Spin(ClockSetting("hsi"), 0), samples=abi.CURRENT_SAMPLES_MAX, sampling=QUICK
    )
    assert len(readings.ticks) == abi.CURRENT_SAMPLES_MAX


def test_an_image_has_an_identity_while_it_is_in_use():
    image = small_image().data
    board, session = firmware_board.start(image)
    with board:
        assert session.hello().image_id == 0
        session.use_image()
        assert session.hello().image_id == zlib.crc32(image[: abi.IMAGE_HEADER.itemsize])
