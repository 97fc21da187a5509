import pytest
from device_host import Registers, make_board, set_up_pins

from renode_platform.devices import ina219

FAST_MODE = 0x10320309  # HSI: SCLL 10, SCLH 4, PRESC 2: about 470 kHz before synchronisation
SENSOR = 0x40


class Bus:
    """A driver of the controller, as firmware would write it."""

    def __init__(self, pins=("I2C1_SCL", "I2C1_SDA"), **options):
        self.host, self.platform = make_board(**options)
        set_up_pins(self.platform, *pins)
        rcc = Registers(self.platform, "rcc")
        rcc.set("APB1ENR", I2C1EN=1)
        rcc.set("DCKCFGR2", I2C1SEL=2)
        self.i2c = Registers(self.platform, "i2c1")
        self.i2c.write("TIMINGR", FAST_MODE)
        self.i2c.set("CR1", PE=1)

    def wait(self, flag):
        for _ in range(4000):
            if self.i2c.get("ISR", flag):
                return
            assert not self.i2c.get("ISR", "NACKF"), "no acknowledge"
            self.host.advance_us(0.25)
        raise AssertionError(f"{flag} never set")

    def start(self, address, count, *, read=False, autoend=True, reload=False):
        word = address << 1 | int(read) << 10 | count << 16 | 1 << 13
        self.i2c.write("CR2", word | int(autoend) << 25 | int(reload) << 24)

    def end(self):
        self.wait("STOPF")
        self.i2c.write("ICR", 1 << 5)
        assert not self.i2c.get("ISR", "BUSY")

    def write_register(self, pointer, value):
        self.start(SENSOR, 3)
        for byte in (pointer, value >> 8, value & 0xFF):
            self.wait("TXIS")
            self.i2c.write("TXDR", byte)
        self.end()

    def read_register(self, pointer):
        self.start(SENSOR, 1, autoend=False)
        self.wait("TXIS")
        self.i2c.write("TXDR", pointer)
        self.wait("TC")
        self.start(SENSOR, 2, read=True)
        value = 0
        for _ in range(2):
            self.wait("RXNE")
            value = value << 8 | self.i2c.read("RXDR")
        self.end()
        return value


@pytest.fixture
def bus():
    return Bus()


# ---- controller -------------------------------------------------------------------------------


def test_registers_through_the_bus(bus):
    assert bus.read_register(ina219.CONFIGURATION) == 0x399F
    bus.write_register(ina219.CALIBRATION, 0x1001)
    assert bus.read_register(ina219.CALIBRATION) == 0x1000, "bit 0 is not kept"
    bus.write_register(ina219.CONFIGURATION, 0x019F)
    assert bus.read_register(ina219.CONFIGURATION) == 0x019F
    bus.write_register(ina219.CONFIGURATION, 0x8000)
    assert bus.read_register(ina219.CONFIGURATION) == 0x399F
    assert bus.read_register(ina219.CALIBRATION) == 0
    assert bus.host.violations == []


def test_transfers_take_the_time_of_their_bits(bus):
    scl_us = 1e6 / bus.platform.devices["i2c1"][2].scl_hz()
    # PRESC 1: (9 + 1 + 3 + 1) x 2 cycles and two synchronisations of two cycles at 16 MHz.
    assert scl_us == pytest.approx((14 * 2 + 4) / 16)
    begin = bus.host.now_ps()
    bus.write_register(ina219.CALIBRATION, 0x1000)
    took_us = (bus.host.now_ps() - begin) / 1e6
    assert took_us == pytest.approx((1 + 4 * 9 + 1) * scl_us, abs=1)


def test_an_absent_slave_is_not_acknowledged(bus):
    bus.start(0x41, 1)
    bus.host.advance_us(100)
    assert bus.i2c.get("ISR", "NACKF")
    assert bus.i2c.get("ISR", "STOPF")
    assert not bus.i2c.get("ISR", "BUSY")
    assert not bus.i2c.get("ISR", "TXIS")
    bus.i2c.write("ICR", 1 << 4 | 1 << 5)
    assert bus.i2c.read("ISR") == 1
    assert bus.read_register(ina219.CONFIGURATION) == 0x399F


def test_probe_without_data(bus):
    bus.start(SENSOR, 0)
    bus.end()
    assert not bus.i2c.get("ISR", "NACKF")


def test_software_end(bus):
    bus.start(SENSOR, 1, autoend=False)
    bus.wait("TXIS")
    bus.i2c.write("TXDR", ina219.CALIBRATION)
    bus.wait("TC")
    bus.i2c.set("CR2", STOP=1)
    bus.end()
    assert not bus.i2c.get("CR2", "STOP")


def test_reload_continues_a_transfer(bus):
    bus.start(SENSOR, 1, autoend=False, reload=True)
    bus.wait("TXIS")
    bus.i2c.write("TXDR", ina219.CALIBRATION)
    bus.wait("TCR")
    bus.i2c.write("CR2", SENSOR << 1 | 2 << 16 | 1 << 25)
    for byte in (0x12, 0x34):
        bus.wait("TXIS")
        bus.i2c.write("TXDR", byte)
    bus.end()
    assert bus.read_register(ina219.CALIBRATION) == 0x1234


