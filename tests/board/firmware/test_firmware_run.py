"""Runs: schedules are checked, every cycle is accounted for, and the pins tell the same."""

import shutil

import firmware_board
import numpy as np
import pytest
from firmware_board import HSE_HZ, refusal, request, small_image, small_network, uniform

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ProtocolError, ScheduleError
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks import reference

pytestmark = pytest.mark.board

LAYERS = len(small_network().layers)
DEPTHWISE, POINTWISE = 1, 2
HSI, HSE, PLL = (ClockSetting.parse(text) for text in ("hsi", "hse", "pll:25/216/2"))
S, LEVEL = abi.Segment, abi.ProfileLevel
# A difference of two reads of a counter is right to a tick; the two counters are read one after the
# other, which takes a few core cycles more or less.
TICK_TOLERANCE, CYCLE_TOLERANCE = 1, 8
WALL_CLOCK_PERIOD_S = 0x10000 / abi.TICK_HZ


@pytest.fixture
def started():
    board, session = firmware_board.start(small_image().data)
    session.hello()
    session.use_image()
    with board:
        yield board, session


def dae(lfo=HSE, hfo=PLL, granularity=4):
    """Decoupled depthwise and pointwise layers; the others as they are."""
    plan = [granularity if layer in (DEPTHWISE, POINTWISE) else 0 for layer in range(LAYERS)]
    return uniform(LAYERS, hfo, lfo, plan)


def send(board, *steps):
    """Send raw schedule messages; return the last reply."""
    reply = None
    for number, (command, payload) in enumerate(steps, start=1):
        reply = request(board, command, payload, sequence=number)
    return reply


def header(**fields):
    record = np.zeros((), abi.SCHEDULE_HEADER)
    values = {"hse_hz": HSE_HZ, "layer_count": LAYERS, "clock_count": 1, **fields}
    for name, value in values.items():
        record[name] = value
    return abi.Command.SCHEDULE_BEGIN, record.tobytes()


def clocks(*settings):
    payload = b"".join(setting.to_bytes() for setting in settings)
    return abi.Command.SCHEDULE_CLOCKS, payload


def plans(count=LAYERS, layer=0, **fields):
    records = np.zeros(count, abi.LAYER_PLAN)
    records["lfo"] = abi.NO_CLOCK
    for name, value in fields.items():
        records[name][layer] = value
    return abi.Command.SCHEDULE_LAYERS, records.tobytes()


END = (abi.Command.SCHEDULE_END, b"")


def test_without_a_schedule_it_runs_on_the_hsi(started):
    board, session = started
    result = session.run()
    assert (result.layer_count, result.relocks, result.hops) == (LAYERS, 0, 0)
    # Between the two readings of the first boundary lie a few lines of code not cached yet.
    assert result.total_cycles == pytest.approx(result.total_ticks, abs=2 * LAYERS + 30)
    assert {change.source for change in board.ground_truth().clock_changes} <= {"hsi"}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([header(layer_count=3)], ("BAD_ARGUMENT", 3, LAYERS)),
        ([header(clock_count=0)], ("BAD_ARGUMENT", 0, abi.CLOCKS_MAX)),
        ([header(clock_count=33)], ("BAD_ARGUMENT", 33, abi.CLOCKS_MAX)),
        ([header(idle_clock=1)], ("BAD_ARGUMENT", 1, 0)),
        ([clocks(HSI)], ("BAD_STATE", 0, 0)),
        ([header(), clocks(HSI, HSE)], ("BAD_LENGTH", 2, 1)),
        ([header(), plans()], ("BAD_STATE", 0, 0)),
        ([header(), END], ("BAD_STATE", 0, 0)),
        ([header(), clocks(HSI), END], ("BAD_STATE", 0, 0)),
        ([header(), clocks(HSI), plans(3)], ("BAD_LENGTH", 3, LAYERS)),
        ([header(), clocks(ClockSetting.parse("pll:25/432/2"))],
         ("CLOCK_ILLEGAL", 864_000_000, 432_000_000)),
        ([header(), clocks(ClockSetting.parse("hse:ahb4"))],
         ("CLOCK_ILLEGAL", 12_500_000, abi.IDLE_HCLK_HZ_MIN)),
    ],
)  # fmt: skip
def test_a_wrong_schedule_is_refused_and_none_is_left(started, steps, expected):
    board, session = started
    status, layer, found, allowed = refusal(send(board, *steps))
    assert (abi.Status(status).name, found, allowed) == expected
    assert layer == abi.LAYER_NONE
    with pytest.raises(ProtocolError, match="has to come before"):
        session.run()
    session.set_schedule(uniform(LAYERS, HSI))
    session.run()


