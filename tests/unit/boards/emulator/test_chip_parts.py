"""Descriptions of others: every line is understood, or refused with its place and a remedy."""

import numpy as np
import pytest
from device_host import PLATFORM
from foreign_platform import FOREIGN
from hypothesis import given
from hypothesis import strategies as some

from dvfs_kernel.boards.emulator.chip_parts import ChipParts
from dvfs_kernel.boards.emulator.init_statements import write_bus, write_memory
from dvfs_kernel.boards.emulator.machine import Machine
from dvfs_kernel.boards.emulator.memory import Memory, MemoryMap
from dvfs_kernel.boards.emulator.repl import PlatformDescription
from dvfs_kernel.errors import BoardError, PlatformDescriptionError

BOARD = f'using "{PLATFORM}/nucleo_f767zi.repl"\n'
LINES_BEFORE = BOARD.count("\n")


def parts(text):
    return ChipParts.of(PlatformDescription.parse(text, "own.repl"))


def test_a_description_with_other_names_is_the_same_chip():
    found = parts(FOREIGN)
    assert found.names["console"] == "usart3"
    assert found.names["spare"] == "uart4"
    assert found.names["timer2"] == "tim2"
    assert found.names["cells"] == "flash"
    assert {"rcc", "pwr", "flashController", "gpioPortB", "lamp"} <= set(found.peripherals)
    assert [line[1:] for line in found.peripherals["usart3"].interrupts] == [("nvic", 39)]
    assert found.peripherals["timer2" if "timer2" in found.peripherals else "tim2"].interrupts == (
        (None, "nvic", 28),
    )
    flash = found.peripherals["flash"]
    assert [place.address for place in flash.registrations] == [0x08000000, 0x00200000]


def test_a_machine_is_made_of_such_a_description():
    machine = Machine(PlatformDescription.parse(FOREIGN, "own.repl"))
    assert machine.uart("console") is not None
    assert machine.devices.devices["usart3"][0] == 0x40004800
    assert machine.devices.leds == {"lamp": True}  # inverted: it lights while its pin is low
    # The identity that Renode's Python would work out is the chip's own here.
    identity = [int.from_bytes(machine.read_memory(0x1FF0F420 + i, 4), "little") for i in (0, 4)]
    assert identity == [0x00370041, 0x12345678]
    with pytest.raises(BoardError, match=r"no serial port 'usart9' in the description; .*console"):
        machine.uart("usart9")
    with pytest.raises(BoardError, match="no serial port 'lamp'"):
        machine.uart("lamp")