def test_an_unread_byte_stretches_the_clock(bus):
    bus.start(SENSOR, 2, read=True)
    bus.host.advance_us(1000)
    assert bus.i2c.get("ISR", "BUSY")
    assert bus.i2c.read("RXDR") == 0x39
    assert bus.i2c.read("RXDR") == 0x9F
    bus.end()


def test_controller_interrupts(bus):
    levels = []
    bus.platform.on_line(lambda line, level: levels.append((line, level)))
    bus.i2c.set("CR1", TXIE=1, STOPIE=1, NACKIE=1)
    bus.start(0x41, 1)
    bus.host.advance_us(100)
    assert levels == [(31, True)]
    bus.i2c.write("ICR", 1 << 4 | 1 << 5)
    assert levels == [(31, True), (31, False)]


def test_switching_off_ends_a_transfer(bus):
    bus.start(SENSOR, 3)
    bus.wait("TXIS")
    bus.i2c.set("CR1", PE=0)
    assert bus.i2c.read("ISR") == 1
    bus.i2c.set("CR1", PE=1)
    assert bus.read_register(ina219.CONFIGURATION) == 0x399F


def test_timing_is_fixed_while_enabled(bus):
    bus.i2c.write("TIMINGR", 0)
    assert bus.host.rules == ["i2c-timing"]
    assert bus.i2c.read("TIMINGR") == FAST_MODE


def test_without_a_kernel_clock_the_bus_stands(bus):
    Registers(bus.platform, "rcc").set("DCKCFGR2", I2C1SEL=3)
    bus.start(SENSOR, 1)
    bus.host.advance_us(1000)
    assert bus.i2c.get("ISR", "BUSY")
    assert any("no kernel clock" in line for line in bus.host.logged)


# ---- sensor -----------------------------------------------------------------------------------


@pytest.fixture
def sensor():
    host, platform = make_board()
    return host, platform, platform.sensors["ina219"]


def test_nothing_is_measured_before_the_first_conversion(sensor):
    host, _, chip = sensor
    assert chip.register(ina219.SHUNT_VOLTAGE) == 0
    host.advance_us(40 + 500)  # power-up and most of a conversion
    assert chip.register(ina219.SHUNT_VOLTAGE) == 0
    host.advance_us(33)
    assert chip.register(ina219.SHUNT_VOLTAGE) > 0
    assert chip.register(ina219.BUS_VOLTAGE) == 0
    host.advance_us(532)
    assert chip.register(ina219.BUS_VOLTAGE) >> 3 > 0


def test_steady_current_to_the_resolution(sensor):
    host, platform, chip = sensor
    current_a = platform.meter.present_a
    chip.write_register(ina219.CALIBRATION, 4096)  # 0.1 mA a bit at 0.1 ohm
    host.advance_us(5000)
    assert chip.register(ina219.SHUNT_VOLTAGE) == round(current_a * 0.1 / 10e-6)
    assert chip.register(ina219.CURRENT) == pytest.approx(current_a / 1e-4, abs=0.5)
    bus = chip.register(ina219.BUS_VOLTAGE)
    assert bus >> 3 == round((3.3 - current_a * 0.1) / 4e-3)
    assert bus & 3 == 2
    expected = chip.register(ina219.CURRENT) * (bus >> 3) // 5000
    assert chip.register(ina219.POWER) == expected


def test_a_conversion_averages_over_its_window(sensor):
    host, platform, chip = sensor
    # Shunt only, 128 samples: one window of 68.1 ms.
    chip.write_register(ina219.CONFIGURATION, 0x3FFD & ~(0xF << 7) | 0xF << 3)
    begin = host.now_ps()
    run_a = platform.meter.present_a
    host.advance_us(17_025)
    platform.mode_changed("sleep")
    sleep_a = platform.meter.present_a
    host.advance_to(begin + 68_100_000_000)
    reading = chip.register(ina219.SHUNT_VOLTAGE)
    assert reading == round((0.25 * run_a + 0.75 * sleep_a) * 0.1 / 10e-6)


def test_a_reading_belongs_to_the_last_finished_window(sensor):
    host, platform, chip = sensor
    chip.write_register(ina219.CONFIGURATION, 0x399D)  # shunt only, 12 bits
    run = round(platform.meter.present_a * 0.1 / 10e-6)
    host.advance_us(532)
    platform.mode_changed("sleep")
    asleep = round(platform.meter.present_a * 0.1 / 10e-6)
    assert asleep < run
    host.advance_us(500)
    assert chip.register(ina219.SHUNT_VOLTAGE) == run
    host.advance_us(32)
    assert chip.register(ina219.SHUNT_VOLTAGE) == asleep


