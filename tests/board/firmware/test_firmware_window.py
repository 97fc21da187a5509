"""Windows: exact in length in every idle mode, and cheaper the deeper the core sleeps."""

import shutil
from itertools import pairwise

import firmware_board
import numpy as np
import pytest
from firmware_board import refusal, request, small_image, small_network, uniform
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import BoardError, ScheduleError
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference
from renode_platform.devices import datasheet

pytestmark = pytest.mark.board

LAYERS = len(small_network().layers)
HSI, HSE, PLL, SLOW_PLL = (
    ClockSetting.parse(text) for text in ("hsi", "hse", "pll:25/216/2", "pll:25/100/2")
)
MODES = list(abi.IdleMode)
SLEEP, GATED, STOP = MODES
WITHIN_S = 2e-6
STOP_A = datasheet.STOP_CURRENT_A["flash on"][1] + datasheet.LSE_CURRENT_A

each_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())


@pytest.fixture(scope="module")
def started():
    """A strict board, so that nothing illegal passes."""
    board, session = firmware_board.start(small_image().data)
    session.hello()
    session.use_image()
    with board:
        yield board, session


@pytest.fixture
def session(started):
    _, session = started
    session.set_schedule(uniform(LAYERS, PLL))
    return session


def windows(board, session, mode, window_s, runs=1):
    """Run, and return the firmware's account and the board's."""
    before = len(board.ground_truth().windows)
    result = session.run(runs, window_s=window_s, idle=mode)
    truth = board.ground_truth().windows[before:]
    assert len(truth) == runs
    return result, truth


@each_mode
@pytest.mark.parametrize("window_s", [0.0009, 0.0021, 0.005, 0.08, 3.1])
def test_a_window_ends_when_it_should(started, session, mode, window_s):
    board, _ = started
    result, truth = windows(board, session, mode, window_s, runs=2)
    for window in truth:
        assert window.duration_s == pytest.approx(window_s, abs=WITHIN_S)
        assert window.start_ps < window.inference.start_ps < window.inference.end_ps
        assert window.inference.end_ps < window.end_ps
    assert result.window_s == pytest.approx(window_s, abs=WITHIN_S)
    assert result.overrun_ticks == 0


@pytest.mark.parametrize("clock", [HSI, HSE], ids=["hsi", "hse"])
@each_mode
def test_a_window_ends_when_it_should_on_other_clocks(started, session, mode, clock):
    board, _ = started
    session.set_schedule(uniform(LAYERS, clock))
    _, (window,) = windows(board, session, mode, 0.0123)
    assert window.duration_s == pytest.approx(0.0123, abs=WITHIN_S)


@settings(max_examples=12)
@given(st.floats(0.4e-3, 6e-3), st.sampled_from(MODES))
def test_any_length_is_kept(started, window_s, mode):
    board, session = started
    result, (window,) = windows(board, session, mode, window_s)
    # The last clock change and the way to the idle state are not for a time that is hardly there.
    if result.total_s < window_s - 50e-6:
        assert window.duration_s == pytest.approx(window_s, abs=WITHIN_S)


def test_the_deeper_the_sleep_the_less_energy(started, session):
    board, _ = started
    idle_j = {}
    for mode in MODES:
        _, (window,) = windows(board, session, mode, 0.2)
        assert window.energy_j == pytest.approx(window.inference.energy_j + window.idle_energy_j)
        idle_j[mode] = window.idle_energy_j
    assert idle_j[STOP] < 0.3 * idle_j[GATED] < 0.1 * idle_j[SLEEP]


def current_a(window):
    """Mean current of the idle time."""
    idle_s = window.duration_s - window.inference.duration_s
    return window.idle_energy_j / (datasheet.VDD_V * idle_s)


def test_the_idle_currents_are_those_of_the_data_sheet(started, session):
    board, _ = started
    _, (sleep,) = windows(board, session, SLEEP, 1.0)
    # Table 33 at 216 MHz, and what the firmware keeps clocked.
    assert 18e-3 < current_a(sleep) < 23e-3
    _, (gated,) = windows(board, session, GATED, 1.0)
    static_a = datasheet.CURRENT_MODEL["static_a"]
    assert static_a < current_a(gated) < static_a + 0.2e-3
    _, (stop,) = windows(board, session, STOP, 1.0)
    assert current_a(stop) == pytest.approx(STOP_A, rel=0.01)


