"""Renode alone, with the start script, and a client of its serial port."""

import contextlib
import socket
import subprocess
import time

import numpy as np
import pytest
from firmware_board import firmware, small_image, small_network

from dvfs_kernel.boards.base import Board
from dvfs_kernel.boards.virtual import NUCLEO_F767ZI
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.link.session import Session
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import sample_input

pytestmark = pytest.mark.board

SCRIPT = NUCLEO_F767ZI.with_suffix(".resc")
TIMEOUT_S = 120


class SocketBoard(Board):
    """A board behind a socket that carries its serial port; time is the host's."""

    name = "socket"
    hse_hz = 8_000_000

    def __init__(self, port):
        until_s = time.monotonic() + TIMEOUT_S
        self._socket = None
        while self._socket is None:
            assert time.monotonic() < until_s
            try:
                self._socket = socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
                time.sleep(0.2)

    @property
    def now_s(self):
        return time.monotonic()

    def flash(self, elf, image=None):
        raise NotImplementedError

    def reset(self):
        raise NotImplementedError

    def write(self, data):
        self._socket.sendall(data)

    def read(self, timeout_s):
        self._socket.settimeout(max(timeout_s, 1e-3))
        try:
            return self._socket.recv(4096)
        except TimeoutError:
            return b""

    def close(self):
        self._socket.close()


def arguments(renode, *commands):
    words = [renode, "--disable-xwt", "--console", "--plain"]
    return words + [word for command in commands for word in ("-e", command)]


def run(renode, *commands):
    """Let Renode carry out commands and end; return all that it said."""
    done = subprocess.run(
        arguments(renode, *commands, "quit"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return done.stdout + done.stderr


@contextlib.contextmanager
def running(renode, *commands):
    """Start Renode for as long as the block lasts."""
    with subprocess.Popen(
        arguments(renode, *commands),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(30) is not None


@pytest.fixture
def taken_port():
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - Renode listens there, too
        yield server.getsockname()[1]


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_the_host_protocol_runs_over_renode_s_serial_port(renode, free_port, tmp_path):
    (tmp_path / "firmware.elf").write_bytes(firmware())
    (tmp_path / "small.image").write_bytes(small_image().data)
    network = small_network()
    data = sample_input(network.tensors[network.input])
    commands = (
        f"$elf=@{tmp_path}/firmware.elf",
        f"$image=@{tmp_path}/small.image",
        "$hse=8000000",
        "$pll_lock=150",
        f"include @{SCRIPT}",
        f'emulation CreateServerSocketTerminal {free_port} "line" false',
        "connector Connect sysbus.usart3 line",
        "start",
    )
    with running(renode, *commands), SocketBoard(free_port) as board:
        session = Session(board, timeout_s=20)  # the I2C of Renode takes no time: long polling
        assert session.hello().abi_version == abi.VERSION
        session.use_image()
        session.set_input(data.tobytes())
        session.set_schedule(
            Schedule.uniform(len(network.layers), 8_000_000, hfo=ClockSetting.parse("pll:4/216/2"))
        )
        result = session.run()
        output = session.read_output(network.outputs[0], 10)
        seen = session.read_ina219()
    wanted = reference.run(network, data)[network.outputs[0]]
    assert np.array_equal(np.frombuffer(output, np.int8), wanted.ravel())
    assert 0 < result.total_s < 0.01
    assert 0.004 * (seen.bus_voltage >> 3) == pytest.approx(3.3, abs=0.01)
    assert seen.current > 0


def test_a_firmware_that_is_not_there_is_named(renode):
    said = run(renode, "$elf=@/nowhere/firmware.elf", f"include @{SCRIPT}")
    assert "/nowhere/firmware.elf" in said
    assert "There was an error executing command" in said


def test_a_port_that_is_taken_is_named(renode, taken_port):
    said = run(
        renode, 'mach create "board"', f'emulation CreateServerSocketTerminal {taken_port} "line"'
    )
    assert f"'0.0.0.0:{taken_port}'" in said
    assert "Address already in use" in said