def test_what_has_no_model_is_named_once():
    assert parts(FOREIGN).unmodelled == (
        "rom (1 of its values, which Renode's Python works out)",
        "flash_regs (Memory.MappedMemory: the model of flashController is there)",
        "pwrCr1 (Python.PythonPeripheral: the model of pwr is there)",
        "pwrCsr1 (Python.PythonPeripheral: the model of pwr is there)",
        "spare (UART.STM32_UART: the model of uart4 is there)",
        "timer8 (Timers.STM32_Timer)",
        "ethernet (Network.SynopsysEthernetMAC)",
    )
    assert parts(BOARD).unmodelled == ()  # what the chip's own file has is in the docs
    script = "script: Python.PythonPeripheral @ sysbus 0x40050000\n    size: 0x4\n"
    assert parts(BOARD + script).unmodelled == ("script (Python.PythonPeripheral)",)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("systemMemory:\n    init:\n        Frobnicate 0xF420 1\n", 3, "WriteByte, WriteWord"),
        ("systemMemory:\n    init:\n        WriteDoubleWord 0xF420\n", 3, "takes an offset within"),
        ("systemMemory:\n    init:\n        WriteWord 0 $x\n", 3, "two numbers such as 0x10"),
        ("systemMemory:\n    init:\n        WriteWord 0 0x10000\n", 3, "a value of up to 0xffff"),
        ("systemMemory:\n    init:\n        WriteWord 0xFFFF 1\n", 3, "within the 0x10000 bytes"),
        ("systemMemory:\n    init:\n        WriteWord -2 1\n", 3, "takes an offset within"),
        ("systemMemory:\n    reset:\n        WriteWord 0 1\n", 3, "the reset section of 'system"),
        ("systemMemory:\n    preinit:\n        Run\n", 3, "the preinit section of 'systemMemory'"),
        ("sysbus:\n    init:\n        Reset\n", 3, "WriteQuadWord, Tag, ApplySVD"),
        ("sysbus:\n    init:\n        Tag 5\n", 3, "'Tag <begin, end> \"name\"'"),
        ("sysbus:\n    init:\n        WriteWord 0x40000000 1\n", 3, "an address in a memory"),
        ("sysbus:\n    Endianess: 1\n", 2, "allowed: none"),
        ("usart1:\n    init:\n        WriteDoubleWord 0 1\n", 3, "the init section of 'usart1'"),
        ('hseClock:\n    frequency: "25 MHz"\n', 2, "a whole number of hertz"),
        ("hseClock:\n    frequency: 0\n", 2, "a whole number of hertz, 1 to"),
        ("hseClock:\n    frequency: true\n", 2, "a whole number of hertz"),
        ("hseClock:\n    speed: 5\n", 2, "'speed' has no meaning for an HSE"),
        ("hseCrystal: A @ none\n", 1, "'hseCrystal' has no frequency"),
        ('usart1:\n    frequency: "16 MHz"\n', 2, "'frequency' is \"16 MHz\"; a whole number"),
        ("usart1:\n    frequency: 1.5\n", 2, "'frequency' is 1.5; a whole number"),
        ("usart1:\n    colour: 1\n", 2, "allowed: frequency, lowPowerMode"),
        ("tim2:\n    initialLimit: true\n", 2, "'initialLimit' is True; a whole number"),
        ("greenLed:\n    invert: 1\n", 2, "'invert' is 1; true or false is allowed"),
        ('flash:\n    size: "2 MB"\n', 2, "'size' is \"2 MB\"; a whole number"),
        (
            "extra: UART.STM32F7_USART @ sysbus 0x40050000\n",
            1,
            "where the chip has none; allowed: usart1 at 0x40011000",
        ),
        ("extra: UART.STM32F7_USART @ sysbus 0x40004800\n", 1, "is the chip's usart3, which"),
        ("extra: UART.STM32F7_USART @ sysbus\n", 1, "needs an address on sysbus"),
        ("tim99: Timers.STM32_Timer @ sysbus 0x40050000\n", 1, "allowed: tim2 at 0x40000000"),
        ("portZ: GPIOPort.STM32_GPIOPort @ sysbus 0x40022C00\n", 1, "where the chip has none"),
        ("led: Miscellaneous.LED @ gpioPortB 99\n", 1, "'led' is at 99 of 'gpioPortB'; 0 to 15"),
        ("led: Miscellaneous.LED @ gpioPortB\n", 1, "is at no number of 'gpioPortB'"),
        ("key: Miscellaneous.Button @ gpioPortB 16\n", 1, "0 to 15 is allowed"),
        ("ina219Two: Mocks.DummyI2CSlave @ i2c1 0x400\n", 1, "0 to 127 is allowed"),
        ("gpioPortB:\n    99 -> greenLed@0\n", 2, "no output 99; allowed: 0 to 15"),
        ("gpioPortB:\n    5 -> greenLed@0\n", 2, "the pin that the LED is registered at"),
        ("gpioPortB:\n    3 -> gpioPortA@4\n", 2, "nothing models output 3 of 'gpioPortB'"),
        ("gpioPortB:\n    3 -> syscfg#0@3\n", 2, "#1@3, as on the chip"),
        ("userButton:\n    -> gpioPortC@1\n", 2, "the pin that the button is registered at"),
        ("syscfg:\n    3 -> exti@4\n", 2, "its line 3, as on the chip"),
        ("usart1:\n    Ring -> nvic@37\n", 2, "no output 'Ring'; allowed: IRQ"),
        ("usart1:\n    IRQ -> nvic@110\n", 2, "no line 110; 0 to 109 is allowed"),
        ("lptim1:\n    IRQ -> exti@25\n", 2, "no line 25; 0 to 24 is allowed"),
        ("exti:\n    5 -> extiLines5To9@5\n", 2, "no line 5; 0 to 4 is allowed"),
        ("usart3: @ sysbus 0x40004400\n", 1, "is the chip's usart2, which"),
        ("usart3: @ sysbus 0x40050010\n", 1, "a multiple of 0x400 is allowed"),
        ("usart3: @ sysbus <0x40050000, +0x1000000>\n", 1, "has 0x1000000 bytes"),
        ("usart3: @ sysbus 0x20000000\n", 1, "overlaps"),
        ("more: Memory.MappedMemory @ sysbus 0x20010000\n    size: 0x1000\n", 1, "overlaps 'dtcm'"),
        ("more: Memory.MappedMemory @ sysbus 0x60000010\n    size: 0x1000\n", 1, "of 0x1000"),
        (
            "more: Memory.MappedMemory @ sysbus 0x60000000\n    size: 0x50000000\n",
            2,
            "memories of more than 0x40000000 bytes",
        ),
        ("more: Memory.MappedMemory @ sysbus 0x60000000\n", 1, "needs the attribute 'size'"),
        ('cpu:\n    cpuType: "cortex-m4"\n', 2, "the core 'cpu' is a cortex-m4; a CPU.CortexM"),
        ('risc: CPU.RiscV32 @ sysbus\n    cpuType: "rv32"\n', 2, "the core 'risc' is a rv32"),
        ('two: CPU.CortexM @ sysbus\n    cpuType: "cortex-m7"\n', 1, "is the chip's cpu, which"),
        ("nvic: @ sysbus 0xE0000000\n", 1, "is at 0xe000e000 on this core"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_is_refused_with_its_place(text, line, words):
    with pytest.raises(PlatformDescriptionError) as caught:
        Machine(PlatformDescription.parse(BOARD + text, "own.repl"))
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"own.repl:{LINES_BEFORE + line}: ")