@pytest.mark.parametrize(
    ("fields", "status", "found"),
    [
        ({"hfo": 1}, "BAD_ARGUMENT", 1),
        ({"lfo": 7}, "BAD_ARGUMENT", 7),
    ],
)
def test_a_wrong_layer_plan_is_refused_by_number(started, fields, status, found):
    board, _ = started
    reply = send(board, header(), clocks(HSI), plans(layer=4, **fields))
    assert refusal(reply) == (abi.Status[status], 4, found, 0)


def test_a_granularity_beyond_the_buffer_is_refused_with_layer_and_bytes():
    """The largest g on a layer whose planes are large."""
    network = firmware_board.wide_network()
    board, session = firmware_board.start(firmware_board.image_of(network).data)
    with board:
        session.hello()
        session.use_image()
        session.set_schedule(uniform(1, PLL, HSE, 8))
        session.run()
        with pytest.raises(ScheduleError, match=r"layer 0.*buffer.*allowed: 106496"):
            session.set_schedule(uniform(1, PLL, HSE, 255))


@pytest.mark.parametrize("granularity", [0, 2, 4, 16])
@pytest.mark.parametrize("level", LEVEL)
def test_results_do_not_depend_on_granularity_or_profile(started, granularity, level):
    _, session = started
    data = np.random.default_rng(granularity).integers(
        -128, 128, small_network().tensors[0].shape, dtype=np.int8
    )
    expected = reference.run(small_network(), data)[small_network().outputs[0]]
    session.set_schedule(dae(granularity=granularity))
    session.set_input(data.tobytes())
    session.run(level=level)
    assert session.read_output(small_network().outputs[0], expected.nbytes) == expected.tobytes()


@pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed"
)
def test_firmware_built_by_gcc_computes_the_same():
    board, session = firmware_board.start(small_image().data, toolchain="gcc")
    data = np.full(small_network().tensors[0].shape, 77, dtype=np.int8)
    expected = reference.run(small_network(), data)[small_network().outputs[0]]
    with board:
        session.hello()
        session.use_image()
        session.set_schedule(dae())
        session.set_input(data.tobytes())
        assert session.run().hops > 0
        output = session.read_output(small_network().outputs[0], expected.nbytes)
        assert output == expected.tobytes()
        assert board.machine.trace.violations == []


def test_every_cycle_and_tick_is_in_the_profile(started):
    _, session = started
    session.set_schedule(dae())
    result = session.run()
    profile = session.read_profile()
    assert profile["cycles"].sum() == result.total_cycles
    assert profile["ticks"].sum() == result.total_ticks
    assert result.hops > 0
    assert result.relocks == 0  # the idle clock had the PLL running
    counts = profile["counts"]
    assert (counts[:, S.OTHER] >= 1).all()
    for layer in range(LAYERS):
        decoupled = layer in (DEPTHWISE, POINTWISE)
        assert (counts[layer, S.MEMORY] > 0) == decoupled
        assert counts[layer, S.MEMORY] == counts[layer, S.COMPUTE]
        changes = 1 + counts[layer, S.MEMORY] + counts[layer, S.COMPUTE]
        assert counts[layer, S.SWITCHING] == changes


def test_time_is_cycles_over_the_segments_clock(started):
    _, session = started
    session.set_schedule(dae())
    session.run(2)
    profile = session.read_profile()
    for segment, setting in ((S.MEMORY, HSE), (S.COMPUTE, PLL), (S.OTHER, PLL)):
        cycles = profile["cycles"][:, segment].astype(float)
        ticks = profile["ticks"][:, segment].astype(float)
        ticks_a_cycle = abi.TICK_HZ / setting.hclk_hz(HSE_HZ)
        expected = cycles * ticks_a_cycle
        uncertainty = TICK_TOLERANCE + CYCLE_TOLERANCE * ticks_a_cycle
        uncertainty *= np.maximum(profile["counts"][:, segment], 1)
        assert (np.abs(ticks - expected) <= uncertainty).all()


def test_levels_differ_in_detail_only(started):
    _, session = started
    session.set_schedule(dae())
    totals = {}
    for level in LEVEL:
        session.run(2, level, warmup=1)  # both of them with warm caches
        totals[level] = session.run(1, level)
        profile = session.read_profile()
        used = profile["cycles"].sum(axis=0) > 0
        assert (
            used.tolist()
            == {
                LEVEL.OFF: [False] * 4,
                LEVEL.LAYER: [True, False, False, True],
                LEVEL.SEGMENT: [True] * 4,
            }[level]
        )
    assert totals[LEVEL.OFF].total_cycles < totals[LEVEL.LAYER].total_cycles
    assert totals[LEVEL.LAYER].total_cycles < totals[LEVEL.SEGMENT].total_cycles
    assert len({result.hops for result in totals.values()}) == 1


