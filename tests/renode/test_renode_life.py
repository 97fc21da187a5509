"""A board on Renode from opening to closing, and what goes wrong between."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from firmware_board import firmware, small_image, small_network, uniform

from dvfs_kernel.boards.renode.board import RenodeBoard
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import (
    BoardError,
    BoardSilentError,
    FileFormatError,
    FirmwareFaultError,
)
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.link import abi
from dvfs_kernel.link.session import Session
from dvfs_kernel.networks.input_tensor import sample_input

pytestmark = [pytest.mark.board, pytest.mark.usefixtures("pyrenode")]

FLASH = 0x08000000
HERE = 0xE7FE  # b .
SOFTWARE_RESET = 1 << 4


def run_code(board, *halfwords):
    """Put a vector table and some Thumb code behind it into flash memory, and start it."""
    vectors = np.array([0x20020000, FLASH + 9], "<u4").tobytes()
    board.write_memory(FLASH, vectors + np.array(halfwords, "<u2").tobytes())
    board.reset()


def greeted(board):
    board.flash(firmware(), small_image().data)
    board.reset()
    session = Session(board)
    return session, session.hello()


def test_boards_open_one_after_another():
    for _ in range(3):
        with RenodeBoard() as board:
            session, _ = greeted(board)
            session.use_image()
            assert board.hse_hz == 50_000_000


def test_a_second_board_is_refused_and_the_first_one_goes_on():
    with RenodeBoard() as board:
        with pytest.raises(BoardError, match="open in this process already: close it"):
            RenodeBoard()
        greeted(board)


def test_a_closed_board_says_so():
    board = RenodeBoard()
    board.close()
    board.close()
    with pytest.raises(BoardError, match="closed"):
        board.reset()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"fidelity": "exact"}, BoardError, "'exact' is unknown; allowed: fast, cycles"),
    ],
)
def test_options_that_make_no_sense_are_refused_at_once(options, error, message):
    with pytest.raises(error, match=message):
        RenodeBoard(**options)
    RenodeBoard().close()


def test_a_platform_that_is_not_there(tmp_path):
    with pytest.raises(BoardError, match=r"nowhere\.repl does not exist"):
        RenodeBoard(platform=tmp_path / "nowhere.repl")


def test_a_platform_that_renode_does_not_take_is_told_in_renode_s_words(tmp_path):
    path = tmp_path / "broken.repl"
    path.write_text("flash: Memory.NoSuchMemory @ sysbus 0x08000000\n")
    with pytest.raises(BoardError, match=r"Renode cannot make the board: .*NoSuchMemory"):
        RenodeBoard(platform=path)
    RenodeBoard().close()  # and nothing of it is left


def test_a_reset_begins_anew():
    with RenodeBoard() as board:
        session, _ = greeted(board)
        session.use_image()
        network = small_network()
        session.set_schedule(uniform(len(network.layers), ClockSetting.parse("hse")))
        session.run()
        assert len(board.ground_truth().inferences) == 1
        before_s = board.now_s
        board.reset()
        hello = Session(board).hello()
        assert board.ground_truth().inferences == ()
        assert board.now_s > before_s
        assert not hello.fault_pending


def test_the_hse_is_what_was_asked_for():
    with RenodeBoard(hse_hz=8_000_000) as board:
        assert board.hse_hz == 8_000_000
        greeted(board)


def test_a_firmware_that_spins_meets_the_host_s_limit():
    with RenodeBoard(wall_limit_s=0.2) as board:
        run_code(board, HERE)
        with pytest.raises(BoardSilentError, match=r"0\.2 s of the host's time; .* 0x08000008"):
            board.read(timeout_s=1000)
        assert board.emulation().wall_s < 10


def test_time_is_virtual_and_passes_while_the_firmware_sleeps():
    with RenodeBoard() as board:
        greeted(board)
        before_s = board.now_s
        assert board.read(timeout_s=0.5) == b""
        assert board.now_s - before_s == pytest.approx(0.5, abs=0.01)


def test_a_wait_for_less_than_a_step_ends(monkeypatch):
    pieces = []
    with RenodeBoard() as board:
        greeted(board)
        run_for = board.machine.run_for
        monkeypatch.setattr(
            board.machine, "run_for", lambda seconds: pieces.append(run_for(seconds))
        )
        for wait_s in (1e-9, 1e-12, 1e-15):
            before_s = board.now_s
            assert board.read(timeout_s=wait_s) == b""
            assert board.now_s >= before_s + wait_s
        assert len(pieces) < 30


def test_illegal_programming_ends_the_run_with_the_values():
    # ldr r0, [pc, #8]; movs r1, #2; str r1, [r0]; b .; the address of RCC_CFGR: SYSCLK from a PLL
    # that does not run.
    code = (0x4802, 0x2102, 0x6001, HERE, 0x0000, 0x0000, 0x3808, 0x4002)
    with RenodeBoard() as board:
        run_code(board, *code)
        with pytest.raises(FirmwareFaultError, match=r"PLL.*; the core is at 0x080000"):
            board.read(timeout_s=0.01)
    with RenodeBoard(strict=False) as board:
        run_code(board, *code)
        assert board.read(timeout_s=0.01) == b""
        assert board.violations()


def test_an_image_that_is_too_large_is_refused():
    with RenodeBoard() as board, pytest.raises(BoardError, match=r"1835009 bytes.* takes 1835008"):
        board.flash(firmware(), bytes(abi.IMAGE_BYTES_MAX + 1))


def test_a_missing_firmware_is_a_clear_error(tmp_path):
    with RenodeBoard() as board, pytest.raises(BoardError, match=r"python firmware/build\.py"):
        Deployment(small_network(), board, firmware=tmp_path / "firmware.elf")


def test_layers_are_told_as_they_begin():
    network = small_network()
    begun = []
    with RenodeBoard() as board:
        deployment = Deployment(network, board, firmware=firmware())
        deployment.board.watch_layers(begun.append)
        data = sample_input(network.tensors[network.input])
        deployment.infer(data, uniform(len(network.layers), ClockSetting.parse("hsi")))
    assert begun == sorted(begun)
    assert begun[-1] >= len(network.layers)


def test_runs_are_the_same_to_the_last_bit():
    truths = []
    for _ in range(2):
        network = small_network()
        with RenodeBoard() as board:
            deployment = Deployment(network, board, firmware=firmware())
            data = sample_input(network.tensors[network.input])
            schedule = uniform(len(network.layers), ClockSetting.parse("pll:25/216/2"))
            truths.append(deployment.infer(data, schedule).truth)
    assert truths[0] == truths[1]


def test_a_board_is_opened_by_name():
    with BoardSpec.parse("renode:cycles").open() as board:
        assert isinstance(board, RenodeBoard)
        assert board.fidelity == "cycles"


def test_ctrl_c_ends_a_run_and_leaves_no_process():
    program = (
        "import sys\n"
        "from dvfs_kernel.boards.renode.board import RenodeBoard\n"
        "with RenodeBoard() as board:\n"
        f"    board.write_memory({FLASH}, bytes.fromhex('0000022009000008fee7fee7'))\n"
        "    board.reset()\n"
        "    print('running', flush=True)\n"
        "    board.read(timeout_s=1e6)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "running\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in error
    assert process.returncode in (1, 130, -signal.SIGINT)


def test_a_reset_by_the_firmware_is_told_from_one_by_the_pin():
    with RenodeBoard() as board:
        session, hello = greeted(board)
        assert not hello.reset_cause & SOFTWARE_RESET
        session.reset()
        assert session.hello().reset_cause & SOFTWARE_RESET


def test_a_file_that_is_no_firmware_is_refused_and_the_board_lives_on():
    with RenodeBoard() as board:
        with pytest.raises(FileFormatError):
            board.flash(b"no executable")
        greeted(board)


def test_a_model_that_breaks_in_the_middle_of_a_run_ends_the_run_and_not_renode():
    breaking = (
        "timer = nucleo.of(monitor.Machine).platform.devices['lptim1'][2]; "
        "timer.read = lambda offset, size: [][offset]"
    )
    with RenodeBoard() as board:
        session, _ = greeted(board)
        session.use_image()
        network = small_network()
        session.set_schedule(uniform(len(network.layers), ClockSetting.parse("pll:25/216/2")))
        board.machine.execute(f'python "{breaking}"')
        with pytest.raises(FirmwareFaultError, match=r"IndexError.*; the core is at 0x080"):
            session.run()
    with RenodeBoard() as board:
        greeted(board)


def test_a_renode_that_does_not_load_is_told_without_a_traceback(tmp_path):
    broken = tmp_path / "renode-1.16.1.pkg.tar.xz"
    broken.write_bytes(b"cut off in the middle of the download")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYRENODE")
    }
    done = subprocess.run(
        [sys.executable, "-m", "dvfs_kernel", "infer", "vww", "--board", "renode"],
        env={**environment, "PYRENODE_PKG": str(broken)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"Error: Renode at PYRENODE_PKG={broken} does not load" in done.stderr
    assert "Traceback" not in done.stderr