def test_the_clocks_of_a_window(started, session):
    board, _ = started
    # A relock goes by on the HSE, which is the faster one of those that run.
    for mode, sources in ((SLEEP, ["pll"]), (GATED, ["hsi", "hse", "pll", "hsi"])):
        _, (window,) = windows(board, session, mode, 0.01)
        assert [c.source for c in window.clock_changes] == sources
    _, (window,) = windows(board, session, STOP, 0.01)
    seen = [(c.source, c.sysclk_hz) for c in window.clock_changes]
    hsi, hse = ("hsi", datasheet.HSI_HZ), ("hse", firmware_board.HSE_HZ)
    assert seen == [hsi, hse, ("pll", 216_000_000), hsi, ("hsi", 0), hsi]
    assert window.clock_changes[4].current_a == pytest.approx(STOP_A)
    # The relock is part of the inference, whose first layer's clock change it is.
    stretches = window.inference.stretches
    (change,) = [s for s in stretches if s.layer == 0 and s.segment is abi.Segment.SWITCHING]
    assert change.duration_s > 200e-6


def test_windows_follow_each_other(started, session):
    board, _ = started
    for mode in MODES:
        _, truth = windows(board, session, mode, 0.004, runs=5)
        gaps_s = [(b.start_ps - a.end_ps) * 1e-12 for a, b in pairwise(truth)]
        assert all(0 < gap_s < 0.7e-3 for gap_s in gaps_s)
        # From the second window on everything repeats itself but the phase of the wall clock.
        energies_j = [window.energy_j for window in truth[1:]]
        assert max(energies_j) == pytest.approx(min(energies_j), rel=2e-3)


@each_mode
def test_an_overrun_is_told_and_leaves_no_idle_time(started, session, mode):
    board, _ = started
    result, (window,) = windows(board, session, mode, 50e-6)
    assert result.overrun_s == pytest.approx(window.duration_s - 50e-6, abs=20e-6)
    assert result.window_s == pytest.approx(window.duration_s, abs=WITHIN_S)
    assert result.overrun_ticks > 1000
    assert window.end_ps - window.inference.end_ps < 30e6


def test_without_a_window_there_is_none(started, session):
    board, _ = started
    before = len(board.ground_truth().windows)
    result = session.run()
    assert (result.window_ticks, result.overrun_ticks) == (0, 0)
    assert len(board.ground_truth().windows) == before


def test_time_is_right_after_a_stop(started, session):
    """A run's profile is the same, and so is the wall clock, whatever came before."""
    board, _ = started
    session.run(warmup=1)
    plain = session.run()
    for mode in MODES:
        windows(board, session, mode, 0.05)
        session.run()
        again = session.run()
        # One interrupt of the wall clock more or less, on a core at 16 MHz or more.
        assert again.total_cycles == pytest.approx(plain.total_cycles, abs=200)
        assert again.total_ticks == pytest.approx(plain.total_ticks, abs=200)
    probe = session.probe_clock(PLL, HSE, firmware_board.HSE_HZ)
    assert probe.to_b_ticks / abi.TICK_HZ < 5e-6


def test_the_wall_clock_goes_through_a_stop_without_a_step(started, session):
    """The firmware's account of many windows agrees with the board's."""
    board, _ = started
    result, truth = windows(board, session, STOP, 0.0173, runs=20)
    assert result.window_s == pytest.approx(truth[-1].duration_s, abs=WITHIN_S)
    lengths_s = [window.duration_s for window in truth]
    assert sum(lengths_s) == pytest.approx(20 * 0.0173, abs=20 * WITHIN_S)
    assert max(lengths_s) - min(lengths_s) < WITHIN_S


def test_the_idle_clock_may_need_a_relock(started, session):
    board, _ = started
    layers = [LayerPlan(0, 0, None)] * LAYERS
    session.set_schedule(Schedule(firmware_board.HSE_HZ, (SLOW_PLL, PLL), layers, idle_clock=1))
    result, (window,) = windows(board, session, SLEEP, 0.01)
    assert window.duration_s == pytest.approx(0.01, abs=WITHIN_S)
    assert result.relocks == 1  # the inference's own


