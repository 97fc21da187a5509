"""A bad line to a physical board: nothing hangs, and what had arrived is kept."""

import time

import numpy as np
import pytest
from firmware_board import firmware, small_image, small_network
from served_board import FAULTS, AtRequest, SpoiltOnce, Stalling, served, unplug

from dvfs_kernel.boards.nucleo.board import NucleoBoard
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import BoardLostError, DvfsError
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link.ina219_sampling import Layers, Sampling
from dvfs_kernel.link.session import Session
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import sample_input

pytestmark = pytest.mark.board

HSE_HZ = 8_000_000
REQUESTS = 16  # of `converse`, without repetitions
REPLY_TIMEOUT_S = 0.25
NETWORK = small_network()
DATA = sample_input(NETWORK.tensors[NETWORK.input])
FAST = ClockSetting.fastest(HSE_HZ)


@pytest.fixture(scope="module")
def virtual():
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        board.flash(firmware(), small_image().data)
        board.reset()
        yield board


@pytest.fixture
def fresh(virtual):
    virtual.reset()
    return virtual


def converse(board):
    """Go through every command but the erasure of flash; return the session and the output."""
    board.reply_timeout_s = REPLY_TIMEOUT_S
    session = Session(board, attempts=8)  # the computer may be slow, too
    session.hello()
    session.use_image()
    session.set_input(DATA.tobytes())
    session.set_schedule(Schedule.uniform(len(NETWORK.layers), HSE_HZ))
    session.run(timeout_s=2.0)
    assert len(session.read_profile()) == len(NETWORK.layers)
    output = session.read_output(NETWORK.outputs[0], 10)
    session.probe_clock(FAST, ClockSetting("hse"), HSE_HZ)
    session.read_ina219()
    session.measure_current(Layers(1, 2), samples=2, sampling=Sampling(averaged=1), timeout_s=2.0)
    assert session.read_fault() is None
    session.reset()
    return session, output


def assert_right(output):
    wanted = reference.run(NETWORK, DATA)[NETWORK.outputs[0]]
    assert np.array_equal(np.frombuffer(output, np.int8), wanted.ravel())


@pytest.mark.parametrize(
    ("fault", "direction"),
    [(fault, "host") for fault in FAULTS]
    + [(fault, "board") for fault in ("dropped", "flipped", "doubled")],
)
def test_every_frame_spoilt_once_costs_retries_and_nothing_else(fresh, fault, direction):
    line = SpoiltOnce(fault, direction)
    with served(fresh, line) as path, NucleoBoard(path) as board:
        session, output = converse(board)
    assert_right(output)
    assert line.spoilt >= REQUESTS
    assert session.retries >= REQUESTS


@pytest.mark.parametrize("direction", ["board", "host"])
@pytest.mark.parametrize("stall_s", [0.05, 1.2 * REPLY_TIMEOUT_S])
def test_stalls_are_waited_for(fresh, stall_s, direction):
    with served(fresh, Stalling(stall_s, direction)) as path, NucleoBoard(path) as board:
        _, output = converse(board)
    assert_right(output)


def test_an_image_arrives_over_a_bad_line(fresh):
    image = small_image().data
    with served(fresh, SpoiltOnce("flipped", "host")) as path, NucleoBoard(path) as board:
        session = Session(board)
        session.load_image(image)
        assert session.hello().image_ready
    assert fresh.machine.read_memory(0x08040000, len(image)) == image


@pytest.mark.parametrize("request_number", range(REQUESTS))
def test_a_reset_at_any_request_ends_in_a_result_or_a_message(fresh, request_number):
    line = AtRequest(request_number, fresh.reset)
    started_s = time.monotonic()
    with served(fresh, line) as path, NucleoBoard(path) as board:
        try:
            _, output = converse(board)
        except DvfsError as error:
            assert str(error)  # noqa: PT017  which error depends on what had been done
        else:
            assert_right(output)
        assert time.monotonic() - started_s < 15
        # The same line works on.
        _, output = converse(board)
    assert_right(output)


@pytest.mark.parametrize("request_number", range(REQUESTS))
def test_unplugging_at_any_request_is_told_at_once(fresh, request_number):
    started_s = time.monotonic()
    with (
        served(fresh, AtRequest(request_number, unplug)) as path,
        NucleoBoard(path) as board,
        pytest.raises(BoardLostError, match="unplugged, or without power"),
    ):
        converse(board)
    assert time.monotonic() - started_s < 10
