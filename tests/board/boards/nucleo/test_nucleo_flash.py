"""An ST-LINK's port with a board behind it that has to be programmed first."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from fake_tools import FakeTools
from firmware_board import firmware, image_of, small_network
from served_board import served

from dvfs_kernel.boards.nucleo import board as nucleo_board
from dvfs_kernel.boards.nucleo import programmers, serial_ports
from dvfs_kernel.boards.nucleo.board import NucleoBoard
from dvfs_kernel.boards.nucleo.pty_server import Line
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import BoardError, BoardNotFoundError, FirmwareMismatchError
from dvfs_kernel.link.session import Session

pytestmark = pytest.mark.board

SERIALS = ("066AFF1111", "066BFF2222")
IDENTITY = "0xe0042000: 10016451"


class UntilProgrammed(Line):
    """A chip with nothing in it: no byte comes back before a tool has written its flash memory."""

    def __init__(self, tools):
        self.tools = tools

    def to_board(self, data):
        return data if self.tools.programmed else b""


@pytest.fixture
def tools(tmp_path, monkeypatch):
    monkeypatch.setattr(programmers, "find_spec", lambda _: None)
    made = FakeTools(tmp_path, monkeypatch, "openocd")
    made.says(IDENTITY)
    return made


@pytest.fixture
def plug_in(monkeypatch):
    """Return a function that makes ports look like those of ST-LINKs."""

    def plug(*paths):
        ports = [
            SimpleNamespace(device=path, serial_number=serial, vid=0x0483, pid=0x374B)
            for path, serial in zip(paths, SERIALS, strict=False)
        ]
        other = SimpleNamespace(device="/dev/other", serial_number=None, vid=0x1234, pid=1)
        monkeypatch.setattr(serial_ports.list_ports, "comports", lambda: [other, *ports])
        monkeypatch.setattr(serial_ports, "sorted", list, raising=False)

    return plug


@pytest.fixture
def empty(tools, plug_in, monkeypatch):
    """Serve an empty chip at the port of the only ST-LINK."""
    # An emulation answers more slowly than a chip.
    monkeypatch.setattr(nucleo_board.NucleoBoard, "reply_timeout_s", 2.0)
    with VirtualBoard(hse_hz=8_000_000) as virtual:
        virtual.flash(firmware())
        virtual.reset()
        with served(virtual, UntilProgrammed(tools)) as path:
            plug_in(path)
            yield path


def test_an_empty_chip_is_programmed_with_consent_only(empty, tools):
    image = image_of(small_network()).data
    with NucleoBoard() as board:
        with pytest.raises(FirmwareMismatchError, match=r"nothing answers.*`dvfs flash` programs"):
            board.flash(firmware(), image)
        assert tools.calls == []
    asked = []
    with NucleoBoard(ask=lambda question: not asked.append(question)) as board:
        assert board.identity == SERIALS[0]
        board.flash(firmware(), image)
        assert Session(board).hello().build_id
    assert len(asked) == 1
    assert f"the board at {empty} cannot be used" in asked[0]
    read, wrote = tools.calls
    assert read["files"] == {}
    assert wrote["files"]["image.bin"] == image.hex()
    assert f"adapter serial {SERIALS[0]}" in wrote["words"]


@pytest.mark.usefixtures("empty")
def test_another_chip_is_not_touched(tools):
    tools.says("0xe0042000: 10006449")
    with (
        NucleoBoard(ask=lambda _: True) as board,
        pytest.raises(BoardError, match=r"0x449 \(STM32F74x/F75x\); 0x451"),
    ):
        board.flash(firmware())
    assert not tools.programmed


@pytest.mark.usefixtures("empty")
def test_a_board_that_does_not_answer_is_reset_by_the_tool(tools):
    with NucleoBoard() as board:
        board.reply_timeout_s = 0.05
        board.reset()
    assert "reset run" in tools.calls[-1]["words"]


def test_boards_are_listed_and_chosen(plug_in):
    plug_in("/dev/ttyACM0", "/dev/ttyACM1")
    listed = CliRunner().invoke(cli, ["boards"])
    assert all(f"nucleo:{serial}" in listed.stdout for serial in SERIALS)
    assert serial_ports.choose_port("2222").device == "/dev/ttyACM1"
    assert serial_ports.choose_port("/dev/ttyACM0").serial_number == SERIALS[0]
    with pytest.raises(BoardNotFoundError, match=r"several boards.*nucleo:066AFF1111"):
        serial_ports.choose_port()
    with pytest.raises(BoardNotFoundError, match=r"neither a serial port.*plugged in: --board"):
        serial_ports.choose_port("9999")
    plug_in()
    with pytest.raises(BoardNotFoundError, match=r"no ST-LINK is plugged in\. The cable"):
        serial_ports.choose_port()


def test_only_a_nucleo_is_programmed():
    result = CliRunner().invoke(cli, ["flash", "--board", "virtual"])
    assert result.exit_code == 2
    assert "only a nucleo has to be programmed" in result.output