WRITES = {"WriteByte": 1, "WriteWord": 2, "WriteDoubleWord": 4, "WriteQuadWord": 8}
WORDS = some.one_of(
    some.integers(-2, 1 << 66).map(str),
    some.integers(0, 1 << 66).map(hex),
    some.sampled_from(["0", "00", "0x", "1e3", "$x", '"1"', "`py`", "0xFFF", "0x1000"]),
)
STATEMENTS = some.builds(
    lambda command, words: " ".join([command, *words]),
    some.sampled_from([*WRITES, "writeword", "WriteBytes", "Tag", "ApplySVD", "Reset", "Ünit"]),
    some.lists(WORDS, max_size=3),
)


@given(STATEMENTS, some.booleans())
def test_an_init_statement_is_carried_out_or_refused_with_its_place(statement, on_bus):
    owner = "sysbus" if on_bus else "extra"
    text = f"extra: M.MappedMemory @ sysbus 0x0\n    size: 0x1000\n{owner}:\n    init:\n        "
    description = PlatformDescription.parse(f"{text}{statement}\n", "own.repl")
    memory = Memory("extra", (0,), 0x1000)
    before = memory.cells.copy()
    refusal = ""
    try:
        write_bus(description.bus, MemoryMap((memory,)).find)
        write_memory(memory, description.peripherals["extra"].init)
    except PlatformDescriptionError as error:
        refusal = str(error)
    command, *words = statement.split()
    if refusal:
        assert refusal.startswith("own.repl:5: ")
        assert np.array_equal(memory.cells, before)
    elif command in WRITES:
        offset, value = (int(word, 0) for word in words)
        assert memory.read(offset, WRITES[command]) == value


def test_a_description_without_what_the_chip_needs_is_refused_with_its_file():
    with pytest.raises(PlatformDescriptionError, match=r"own\.repl: .*no memory called 'flash'"):
        Machine(PlatformDescription.parse("a: A @ none\n", "own.repl"))


def test_used_files_are_searched_in_the_folders_that_are_named(tmp_path):
    (tmp_path / "renode" / "platforms").mkdir(parents=True)
    (tmp_path / "renode" / "platforms" / "chip.repl").write_text(BOARD)
    board = tmp_path / "board.repl"
    board.write_text('using "platforms/chip.repl"\n')
    with pytest.raises(PlatformDescriptionError, match=r"board\.repl:1: cannot read .*--search"):
        PlatformDescription.load(board)
    assert "usart3" in PlatformDescription.load(board, [tmp_path / "renode"]).peripherals


def test_a_used_file_that_can_have_no_such_name_is_refused(tmp_path):
    (tmp_path / "a.repl").symlink_to(tmp_path / "b.repl")
    (tmp_path / "b.repl").symlink_to(tmp_path / "a.repl")
    for name in ("a\0b", "./a.repl", "x" * 5000):
        board = tmp_path / "own.repl"
        board.write_text(f'using "{name}"\n')
        for search in ([], [tmp_path]):
            with pytest.raises(PlatformDescriptionError, match=r"own\.repl:1: cannot read "):
                PlatformDescription.load(board, search)


def test_files_that_use_files_without_end_are_refused(tmp_path):
    for depth in range(10):
        used = f'using "./{depth + 1}a.repl"\nusing "./{depth + 1}b.repl"\n'
        for side in "ab":
            (tmp_path / f"{depth}{side}.repl").write_text(used)
    for side in "ab":
        (tmp_path / f"10{side}.repl").write_text("")
    with pytest.raises(PlatformDescriptionError, match="more than 256 files"):
        PlatformDescription.load(tmp_path / "0a.repl")
