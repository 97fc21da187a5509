"""From description to devices: what is written there is what is built."""

import pytest
from device_host import BOARD, PLATFORM, Registers, make_board

from dvfs_kernel.boards.emulator.repl import PlatformDescription

FLASH = "flash: Memory.MappedMemory @ sysbus 0x08000000\n    size: 0x200000\n"
CHIP = f'using "{PLATFORM}/stm32f767.repl"\n\n'


def board_with(text, **options):
    return make_board(description=PlatformDescription.parse(CHIP + text), **options)


def test_every_device_lies_where_the_description_says():
    _, platform = make_board()
    for name, (address, _, _) in platform.devices.items():
        assert address in [place.address for place in BOARD.peripherals[name].registrations]
    assert platform.devices["usart3"][:2] == (0x40004800, 0x400)
    assert {"rcc", "pwr", "flashController", "lptim1", "tim2", "i2c1"} <= set(platform.devices)


def test_a_peripheral_moves_with_its_description():
    host, platform = board_with(
        "usart3: @ sysbus <0x40050000, +0x1000>\n    IRQ -> nvic@77\n", hse_hz=8_000_000
    )
    assert platform.devices["usart3"][:2] == (0x40050000, 0x1000)
    lines = []
    platform.on_line(lambda line, level: lines.append((line, level)))
    rcc, usart = Registers(platform, "rcc"), Registers(platform, "usart3")
    rcc.set("APB1ENR", USART3EN=1)
    usart.set("CR1", UE=1, TE=1, TXEIE=1)
    assert lines == [(77, True)]
    assert host.violations == []


def test_interrupt_lines_are_those_of_the_device_header():
    _, platform = make_board()
    expected = {28: "tim2", 31: "i2c1", 32: "i2c1", 39: "usart3", 93: "lptim1", 5: "rcc"}
    assert {line: platform.irqs[line][-1][0] for line in expected} == expected
    assert [name for name, _ in platform.irqs[93]] == ["exti", "lptim1"]
    assert [name for name, _ in platform.irqs[23]] == ["exti"] * 5


def test_hse_of_the_board_and_of_the_options():
    assert make_board()[1].rcc.hse_hz == 50_000_000
    assert make_board(hse_hz=8_000_000)[1].rcc.hse_hz == 8_000_000
    _, platform = board_with("hseCrystal: Timers.STM32L0_LpTimer @ none\n    frequency: 25000000\n")
    assert (platform.rcc.hse_hz, platform.rcc.hse_crystal) == (25_000_000, True)
    host, platform = board_with("")
    rcc = Registers(platform, "rcc")
    rcc.set("CR", HSEBYP=1)
    rcc.set("CR", HSEON=1)
    host.advance_us(10_000)
    assert not rcc.get("CR", "HSERDY")
    assert host.rules == ["hse-frequency"]


def test_a_sensor_at_another_address():
    _, platform = board_with("ina219Spare: Mocks.DummyI2CSlave @ i2c2 0x45\n", hse_hz=8_000_000)
    assert platform.devices["i2c2"][2].slaves == {0x45: platform.sensors["ina219Spare"]}


def test_a_button_that_pulls_low():
    text = "key: Miscellaneous.Button @ gpioPortA 0\n    invert: true\n"
    _, platform = board_with(text)
    Registers(platform, "rcc").set("AHB1ENR", GPIOAEN=1)
    port = Registers(platform, "gpioPortA")
    assert port.get("IDR", "IDR0")
    platform.press("key")
    assert not port.get("IDR", "IDR0")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FLASH, "has no 'rcc'"),
        (
            FLASH + "rcc: Miscellaneous.STM32F4_RCC @ sysbus 0x40023800\n",
            "has no 'pwr' at an address",
        ),
        ("a: Memory.ArrayMemory @ none\n    size: 4\n", "no memory called 'flash'"),
    ],
)
def test_a_description_without_a_part_that_others_need(text, words):
    with pytest.raises(ValueError, match=words):
        make_board(description=PlatformDescription.parse(text))


def test_a_timer_that_the_chip_does_not_have():
    with pytest.raises(ValueError, match="'tim99': the clock controller has no enable bit TIM99EN"):
        board_with("tim99: Timers.STM32_Timer @ sysbus 0x40050000\n    initialLimit: 0xFFFF\n")


def test_a_line_shared_by_outputs_stays_up_until_all_are_down():
    _, platform = make_board()
    lines = []
    platform.on_line(lambda line, level: lines.append((line, level)))
    exti = platform.devices["exti"][2]
    exti.set_output("5", True)
    exti.set_output("6", True)
    exti.set_output("5", False)
    assert lines == [(23, True)]
    exti.set_output("6", False)
    assert lines == [(23, True), (23, False)]
