"""The whole path to a physical board over a pseudo-terminal, with the virtual board behind it."""

import os

import firmware_board
import numpy as np
import pytest
from firmware_board import firmware, image_of, small_image, small_network
from served_board import served

from dvfs_kernel.boards.nucleo.board import NucleoBoard
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import BoardAccessError, BoardError, BoardLostError, FirmwareMismatchError
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.link.session import Session
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import sample_input

pytestmark = pytest.mark.board

HSE_HZ = 8_000_000
ELF_NAME = "firmware.elf"


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    path = tmp_path_factory.mktemp("elf") / ELF_NAME
    path.write_bytes(firmware())
    return path


@pytest.fixture(scope="module")
def virtual():
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        board.flash(firmware())
        board.reset()
        yield board


@pytest.fixture
def port(virtual):
    with served(virtual) as path:
        yield path


def dae_schedule(network):
    return Schedule.uniform(
        len(network.layers),
        HSE_HZ,
        lfo=ClockSetting("hse"),
        granularity=dae_granularities(network, 4),
    )


def test_an_inference_is_the_one_of_the_embedded_board(port, elf):
    network = small_network()
    data = sample_input(network.tensors[network.input])
    schedule = dae_schedule(network)
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        deployment = Deployment(network, board, firmware=elf)
        spread = [deployment.infer(data, schedule).profile for _ in range(3)]
    with BoardSpec.parse(f"nucleo:{port}").open() as board:
        result = Deployment(network, board, firmware=elf).infer(data, schedule)
    assert result.truth is None
    assert result.emulation is None
    assert np.array_equal(result.outputs[0], reference.run(network, data)[network.outputs[0]])
    profile = result.profile
    assert profile.energy_j is None
    assert {(p.relocks, p.hops) for p in spread} == {(profile.relocks, profile.hops)}
    # What is in the caches beforehand, and where the clock's interrupts fall, differs from run to
    # run on the embedded board too.
    for quantity in ("cycles", "time_s"):
        values = [getattr(p, quantity) for p in spread]
        slack = max(np.ptp(values), 0.01 * values[0])
        assert min(values) - slack < getattr(profile, quantity) < max(values) + slack
    counts = [[(s.segment, s.count) for s in layer.segments] for layer in profile.layers]
    assert counts == [[(s.segment, s.count) for s in layer.segments] for layer in spread[0].layers]


def test_an_image_is_sent_once(port, elf):
    network = small_network()
    sent = []

    def deploy():
        sent.clear()
        with BoardSpec.parse(f"nucleo:{port}").open() as board:
            Deployment(network, board, firmware=elf, progress=lambda *step: sent.append(step))

    other = firmware_board.wide_network()
    with NucleoBoard(port) as board:
        board.flash(elf, image_of(other).data)
    deploy()
    size = len(image_of(network).data)
    assert ("image", size, size) in sent
    deploy()
    assert sent == []


def test_another_build_is_noticed_and_not_overwritten(port, elf, tmp_path):
    changed = bytearray(firmware())
    place = changed.find(b"\x00\xbf" * 2)  # two NOPs in a gap, somewhere in the code
    assert place > 0
    changed[place] = 0x01
    other = tmp_path / ELF_NAME
    other.write_bytes(changed)
    with NucleoBoard(port) as board, pytest.raises(FirmwareMismatchError) as caught:
        board.flash(other)
    message = str(caught.value)
    assert "another build" in message
    assert f"{port} is not the port of an ST-LINK" in message
    with NucleoBoard(port) as board:
        board.flash(elf)


def test_a_firmware_that_does_not_answer_is_another_one(elf):
    with VirtualBoard(uart="usart2") as silent:
        silent.flash(firmware())
        silent.reset()
        with served(silent) as path, NucleoBoard(path) as board:
            board.reply_timeout_s = 0.05
            with pytest.raises(FirmwareMismatchError, match="nothing answers on its serial port"):
                board.flash(elf)
            with pytest.raises(TimeoutError):
                board.reset()


def test_a_reset_starts_the_firmware_anew(port):
    with NucleoBoard(port) as board:
        session = Session(board)
        session.load_image(small_image().data)
        assert session.hello().image_ready
        board.reset()
        hello = Session(board).hello()
        assert not hello.image_ready
        assert hello.reset_cause & 0x10  # SFTRSTF


def test_a_port_has_one_user_at_a_time(port):
    with NucleoBoard(port), pytest.raises(BoardAccessError, match="is in use: another dvfs"):
        NucleoBoard(port)
    NucleoBoard(port).close()


def test_a_board_that_vanishes_is_told(virtual):
    with served(virtual) as path:
        board = NucleoBoard(path)
    with board, pytest.raises(BoardLostError, match=f"{path} went away: unplugged"):
        Session(board).hello()
    with pytest.raises(BoardError, match="is closed"):
        board.write(b"x")


def test_bytes_that_nobody_reads_do_not_hold_the_board_up(virtual):
    with served(virtual) as path:
        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            hello = firmware_board.encode_frame(firmware_board.Frame(abi.Command.HELLO, 9))
            os.write(terminal, hello * 20)
        finally:
            os.close(terminal)
        with NucleoBoard(path) as board:
            assert Session(board).hello().abi_version == abi.VERSION


def test_the_time_of_a_served_board_is_that_of_the_wall(virtual):
    begin_s = virtual.now_s
    with served(virtual) as path, NucleoBoard(path) as board:
        start_s = board.now_s
        assert board.read(0.3) == b""
        assert virtual.now_s - begin_s <= board.now_s - start_s + 0.1