@pytest.mark.parametrize("mode", [GATED, STOP], ids=["gated", "stop"])
def test_the_clock_is_the_schedules_again_after_the_windows(started, session, mode):
    board, _ = started
    rcc, pwr = board.machine.devices.rcc, board.machine.devices.pwr
    before = dict(rcc.values)
    session.run(window_s=0.01, idle=mode)
    session.hello()
    assert (rcc.clocks.source, rcc.clocks.hclk_hz) == ("pll", 216_000_000)
    assert rcc.clocks.overdrive
    assert rcc.values["AHB1LPENR"] == before["AHB1LPENR"]
    assert rcc.values["APB1LPENR"] == before["APB1LPENR"]
    assert not pwr.backup_writable()


def test_outputs_are_the_same_in_every_mode(started, session):
    board, _ = started
    network = small_network()
    data = np.random.default_rng(3).integers(-128, 128, (8, 8, 6), dtype=np.int8)
    (output,) = network.outputs
    expected = reference.run(network, data)[output].tobytes()
    for mode in MODES:
        session.set_input(data.tobytes())
        windows(board, session, mode, 0.01)
        assert session.read_output(output, len(expected)) == expected


def lse_on(board):
    return bool(board.machine.devices.rcc.bit("BDCR", "LSEON"))


def test_the_lse_runs_only_where_stop_needs_it():
    """So what runs next draws and lasts the same, whatever ran before; and a start takes 2 s."""
    board, session = firmware_board.start(small_image().data)
    session.hello()
    session.use_image()
    with board:
        begin_s = board.now_s
        session.run(window_s=0.01, idle=STOP)
        started_s = board.now_s - begin_s
        assert datasheet.LSE_STARTUP_PS * 1e-12 < started_s < 2.1
        assert not lse_on(board)
        # Once for all windows of a request.
        begin_s = board.now_s
        session.run(3, window_s=0.01, idle=STOP)
        assert board.now_s - begin_s < 2.1
        board.machine.devices.rcc.set_field("BDCR", "LSEON", 1)
        board.reset()
        session.hello()
        assert not lse_on(board)


def test_a_crystal_that_does_not_start_is_named():
    board, session = firmware_board.start(small_image().data)
    session.hello()
    session.use_image()
    with board:
        board.machine.devices.rcc.oscillators["lse"].start = lambda _: None
        with pytest.raises(BoardError, match=r"LSERDY missing: the 32\.768 kHz crystal"):
            session.run(window_s=0.01, idle=STOP)
        # The other modes do without it, and the board is none the worse.
        assert session.run(window_s=0.01, idle=GATED).overrun_ticks == 0


def run_request(**fields):
    record = np.zeros((), abi.RUN_REQUEST)
    for name, value in {"runs": 1, **fields}.items():
        record[name] = value
    return record.tobytes()


@pytest.mark.parametrize(
    ("fields", "asked", "allowed"),
    [
        ({"window_ticks": 1 << 31}, 1 << 31, abi.WINDOW_TICKS_MAX),
        ({"window_ticks": 16_000, "idle_mode": 3}, 3, abi.IdleMode.STOP),
        ({"idle_mode": 255}, 255, abi.IdleMode.STOP),
    ],
)
def test_what_cannot_be_is_refused(started, fields, asked, allowed):
    board, _ = started
    reply = request(board, abi.Command.RUN, run_request(**fields))
    assert refusal(reply) == (abi.Status.BAD_ARGUMENT, abi.LAYER_NONE, asked, allowed)


@pytest.mark.parametrize("window_s", [0.0, -1.0, 1e-9, 135.0, float("nan")])
def test_the_host_knows_what_a_window_may_be(session, window_s):
    with pytest.raises(ScheduleError, match=r"a window of .* s is not possible; 62\.5 ns to 134 s"):
        session.run(window_s=window_s)


def test_the_longest_window(started, session):
    board, _ = started
    longest_s = abi.WINDOW_TICKS_MAX / abi.TICK_HZ
    _, (window,) = windows(board, session, STOP, longest_s)
    assert window.duration_s == pytest.approx(longest_s, abs=WITHIN_S)


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="gcc for Arm is missing")
def test_another_compilers_firmware_keeps_time_too():
    board, session = firmware_board.start(small_image().data, toolchain="gcc")
    session.hello()
    session.use_image()
    session.set_schedule(uniform(LAYERS, PLL))
    with board:
        for mode in MODES:
            _, truth = windows(board, session, mode, 0.0123, runs=2)
            for window in truth:
                assert window.duration_s == pytest.approx(0.0123, abs=WITHIN_S)
