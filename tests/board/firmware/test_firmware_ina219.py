"""The INA219 over I2C1, from the firmware's side."""

import firmware_board
import pytest

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import BoardError

pytestmark = pytest.mark.board

CONTINUOUS_12_BIT = 0x399F
CALIBRATION = 0x1000  # 0.1 mA a bit with 0.1 ohm (SBOS448G, equation 1)
SHUNT_LSB_V, SHUNT_OHM, BUS_LSB_V = 10e-6, 0.1, 4e-3


@pytest.fixture
def started():
    board, session = firmware_board.start(firmware_board.small_image().data)
    session.hello()
    with board:
        yield board, session


def test_its_registers_agree_with_each_other(started):
    _, session = started
    reading = session.read_ina219(configuration=CONTINUOUS_12_BIT, calibration=CALIBRATION)
    assert reading.configuration == CONTINUOUS_12_BIT
    assert reading.calibration == CALIBRATION
    assert reading.bus_voltage & 2  # conversion ready
    bus_v = (reading.bus_voltage >> 3) * BUS_LSB_V
    assert bus_v == pytest.approx(3.3, abs=0.1)
    assert reading.current == reading.shunt_voltage * CALIBRATION // 4096
    assert reading.power == reading.current * (reading.bus_voltage >> 3) // 5000


def test_it_shows_the_current_that_the_chip_draws(started):
    board, session = started
    before_s, before_j = board.now_s, board.machine.energy_j
    reading = session.read_ina219(configuration=0x3FFF)  # 128 samples of 532 us
    current_a = (board.machine.energy_j - before_j) / (board.now_s - before_s) / 3.3
    assert reading.shunt_voltage * SHUNT_LSB_V / SHUNT_OHM == pytest.approx(current_a, rel=0.1)


@pytest.mark.parametrize("configuration", [0x3807, 0x3FFF, 0x3800, 0x3804])
def test_short_long_and_no_conversions(started, configuration):
    """9 bit, 128 samples, power-down, converter off."""
    board, session = started
    before_s = board.now_s
    reading = session.read_ina219(configuration=configuration)
    assert reading.configuration == configuration
    taken_s = board.now_s - before_s
    assert taken_s > 0.13 if configuration == 0x3FFF else taken_s < 0.02


def test_an_absent_sensor_is_told_and_the_bus_works_on(started):
    _, session = started
    with pytest.raises(BoardError, match=r"INA219 does not answer .*SCL is high, SDA is high"):
        session.read_ina219(address=0x41)
    assert session.read_ina219(address=0x40).calibration == CALIBRATION


def test_the_bus_keeps_its_speed_whatever_the_core_runs_at(started):
    board, session = started
    times_s = []
    for text in ("hsi", "pll:25/216/2"):
        session.use_image()
        layers = len(firmware_board.small_network().layers)
        from_setting = firmware_board.uniform(layers, ClockSetting.parse(text))
        session.set_schedule(from_setting)
        before_s = board.now_s
        session.read_ina219(configuration=0x3800)
        times_s.append(board.now_s - before_s)
        assert board.machine.devices.devices["i2c1"][2].scl_hz() == pytest.approx(4e5, rel=0.2)
    assert times_s[1] == pytest.approx(times_s[0], rel=0.2)


@pytest.mark.parametrize(("pin", "levels"), [(8, "SCL is low, SDA is high"), (9, "SDA is low")])
def test_a_line_held_low_is_told(started, pin, levels):
    board, session = started
    port = board.machine.devices.devices["gpioPortB"][2]
    port.set_input(pin, False)
    with pytest.raises(BoardError, match=levels):
        session.read_ina219(address=0x41)
    port.set_input(pin, None)