def test_the_profiles_own_cost_is_what_hello_says(started):
    _, session = started
    overhead = session.hello().marker_overhead_cycles
    session.set_schedule(uniform(LAYERS, HSI, None, [0, 4, 4, 0, 0, 0, 0]))
    runs = {}
    for level in (LEVEL.LAYER, LEVEL.SEGMENT):
        session.run(1, level)
        runs[level] = session.run(1, level)
    profile = session.read_profile()
    boundaries = int(profile["counts"][:, [S.MEMORY, S.COMPUTE]].sum())
    difference = runs[LEVEL.SEGMENT].total_cycles - runs[LEVEL.LAYER].total_cycles
    assert difference / boundaries == pytest.approx(overhead, rel=0.3)


def test_the_pins_tell_what_the_profile_tells(started):
    board, session = started
    session.set_schedule(dae())
    session.run()
    profile = session.read_profile()
    (inference,) = board.ground_truth().inferences
    cycles = np.zeros(profile["cycles"].shape, np.int64)
    for stretch in inference.stretches:
        if stretch.layer is not None:
            cycles[stretch.layer, stretch.segment] += stretch.cycles
    assert inference.cycles == pytest.approx(int(profile["cycles"].sum()), rel=0.01)
    for segment in (S.MEMORY, S.COMPUTE, S.SWITCHING):
        seen, told = cycles[:, segment], profile["cycles"][:, segment].astype(np.int64)
        # A marker's edge and the counter's reading are a few cycles apart.
        assert (
            np.abs(seen - told) <= CYCLE_TOLERANCE * np.maximum(profile["counts"][:, segment], 1)
        ).all()


def test_warm_up_runs_are_not_measured(started):
    _, session = started
    session.set_schedule(dae())
    cold = session.run(1)
    session.set_schedule(dae())
    warm = session.run(1, warmup=2)
    assert warm.runs == 1
    assert warm.total_cycles <= cold.total_cycles


@pytest.mark.parametrize(
    ("fields", "found", "allowed"),
    [({"runs": 0}, 0, 1), ({"runs": 1, "profile_level": 3}, 3, LEVEL.SEGMENT)],
)
def test_a_wrong_request_is_refused(started, fields, found, allowed):
    board, _ = started
    run = np.zeros((), abi.RUN_REQUEST)
    for name, value in fields.items():
        run[name] = value
    reply = request(board, abi.Command.RUN, run.tobytes())
    assert refusal(reply) == (abi.Status.BAD_ARGUMENT, abi.LAYER_NONE, found, allowed)


def test_a_profile_beyond_the_layers_is_refused(started):
    board, session = started
    session.run()
    read = np.zeros((), abi.PROFILE_READ)
    for first, count, found in ((0, LAYERS + 1, LAYERS + 1), (LAYERS, 1, LAYERS + 1)):
        read["first_layer"], read["layer_count"] = first, count
        reply = request(board, abi.Command.PROFILE_READ, read.tobytes(), sequence=100 + first)
        assert refusal(reply) == (abi.Status.BAD_ARGUMENT, abi.LAYER_NONE, found, LAYERS)


def test_the_pll_stops_where_no_clock_of_the_schedule_uses_it(started):
    board, session = started
    session.set_schedule(dae())
    assert board.machine.devices.rcc.clocks.pll_on
    session.set_schedule(uniform(LAYERS, HSE))
    assert not board.machine.devices.rcc.clocks.pll_on
    session.run()
    assert board.machine.trace.violations == []


def test_a_run_longer_than_the_wall_clocks_period_is_timed_right(started):
    board, session = started
    slow = ClockSetting.parse("hsi:ahb16")
    session.set_schedule(Schedule(HSE_HZ, (HSI, slow), (LayerPlan(hfo=1),) * LAYERS))
    result = session.run()
    (inference,) = board.ground_truth().inferences
    assert inference.duration_s > 3 * WALL_CLOCK_PERIOD_S
    # The wall clock's interrupt may come between a pin's edge and the reading that goes with it.
    interrupt_s = 120 / slow.hclk_hz(HSE_HZ)
    assert result.total_s == pytest.approx(inference.duration_s, abs=interrupt_s)
