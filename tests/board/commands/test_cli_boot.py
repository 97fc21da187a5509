"""`dvfs boot`: firmware that knows nothing of the host protocol, and firmware that ends badly."""

import os
import signal
import struct
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from dvfs_kernel.commands.cli import cli
from dvfs_kernel.image.firmware import FIRMWARE
from dvfs_kernel.link import abi
from dvfs_kernel.link.frames import Frame, FrameDecoder, encode_frame

pytestmark = pytest.mark.board

FLASH = 0x08000000
RCC_CR, RCC_PLLCFGR, RCC_APB1ENR = 0x40023800, 0x40023804, 0x40023840
USART3 = 0x40004800
SPIN = 0xE7FE  # b .


def load(register, literal):
    """ldr register, [pc, #...]: a literal, which lies behind the code, by its number."""

    def encode(place, length):
        pc = (2 * place + 4) & ~3
        return 0x4800 | register << 8 | (2 * length + 4 * literal - pc) // 4

    return encode


def store(register, base, offset=0):
    return 0x6000 | offset // 4 << 6 | base << 3 | register


def fetch(register, base):
    return 0x6800 | base << 3 | register


def elf(code, literals=()):
    """Make an executable with a vector table, a few instructions and their literals."""
    code = [*code, *[0xBF00] * (len(code) % 2)]  # nop, up to a whole word
    entry = FLASH + 64 + 1
    handler = entry + 2 * code.index(SPIN)
    code = [word(i, len(code)) if callable(word) else word for i, word in enumerate(code)]
    data = struct.pack("<16I", 0x20020000, entry, *[handler] * 14)
    data += struct.pack(f"<{len(code)}H", *code) + struct.pack(f"<{len(literals)}I", *literals)
    identity = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack("<2H5I6H", 2, 40, 1, entry, 52, 0, 0x05000000, 52, 32, 1, 40, 0, 0)
    segment = struct.pack("<8I", 1, 84, FLASH, FLASH, len(data), len(data), 5, 4)
    return identity + header + segment + data


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


# Switches USART3 on, 16 cycles of 16 MHz a bit, and leaves its registers' address in r0.
SERIAL = [load(0, 0), load(1, 1), store(1, 0)]
SERIAL += [load(0, 2), load(1, 3), store(1, 0, 0x0C), load(1, 4), store(1, 0)]
SERIAL_LITERALS = [RCC_APB1ENR, 1 << 18, USART3, 16, 1 << 3 | 1]


def send(literal):
    return [load(1, literal), store(1, 0, 0x28)]


def test_what_was_sent_before_a_fault_is_shown(boot):
    subtract, branch_back = 0x3A01, 0xD1FD  # subs r2, #1; bne to it
    code = [*SERIAL, *send(5), load(2, 6), subtract, branch_back, load(0, 7), fetch(1, 0), SPIN]
    result = boot(elf(code, [*SERIAL_LITERALS, ord("!"), 2000, 0x90000000]), "--for", "10ms")
    assert result.exit_code == 1
    assert result.stdout == "!"
    assert "0x90000000, where nothing is" in result.stderr


# 16 MHz / 8 x 432 is a VCO of 864 MHz; then the PLL is switched on.
ILLEGAL = elf(
    [load(0, 0), load(1, 1), store(1, 0), load(0, 2), load(1, 3), store(1, 0), SPIN],
    [RCC_PLLCFGR, 0x24000000 | 432 << 6 | 8, RCC_CR, 1 << 24 | 1],
)


def test_a_firmware_that_never_stops_talking_ends_on_time(boot):
    branch_to_store = 0xE7FD
    code = [*SERIAL, *send(5), branch_to_store, SPIN]
    result = boot(elf(code, [*SERIAL_LITERALS, ord("U")]), "--for", "20ms")
    assert result.exit_code == 0, result.stderr
    assert set(result.stdout) == {"U"}
    assert 1900 < len(result.stdout) < 2300


def test_illegal_programming_ends_a_strict_run(boot):
    result = boot(ILLEGAL, "--for", "10ms")
    assert result.exit_code == 1
    assert "864 MHz" in result.stderr
    assert "432 MHz" in result.stderr
    assert "warning" not in result.stderr


def test_illegal_programming_is_a_warning_where_lenient(boot):
    result = boot(ILLEGAL, "--for", "10ms", "--lenient")
    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert "864 MHz" in result.stderr


def test_the_serial_port_is_on_standard_input_and_output():
    hello = b"\0" + encode_frame(Frame(abi.Command.HELLO, 7))
    command = [sys.executable, "-m", "dvfs_kernel", "boot", str(FIRMWARE), "--for", "100ms"]
    done = subprocess.run(command, input=hello, capture_output=True, timeout=60, check=True)
    frames = FrameDecoder().feed(done.stdout)
    assert [(f.command, f.sequence) for f in frames] == [(abi.Command.HELLO | abi.Command.REPLY, 7)]
    assert done.stderr == b""


def test_ctrl_c_is_clean(tmp_path):
    path = tmp_path / "spin.elf"
    path.write_bytes(elf([SPIN]))
    command = [sys.executable, "-m", "dvfs_kernel", "boot", str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        time.sleep(4)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == b""
    assert err.strip() == b"interrupted"