@pytest.mark.parametrize(
    ("code", "period_us"),
    [(0, 84), (1, 148), (2, 276), (3, 532), (4, 84), (8, 532), (9, 1060), (12, 8510), (15, 68100)],
)
def test_conversion_times(sensor, code, period_us):
    host, _, chip = sensor
    chip.write_register(ina219.CONFIGURATION, 0x3805 | code << 3)
    host.advance_us(period_us - 0.5)
    assert not chip.register(ina219.BUS_VOLTAGE) & 2
    host.advance_us(1)
    assert chip.register(ina219.BUS_VOLTAGE) & 2


@pytest.mark.parametrize(("code", "step"), [(0, 8), (1, 4), (2, 2), (3, 1)])
def test_coarser_resolution_has_coarser_steps(sensor, code, step):
    host, platform, chip = sensor
    chip.write_register(ina219.CONFIGURATION, 0x3805 | code << 3)
    host.advance_us(1000)
    reading = chip.register(ina219.SHUNT_VOLTAGE)
    assert reading % step == 0
    assert abs(reading - platform.meter.present_a * 1e4) <= step / 2


def test_the_gain_limits_the_shunt_voltage():
    host, platform = make_board(shunt_ohm=5.0)
    chip = platform.sensors["ina219"]
    for gain, limit in ((0, 4000), (1, 8000)):
        chip.write_register(ina219.CONFIGURATION, 0x2005 | gain << 11 | 3 << 3)
        host.advance_us(1000)
        expected = min(limit, round(platform.meter.present_a * 5 / 10e-6))
        assert chip.register(ina219.SHUNT_VOLTAGE) == expected


def test_ready_flag_falls_when_power_is_read(sensor):
    host, _, chip = sensor
    host.advance_us(1200)
    assert chip.register(ina219.BUS_VOLTAGE) & 2
    assert chip.register(ina219.BUS_VOLTAGE) & 2
    chip.register(ina219.POWER)
    assert not chip.register(ina219.BUS_VOLTAGE) & 2
    host.advance_us(1200)
    assert chip.register(ina219.BUS_VOLTAGE) & 2


def test_overflow_of_the_arithmetic():
    host, platform = make_board(shunt_ohm=5.0)
    chip = platform.sensors["ina219"]
    host.advance_us(1200)
    assert not chip.register(ina219.BUS_VOLTAGE) & 1
    chip.write_register(ina219.CALIBRATION, 0xFFFE)
    host.advance_us(1200)
    assert chip.register(ina219.SHUNT_VOLTAGE) * 0xFFFE // 4096 > 0x7FFF
    assert chip.register(ina219.BUS_VOLTAGE) & 1


def test_a_new_calibration_serves_later_conversions(sensor):
    host, _, chip = sensor
    host.advance_us(1100)
    chip.write_register(ina219.CALIBRATION, 4096)
    assert chip.register(ina219.CURRENT) == 0
    host.advance_us(1100)
    assert chip.register(ina219.CURRENT) == chip.register(ina219.SHUNT_VOLTAGE)


def test_triggered_mode_converts_once_and_power_down_keeps(sensor):
    host, platform, chip = sensor
    chip.write_register(ina219.CONFIGURATION, 0x399B)  # both, triggered
    run = round(platform.meter.present_a * 0.1 / 10e-6)
    host.advance_us(1064)
    platform.mode_changed("sleep")
    host.advance_us(10_000)
    assert chip.register(ina219.SHUNT_VOLTAGE) == run
    chip.write_register(ina219.CONFIGURATION, 0x3998)  # power down
    host.advance_us(10_000)
    assert chip.register(ina219.SHUNT_VOLTAGE) == run
    chip.write_register(ina219.CONFIGURATION, 0x399F)
    host.advance_us(532 + 39)
    assert chip.register(ina219.SHUNT_VOLTAGE) == run
    host.advance_us(2)
    assert chip.register(ina219.SHUNT_VOLTAGE) < run


def test_results_cannot_be_written_and_bytes_beyond_a_register_float(sensor):
    host, _, chip = sensor
    host.advance_us(1100)
    before = chip.register(ina219.SHUNT_VOLTAGE)
    chip.write_register(ina219.SHUNT_VOLTAGE, 0)
    assert chip.register(ina219.SHUNT_VOLTAGE) == before
    chip.start(True)
    assert [chip.read() for _ in range(3)][2] == 0xFF


@pytest.mark.parametrize("pins", [(), ("I2C1_SCL",), ("I2C1_SDA",)])
def test_a_controller_without_pins_is_dead_and_says_so(pins):
    bus = Bus(pins=pins)
    bus.start(SENSOR, 0)
    bus.host.advance_us(10_000)
    assert bus.i2c.read("ISR") == 1
    assert bus.i2c.get("CR2", "START")
    missing = {"SCL", "SDA"} - {name.rpartition("_")[2] for name in pins}
    (told,) = bus.host.logged
    assert "I2C1 begins a transfer, but no pin is set up for" in told
    assert all(f"{name} (PB" in told for name in missing)
    set_up_pins(bus.platform, "I2C1_SCL", "I2C1_SDA")
    bus.end()
