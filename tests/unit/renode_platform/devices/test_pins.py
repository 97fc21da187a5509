import pytest
from device_host import Registers, make_board


@pytest.fixture
def board():
    host, platform = make_board()
    rcc = Registers(platform, "rcc")
    rcc.write("AHB1ENR", rcc.read("AHB1ENR") | 0x7FF)
    rcc.set("APB2ENR", SYSCFGEN=1)
    return host, platform


# ---- pins -------------------------------------------------------------------------------------


def test_port_reset_values(board):
    _, platform = board
    assert Registers(platform, "gpioPortA").read("MODER") == 0xA8000000
    assert Registers(platform, "gpioPortB").read("PUPDR") == 0x00000100
    assert Registers(platform, "gpioPortE").read("MODER") == 0
    assert Registers(platform, "gpioPortA").read("IDR") == 0xA000, "pull-ups of JTMS and JTDI"


def test_bsrr_sets_before_it_resets_and_reports(board):
    _, platform = board
    port = Registers(platform, "gpioPortE")
    seen = []
    platform.ports["E"].on_output(lambda *change: seen.append(change))
    port.write("BSRR", 0x0014)
    port.write("BSRR", 0x0004_0000 | 0x0008)
    port.write("BSRR", 0x0001_0001)
    port.write("BSRR", 0x0001)
    assert port.read("ODR") == 0x0019
    assert seen == [("E", 0, 0x14), ("E", 0x14, 0x18), ("E", 0x18, 0x19)]
    assert port.read("BSRR") == 0


def test_halfword_stores_to_bsrr(board):
    _, platform = board
    port = platform.ports["E"]
    port.write(0x18, 2, 0x00F0)
    port.write(0x1A, 2, 0x0030)
    assert port.values["ODR"] == 0x00C0


def test_output_pins_light_leds(board):
    _, platform = board
    port = Registers(platform, "gpioPortB")
    port.set("MODER", MODER0=1, MODER7=1)
    port.write("BSRR", 1 << 7)
    assert platform.leds == {"greenLed": False, "blueLed": True, "redLed": False}
    assert port.read("IDR") & 0x81 == 0x80


def test_inputs_come_from_outside_or_a_pull(board):
    _, platform = board
    port = Registers(platform, "gpioPortC")
    port.set("PUPDR", PUPDR3=1, PUPDR4=2)
    assert port.read("IDR") == 1 << 3
    platform.set_input("C", 3, False)
    platform.set_input("C", 5, True)
    assert port.read("IDR") == 1 << 5
    platform.set_input("C", 3, None)
    assert port.read("IDR") == 1 << 3 | 1 << 5
    port.set("MODER", MODER5=3)
    assert not port.get("IDR", "IDR5"), "an analog pin reads 0"
    with pytest.raises(ValueError, match="pin 16 of port C"):
        platform.set_input("C", 16, True)


def test_open_drain_pin_is_pulled_down_by_others(board):
    _, platform = board
    port = Registers(platform, "gpioPortB")
    port.set("MODER", MODER8=1)
    port.set("OTYPER", OT8=1)
    port.set("PUPDR", PUPDR8=1)
    port.write("BSRR", 1 << 8)
    assert port.get("IDR", "IDR8")
    platform.set_input("B", 8, False)
    assert not port.get("IDR", "IDR8")


def test_configuration_lock(board):
    _, platform = board
    port = Registers(platform, "gpioPortD")
    port.set("MODER", MODER8=2)
    port.set("AFRH", AFR8=7)
    for word in (0x10100, 0x00100, 0x10100):
        port.write("LCKR", word)
    assert port.get("LCKR", "LCKK")
    port.write("MODER", 0)
    port.write("AFRH", 0x11111111)
    assert port.get("MODER", "MODER8") == 2
    assert port.read("AFRH") == 0x11111117


def test_a_wrong_lock_sequence_locks_nothing(board):
    _, platform = board
    port = Registers(platform, "gpioPortD")
    for word in (0x10100, 0x00200, 0x10100):
        port.write("LCKR", word)
    assert not port.get("LCKR", "LCKK")


def test_button_raises_an_external_interrupt(board):
    _, platform = board
    lines = []
    platform.on_line(lambda line, level: lines.append((line, level)))
    exti, syscfg = Registers(platform, "exti"), Registers(platform, "syscfg")
    syscfg.set("EXTICR4", EXTI13=2)
    exti.write("IMR", 1 << 13)
    exti.write("RTSR", 1 << 13)
    platform.press("userButton")
    assert Registers(platform, "gpioPortC").get("IDR", "IDR13")
    assert exti.read("PR") == 1 << 13
    assert lines == [(40, True)]
    platform.press("userButton", pressed=False)
    exti.write("PR", 1 << 13)
    assert lines == [(40, True), (40, False)]
    exti.write("SWIER", 1 << 13)
    assert lines[-1] == (40, True)


def test_compensation_cell_is_ready_when_on(board):
    _, platform = board
    syscfg = Registers(platform, "syscfg")
    assert not syscfg.get("CMPCR", "READY")
    syscfg.set("CMPCR", CMP_PD=1)
    assert syscfg.get("CMPCR", "READY")


def test_device_identity(board):
    _, platform = board
    dbgmcu = Registers(platform, "dbgmcu")
    assert dbgmcu.get("IDCODE", "DEV_ID") == 0x451
    dbgmcu.write("CR", 7)
    platform.reset("software")
    assert dbgmcu.read("CR") == 7
