"""`dvfs boot`: firmware that knows nothing of the host protocol, and firmware that ends badly."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from foreign_platform import FOREIGN
from tiny_firmware import FREE, ILLEGAL, SERIAL, SERIAL_LITERALS, SPIN, elf, fetch, load, send

from dvfs_kernel.commands.cli import cli
from dvfs_kernel.image.firmware import FIRMWARE
from dvfs_kernel.link import abi
from dvfs_kernel.link.frames import Frame, FrameDecoder, encode_frame

pytestmark = pytest.mark.board


@pytest.fixture
def boot(tmp_path):
    def run(code, *arguments, typed=b""):
        path = tmp_path / "firmware.elf"
        path.write_bytes(code)
        return CliRunner().invoke(cli, ["boot", str(path), *arguments], input=typed)

    return run


def test_a_run_ends_after_its_time(boot):
    result = boot(elf([SPIN]), "--for", "10ms", "--uart")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_a_firmware_that_never_ends_meets_the_limit_of_this_computer(boot):
    result = boot(elf([SPIN]), "--wall-limit", "200ms")
    assert result.exit_code == 1
    assert "still runs after 0.2 s on this computer" in result.stderr
    assert "0x08000040" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_fault_is_reported(boot):
    code = [load(0, 0), fetch(1, 0), SPIN]
    result = boot(elf(code, [0x90000000]), "--for", "10ms")
    assert result.exit_code == 1
    assert "0x90000000, where nothing is" in result.stderr
    assert "pc 0x08000042" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_was_sent_before_a_fault_is_shown(boot):
    subtract, branch_back = 0x3A01, 0xD1FD  # subs r2, #1; bne to it
    code = [
        *SERIAL,
        *send(FREE),
        load(2, FREE + 1),
        subtract,
        branch_back,
        load(0, FREE + 2),
        fetch(1, 0),
        SPIN,
    ]
    result = boot(elf(code, [*SERIAL_LITERALS, ord("!"), 2000, 0x90000000]), "--for", "10ms")
    assert result.exit_code == 1
    assert result.stdout == "!"
    assert "0x90000000, where nothing is" in result.stderr


def test_a_firmware_that_never_stops_talking_ends_on_time(boot):
    branch_to_store = 0xE7FD
    code = [*SERIAL, *send(FREE), branch_to_store, SPIN]
    result = boot(elf(code, [*SERIAL_LITERALS, ord("U")]), "--for", "20ms")
    assert result.exit_code == 0, result.stderr
    assert set(result.stdout) == {"U"}
    assert 220 < len(result.stdout) < 232


ONE_BYTE = elf([*SERIAL, *send(FREE), SPIN], [*SERIAL_LITERALS, ord("U")])
# Neither the port's clock nor the pins' modes: MODER gets what it has after reset.
NO_PINS = elf(
    [*SERIAL, *send(FREE), SPIN], [*SERIAL_LITERALS[:5], 0, *SERIAL_LITERALS[6:], ord("U")]
)


@pytest.mark.parametrize("line", ["115200", "115200,8N1", "115200 8n2", "any"])
def test_text_is_readable_where_the_terminal_fits(boot, line):
    result = boot(ONE_BYTE, "--for", "10ms", "--baud", line)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "U", "")


@pytest.mark.parametrize("line", ["9600", "1000000", "115200,7E1"])
def test_text_is_misread_where_it_does_not_and_both_are_told(boot, line):
    result = boot(ONE_BYTE, "--for", "10ms", "--baud", line)
    assert result.exit_code == 0
    assert result.stdout_bytes != b"U" or line.endswith("7E1")
    assert "note: USART3 sends at 115108 baud, 8N1 (16 MHz / 139)" in result.stderr
    assert f"the line is set to {line.partition(',')[0]} baud" in result.stderr


@pytest.mark.parametrize("line", ["fast", "0", "115200,8X1", "9" * 5000, "115200,8"])
def test_a_line_that_cannot_be_is_refused(boot, line):
    result = boot(ONE_BYTE, "--for", "10ms", "--baud", line)
    assert result.exit_code == 2
    assert "is no setting of a serial line" in result.stderr
    assert "115200,8N1" in result.stderr


def test_a_port_whose_pins_were_never_set_up_is_dead_and_says_so(boot):
    result = boot(NO_PINS, "--for", "10ms")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "note: USART3 sends, but no pin is set up for it" in result.stderr
    assert "PD8 with AF7" in result.stderr


def test_illegal_programming_ends_a_strict_run(boot):
    result = boot(ILLEGAL, "--for", "10ms")
    assert result.exit_code == 1
    assert "864 MHz" in result.stderr
    assert "432 MHz" in result.stderr
    assert "warning" not in result.stderr
    assert "with --lenient it is told, and goes on" in result.stderr


def test_a_fault_that_is_no_illegal_programming_names_no_way_around(boot):
    result = boot(elf([load(0, 0), fetch(1, 0), SPIN], [0x90000000]), "--for", "10ms")
    assert "--lenient" not in result.stderr


@pytest.mark.parametrize("begin", [0x20010000, 0x20020000, 0x08010000])
def test_a_firmware_that_leaves_the_vector_table_empty_is_refused(boot, begin):
    result = boot(elf([SPIN], begin=begin), "--for", "1ms")
    assert result.exit_code == 1
    assert "the vector table in flash memory, at 0x08000000, is empty" in result.stderr
    assert f"the firmware fills 0x{begin:08X} to " in result.stderr
    assert "Traceback" not in result.stderr


def test_illegal_programming_is_a_warning_where_lenient(boot):
    result = boot(ILLEGAL, "--for", "10ms", "--lenient")
    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert "864 MHz" in result.stderr


def test_a_platform_of_somebody_else(boot, tmp_path):
    (tmp_path / "renode" / "platforms").mkdir(parents=True)
    (tmp_path / "renode" / "platforms" / "chip.repl").write_text(FOREIGN)
    board = tmp_path / "board.repl"
    board.write_text('using "platforms/chip.repl"\n')
    hello = elf([*SERIAL, *send(FREE), SPIN], [*SERIAL_LITERALS, ord("!")])
    options = ("--for", "10ms", "--platform", str(board), "--uart", "console")
    result = boot(hello, *options, "--search", str(tmp_path / "renode"))
    assert (result.exit_code, result.stdout) == (0, "!")
    assert result.stderr.startswith("note: without a model here: rom (1 of its values")
    assert result.stderr.count("ethernet (Network.SynopsysEthernetMAC)") == 1
    result = boot(hello, *options)
    assert result.exit_code == 1
    assert "board.repl:1: cannot read " in result.stderr
    assert "--search" in result.stderr


def test_the_serial_port_is_on_standard_input_and_output():
    hello = b"\0" + encode_frame(Frame(abi.Command.HELLO, 7))
    command = [sys.executable, "-m", "dvfs_kernel", "boot", str(FIRMWARE)]
    command += ["--baud", str(abi.UART_BAUD), "--for", "100ms"]
    done = subprocess.run(command, input=hello, capture_output=True, timeout=60, check=True)
    frames = FrameDecoder().feed(done.stdout)
    assert [(f.command, f.sequence) for f in frames] == [(abi.Command.HELLO | abi.Command.REPLY, 7)]
    assert done.stderr == b""


def wait_for_the_engine(pid):
    """Return when a process runs firmware, however long a busy computer took to load it."""
    maps = Path(f"/proc/{pid}/maps")
    deadline_s = time.monotonic() + 60
    while "unicorn" not in maps.read_text() and time.monotonic() < deadline_s:
        time.sleep(0.1)
    time.sleep(4)


def test_ctrl_c_is_clean(tmp_path):
    path = tmp_path / "spin.elf"
    path.write_bytes(elf([SPIN]))
    command = [sys.executable, "-m", "dvfs_kernel", "boot", str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_for_the_engine(process.pid)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == b""
    assert err.strip() == b"interrupted"
