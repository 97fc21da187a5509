"""The virtual board as a `Board`: silence, limits, and a line that loses and garbles bytes."""

import numpy as np
import pytest
from firmware_board import firmware, small_image, small_network

from dvfs_kernel.boards.virtual import NUCLEO_F767ZI, VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import (
    BoardError,
    BoardSilentError,
    FirmwareFaultError,
    PlatformDescriptionError,
)
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.link.session import Session
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import sample_input

pytestmark = pytest.mark.board


class BadLine(VirtualBoard):
    """Every few writes and reads a byte gets lost or another value."""

    def __init__(self, seed):
        super().__init__()
        self.random = np.random.default_rng(seed)

    def spoil(self, data):
        if not data or self.random.random() > 0.25:
            return data
        place = int(self.random.integers(len(data)))
        kept = bytes([data[place] ^ int(self.random.integers(1, 256))] * self.random.integers(2))
        return data[:place] + kept + data[place + 1 :]

    def write(self, data):
        super().write(self.spoil(data))

    def read(self, timeout_s):
        data = super().read(timeout_s)
        return self.spoil(data) or data


@pytest.mark.parametrize("seed", range(2))
def test_a_bad_line_costs_retries_and_nothing_else(seed):
    network, image = small_network(), small_image()
    data = sample_input(network.tensors[network.input])
    schedule = Schedule.uniform(
        len(network.layers),
        50_000_000,
        lfo=ClockSetting.parse("hse"),
        granularity=dae_granularities(network, 4),
    )
    with BadLine(seed) as board:
        board.flash(firmware())
        board.reset()
        session = Session(board, attempts=20)
        session.load_image(image.data)
        session.set_input(data.tobytes())
        session.set_schedule(schedule)
        board.random = np.random.default_rng(1_000)  # a run is not repeated: its frames pass
        board.spoil = lambda sent: sent
        result = session.run()
        del board.spoil
        profile = session.read_profile()
        output = session.read_output(network.outputs[0], 10)
    wanted = reference.run(network, data)[network.outputs[0]]
    assert np.array_equal(np.frombuffer(output, np.int8), wanted.ravel())
    assert result.layer_count == len(network.layers) == len(profile)
    assert session.retries > 3


def test_a_firmware_that_does_not_answer_is_named_with_its_place():
    with VirtualBoard(uart="usart2") as board:
        board.flash(firmware())
        board.reset()
        with pytest.raises(
            BoardSilentError, match=r"no reply to hello .*waiting .*\(usart_receive"
        ):
            Session(board).hello()


def test_a_firmware_that_spins_meets_the_hosts_limit():
    # A vector table, and `b .` behind it.
    code = np.array([0x20020000, 0x08000009, 0xE7FEE7FE], "<u4").tobytes()
    with VirtualBoard(wall_limit_s=0.2) as board:
        board.machine.write_memory(0x08000000, code)
        board.reset()
        with pytest.raises(
            BoardSilentError, match=r"0\.2 s of the host's time; it is at 0x08000008"
        ):
            board.read(timeout_s=1000)
        assert board.emulation().wall_s < 10


def test_an_empty_flash_is_a_fault():
    with VirtualBoard() as board:
        board.reset()
        with pytest.raises(FirmwareFaultError):
            board.read(timeout_s=1)


def test_time_is_virtual_and_passes_while_the_firmware_sleeps():
    with VirtualBoard() as board:
        board.flash(firmware())
        board.reset()
        before_s = board.now_s
        board.read(timeout_s=1.0)
        assert board.read(timeout_s=5.0) == b""
        assert board.now_s - before_s >= 5.0


def test_an_image_that_is_too_large_is_refused():
    with VirtualBoard() as board, pytest.raises(BoardError, match=r"1835009 bytes.* takes 1835008"):
        board.flash(firmware(), bytes(abi.IMAGE_BYTES_MAX + 1))


def test_a_closed_board_says_so():
    board = VirtualBoard()
    board.close()
    with pytest.raises(BoardError, match="closed"):
        board.reset()


def test_a_platform_without_a_clock_controller_is_named(tmp_path):
    path = tmp_path / "bare.repl"
    path.write_text("flash: Memory.MappedMemory @ sysbus 0x08000000\n    size: 0x200000\n")
    with pytest.raises(PlatformDescriptionError, match=r"bare\.repl"):
        VirtualBoard(platform=path)


def test_the_board_description_is_the_one_that_renode_reads():
    assert NUCLEO_F767ZI.is_file()
    with VirtualBoard() as board:
        assert board.hse_hz == 50_000_000
    with VirtualBoard(hse_hz=8_000_000) as board:
        assert board.hse_hz == 8_000_000


def test_a_missing_firmware_is_a_clear_error(tmp_path):
    with VirtualBoard() as board, pytest.raises(BoardError, match=r"python firmware/build\.py"):
        Deployment(small_network(), board, firmware=tmp_path / "firmware.elf")
