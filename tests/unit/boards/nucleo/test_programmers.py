"""What programming tools are told, and what is made of what they say."""

from pathlib import Path

import pytest
from fake_tools import FakeTools
from firmware_board import firmware

from dvfs_kernel.boards.nucleo import programmers
from dvfs_kernel.boards.nucleo.firmware_file import FirmwareFile
from dvfs_kernel.boards.nucleo.programmers import PROGRAMMERS, OpenOcd, choose_programmer
from dvfs_kernel.errors import BoardError, BoardLostError, FileFormatError

SERIAL = "0668FF303435"
IDENTITY = {
    "pyocd": "e0042000:  10016451    |..dQ|",
    "openocd": "Info : clock speed 2000 kHz\n0xe0042000: 10016451",
    "st-flash": "0x0451",
}
IMAGE = bytes(range(256)) * 4


@pytest.fixture
def tools(tmp_path, monkeypatch):
    monkeypatch.setattr(programmers, "find_spec", lambda _: None)  # pyOCD as a program on its own
    return FakeTools(tmp_path, monkeypatch, "pyocd", "openocd", "st-flash", "st-info")


@pytest.fixture(scope="module")
def firmware_file():
    return FirmwareFile.read(firmware())


@pytest.mark.parametrize("name", PROGRAMMERS)
def test_the_bytes_and_their_addresses_arrive(tools, firmware_file, name):
    choose_programmer(SERIAL, name).program(firmware_file, IMAGE)
    files, words = {}, []
    for call in tools.calls:
        assert call["program"] == name
        files |= call["files"]
        words.append(" ".join(call["words"]))
        assert SERIAL in words[-1]
    assert files["firmware.bin"] == firmware_file.flash.hex()
    assert files["image.bin"] == IMAGE.hex()
    told = " ".join(words)
    assert told.index("0x08000000") >= 0
    assert told.index("0x08040000") >= 0
    # The firmware starts when everything is there.
    if name == "st-flash":
        assert "firmware.bin" in words[-1]


@pytest.mark.parametrize("name", PROGRAMMERS)
def test_the_only_board_needs_no_serial_number(tools, firmware_file, name):
    programmer = choose_programmer("", name)
    programmer.program(firmware_file, None)
    programmer.reset()
    told = " ".join(word for call in tools.calls for word in call["words"])
    assert "image.bin" not in told
    assert "serial" not in told
    assert "--uid" not in told
    assert "reset" in " ".join(tools.calls[-1]["words"])


@pytest.mark.parametrize("name", PROGRAMMERS)
def test_the_chip_is_identified(tools, name):
    tools.says(IDENTITY[name])
    assert choose_programmer(SERIAL, name).device_id() == 0x451
    tools.says("no chip at all")
    with pytest.raises(BoardError, match="identity; it printed:\n  no chip"):
        choose_programmer(SERIAL, name).device_id()


def test_what_fails_tells_the_last_words_of_the_tool(tools, firmware_file):
    tools.says("\n".join(f"line {number}" for number in range(20)), exit_code=3)
    with pytest.raises(BoardError, match=r"with openocd failed \(exit code 3\)") as caught:
        choose_programmer(SERIAL, "openocd").program(firmware_file, None)
    assert str(caught.value).endswith("line 19")
    assert "line 13" not in str(caught.value)


@pytest.mark.usefixtures("tools")
def test_a_tool_that_hangs_is_given_up(firmware_file, monkeypatch):
    monkeypatch.setattr(programmers, "_TIMEOUT_S", 0.0)
    with pytest.raises(BoardLostError, match="did not end within 0 s; plug the board in again"):
        choose_programmer(SERIAL, "st-flash").program(firmware_file, None)


def test_the_first_that_is_installed_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(programmers, "find_spec", lambda _: None)
    FakeTools(tmp_path, monkeypatch)
    with pytest.raises(BoardError, match="none of pyocd, openocd, st-flash is installed: `pip"):
        choose_programmer(SERIAL)
    FakeTools(tmp_path, monkeypatch, "st-flash")
    with pytest.raises(BoardError, match="st-flash is installed"):
        choose_programmer(SERIAL, "st-flash")  # st-info is missing, which tells the chip
    FakeTools(tmp_path, monkeypatch, "st-flash", "st-info")
    assert choose_programmer(SERIAL).name == "st-flash"
    FakeTools(tmp_path, monkeypatch, "openocd")
    assert choose_programmer(SERIAL).name == "openocd"
    monkeypatch.setattr(programmers, "find_spec", lambda _: object())
    assert choose_programmer(SERIAL).name == "pyocd"


def test_a_tool_that_cannot_start_is_told(tools, firmware_file):
    (tools.folder / "openocd").write_text("#!/nonexistent/interpreter\n")
    with pytest.raises(BoardError, match="openocd does not start"):
        choose_programmer(SERIAL, "openocd").program(firmware_file, None)


def test_an_elf_for_other_addresses_is_refused(firmware_file):
    assert firmware_file.build_id
    with pytest.raises(FileFormatError):
        FirmwareFile.read(b"this is no ELF file")


@pytest.mark.parametrize("serial", ["0668; shutdown", "a b", "[exec sh]", "--help", "{", "$x", "é"])
def test_a_serial_number_is_no_script(serial):
    for kind in PROGRAMMERS.values():
        with pytest.raises(BoardError, match="letters and digits are allowed"):
            kind(serial)


@pytest.mark.parametrize("folder", ["a}b", "a[exec sh]", "a$b", "a;b", "a\nb", 'a"b', "a\\b"])
def test_a_folder_is_no_script(folder):
    with pytest.raises(BoardError, match="as a part of its script; name a folder"):
        OpenOcd("0668")._program_commands(Path("/home") / folder / "x.bin", None)
    words = OpenOcd("0668")._program_commands(Path("/home/my folder/x.bin"), None)[0]
    assert "program {/home/my folder/x.bin} verify 0x08000000" in words
