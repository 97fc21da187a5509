"""`dvfs.served_board` and `dvfs serve`: the virtual board as a serial port."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small_model import small_model
from tiny_firmware import SPIN, elf, fetch, load

import dvfs_kernel as dvfs

pytestmark = pytest.mark.board


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "small.tflite"
    path.write_bytes(small_model())
    return path


def test_a_served_board_is_one_for_other_verbs(network, tmp_path):
    link = tmp_path / "board"
    with dvfs.served_board(network, link=link) as served:
        assert str(link.readlink()) == served.path
        flashed = dvfs.flash(network, board=served.name, progress=False)
        result = dvfs.infer(network, board=served.name, progress=False)
    assert not link.is_symlink()
    assert flashed.device == served.path
    assert flashed.to_dict()["firmware_build_id"] in repr(flashed)
    here = dvfs.infer(network, hse="8MHz", progress=False)
    assert np.array_equal(result.outputs[0], here.outputs[0])
    assert repr(served) == f"<Board at {served.path}, gone>"


def test_it_ends_when_it_is_told(network):
    with dvfs.served_board(network) as served:
        served.stop()
        served.wait()


def test_a_fault_reaches_the_one_who_waits(tmp_path):
    path = tmp_path / "firmware.elf"
    path.write_bytes(elf([load(0, 0), fetch(1, 0), SPIN], [0x90000000]))
    with (
        pytest.raises(dvfs.FirmwareFaultError, match="where nothing is"),
        dvfs.served_board(firmware=path) as served,
    ):
        served.wait()


def test_a_fault_is_not_lost_where_nobody_waits(tmp_path):
    path = tmp_path / "firmware.elf"
    path.write_bytes(elf([load(0, 0), fetch(1, 0), SPIN], [0x90000000]))
    with (
        pytest.raises(dvfs.FirmwareFaultError, match="where nothing is"),
        dvfs.served_board(firmware=path) as served,
    ):
        served._ended.wait(30)


def test_a_file_in_place_of_the_link_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with (
        pytest.raises(dvfs.BoardError, match="is no link: name another place with link"),
        dvfs.served_board(link=tmp_path / "mine"),
    ):
        pass
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize(
    ("number", "words"), [(signal.SIGINT, b"the board is gone\n"), (signal.SIGTERM, b"")]
)
def test_the_command_ends_in_good_order(number, words, tmp_path):
    link = tmp_path / "board"
    command = [sys.executable, "-m", "dvfs_kernel", "serve", "--link", str(link)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        line = process.stdout.readline()
        assert line == f"the virtual board is at {link.readlink()}; Ctrl-C takes it away\n".encode()
        time.sleep(0.2)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, b"", words)
    assert not link.is_symlink()
