"""`dvfs.boot` and `dvfs.booted_board`: firmware from Python."""

import pytest
from tiny_firmware import FREE, ILLEGAL, SERIAL, SERIAL_LITERALS, SPIN, elf, fetch, load, send

import dvfs_kernel as dvfs
from dvfs_kernel.image.firmware import FIRMWARE
from dvfs_kernel.link import abi
from dvfs_kernel.link.frames import Frame, FrameDecoder, encode_frame

pytestmark = pytest.mark.board

HELLO = b"\0" + encode_frame(Frame(abi.Command.HELLO, 7))


@pytest.fixture
def firmware(tmp_path):
    def write(code):
        path = tmp_path / "firmware.elf"
        path.write_bytes(code)
        return path

    return write


def test_what_the_port_said_is_returned():
    result = dvfs.boot(FIRMWARE, baud=abi.UART_BAUD, duration="100ms", typed=HELLO)
    (reply,) = FrameDecoder().feed(result.output)
    assert (reply.command, reply.sequence) == (abi.Command.HELLO | abi.Command.REPLY, 7)
    assert result.now_s == pytest.approx(0.1, abs=1e-3)
    assert (result.violations, result.to_dict()["violations"]) == ((), [])
    assert repr(result) == f"<Boot: {len(result.output)} bytes in 100.000 ms, 0 violations>"
    assert (result.notes, result.uart_speed) == ({}, "1000000 baud, 8N1 (16 MHz / 16)")
    assert result._repr_html_().startswith("<pre>")


def test_a_lenient_board_lists_what_is_forbidden(firmware):
    result = dvfs.boot(firmware(ILLEGAL), duration=0.01, lenient=True)
    assert any("864 MHz" in row["message"] for row in result.rows)
    assert all(0 < row["time_s"] < 0.01 for row in result.rows)
    with pytest.raises(dvfs.FirmwareFaultError, match="864 MHz"):
        dvfs.boot(firmware(ILLEGAL), duration=0.01)
    with pytest.raises(dvfs.FirmwareFaultError, match="with lenient it is told, and goes on"):
        dvfs.boot(firmware(ILLEGAL), duration=0.01)


def test_what_was_sent_before_a_fault_is_kept(firmware):
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
    path = firmware(elf(code, [*SERIAL_LITERALS, ord("!"), 2000, 0x90000000]))
    with dvfs.booted_board(path) as booted:
        with pytest.raises(dvfs.FirmwareFaultError, match="0x90000000, where nothing is"):
            booted.run("10ms")
        assert booted.result.text == "!"
        assert repr(booted).startswith("<Booted board: ")


def test_one_can_talk_to_a_firmware_that_runs():
    told = []
    with dvfs.booted_board(FIRMWARE, baud="any") as booted:
        assert booted.run("1ms").output == b""
        pieces = [HELLO[2:], HELLO[:2]]
        result = booted.run(
            "100ms", typed=lambda: pieces.pop() if pieces else b"", told=told.append
        )
    assert (result.output, len(FrameDecoder().feed(b"".join(told)))) == (b"", 1)
    assert result.now_s == pytest.approx(0.101, abs=1e-3)


def test_a_run_without_end_meets_the_limit(firmware):
    with pytest.raises(dvfs.BoardSilentError, match=r"0\.2 s .* duration ends .* wall_limit all"):
        dvfs.boot(firmware(elf([SPIN])), wall_limit="200ms")


def test_what_cannot_be_read_is_refused(firmware):
    with pytest.raises(dvfs.QuantityError, match="'soon' is no time"):
        dvfs.boot(firmware(elf([SPIN])), duration="soon")
    with pytest.raises(dvfs.FileFormatError, match=r"missing\.elf"):
        dvfs.boot("missing.elf")
