import pytest
from device_host import BOARD, FakeHost, Registers, make_board
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.evidence.validation.currents import CONTRADICTING, row_clocks, table_current_a
from renode_platform.devices import attach, power
from renode_platform.devices import datasheet as ds
from renode_platform.devices.peripheral_clocks import enable_bits

MHZ = 1_000_000
SCALES = [(1, True), (1, False), (2, False), (3, False)]


def errors():
    return {
        (table, row[0]): table_current_a(table, row_clocks(*row)) * 1e3 / measured_ma - 1
        for table in ds.CURRENT_TABLES_MA
        for row, measured_ma in zip(ds.CURRENT_ROWS, ds.CURRENT_TABLES_MA[table], strict=True)
    }


def test_the_rows_of_the_data_sheet_are_reproduced(record_property):
    found = [abs(e) for row, e in errors().items() if row not in CONTRADICTING]
    record_property("mean", sum(found) / len(found))
    record_property("worst", max(found))
    assert sum(found) / len(found) < 0.02
    assert max(found) < 0.06


def test_the_contradicting_row_is_the_worst():
    found = errors()
    assert min(found, key=found.get) in CONTRADICTING


def test_a_stalled_cycle_costs_less_than_a_busy_one():
    clocks = row_clocks(216, 1, True)
    busy, half, stalled = (
        power.current_a(clocks, "run", activity=(work, 0.0)) for work in (1.0, 0.5, 0.0)
    )
    assert half == pytest.approx((busy + stalled) / 2)
    assert 0.4 < stalled / busy < 0.6
    assert stalled > power.current_a(clocks, "sleep")


def test_reading_flash_costs_its_charge():
    clocks = row_clocks(60, 3, False)
    none, some = (power.current_a(clocks, "run", activity=(0.5, w)) for w in (0.0, 0.1))
    assert some - none == pytest.approx(60e6 * 0.1 * ds.CURRENT_MODEL["flash_word_c"])


def test_a_model_takes_the_parameters_that_it_knows():
    model = power.CurrentModel({"static_a": 0.0})
    clocks = row_clocks(25, 3, False)
    assert power.current_a(clocks, "run", model=model) == pytest.approx(
        power.current_a(clocks, "run") - ds.CURRENT_MODEL["static_a"]
    )
    with pytest.raises(ValueError, match="'statik_a' is unknown; allowed: clock_c_per_v"):
        power.CurrentModel({"statik_a": 0.0})


@pytest.mark.parametrize(
    ("caches", "table"), [((True, True), "cached"), ((False, False), "uncached")]
)
def test_run_current_goes_by_the_caches(caches, table):
    clocks = row_clocks(216, 1, True)
    assert power.current_a(clocks, "run", *caches) == pytest.approx(
        ds.CURRENT_TABLES_MA[table][-1] * 1e-3, rel=0.03
    )
    clocks = row_clocks(60, 3, False)
    one = power.current_a(clocks, "run", icache=True, dcache=False)
    both, none = (power.current_a(clocks, "run", on, on) for on in (True, False))
    assert both < one < none


@given(st.integers(1, 216 * MHZ), st.floats(0, 1), st.floats(0, 0.2))
def test_a_stronger_scale_costs_more_at_the_same_frequency(hclk_hz, work, words):
    currents = []
    for vos, overdrive in SCALES:
        clocks = row_clocks(25, vos, overdrive)
        clocks.hclk_hz = hclk_hz
        currents.append(power.current_a(clocks, "run", activity=(work, words)))
    assert currents == sorted(currents, reverse=True)
    assert currents[0] > currents[-1]


def test_hse_while_the_pll_keeps_running():
    """SYSCLK on HSE 50 MHz, VCO 432 MHz, scale 1 with over-drive still in effect."""
    clocks = row_clocks(50, 1, True)
    clocks.pll_on, clocks.vco_hz = True, 432 * MHZ
    parked_a = power.current_a(clocks, "run")
    clocks.pll_on, clocks.vco_hz, clocks.vos, clocks.overdrive = False, 0, 3, False
    off_a = power.current_a(clocks, "run")
    model = power.DEFAULT_MODEL
    volts = model.core_voltage_v(1, True)
    leakage_a = ds.CURRENT_MODEL["leakage_a_per_v"] * (volts - 1.14)
    dynamic_a = off_a - ds.CURRENT_MODEL["static_a"]
    assert parked_a - off_a == pytest.approx(
        1.3e-3 + leakage_a + (volts / 1.14 - 1) * dynamic_a, rel=1e-6
    )
    assert 0.019 < off_a < 0.021
    assert 0.023 < parked_a < 0.028


def test_pll_current_is_the_middle_of_the_data_sheet():
    assert power.pll_current_a(192 * MHZ) == pytest.approx(0.625e-3)
    assert power.pll_current_a(432 * MHZ) == pytest.approx(1.3e-3)
    assert 0.3e-3 < power.pll_current_a(100 * MHZ) < 0.4e-3


def test_oscillators_add_what_the_tables_leave_out():
    clocks = row_clocks(25, 3, False)
    without = power.current_a(clocks, "run")
    clocks.hsi_on = True
    assert power.current_a(clocks, "run") - without == pytest.approx(60e-6)
    clocks.hsi_on, clocks.hse_bypass = False, False
    assert power.current_a(clocks, "run") - without == pytest.approx(450e-6)


def test_peripheral_currents_by_bus_clock_and_scale():
    enables = {"AHB1": 1 << 4, "AHB2": 0, "AHB3": 0, "APB1": 1 << 18, "APB2": 1 << 14}
    loads = power.peripheral_loads(enables)
    clocks = row_clocks(216, 1, True)
    clocks.pclk1_hz, clocks.pclk2_hz = 54 * MHZ, 108 * MHZ
    expected_ua = 3.1 * 216 + 12.4 * 54 + 2.5 * 108
    assert power.peripheral_current_a(clocks, loads) == pytest.approx(expected_ua * 1e-6)
    clocks.vos = 3
    expected_ua = 2.3 * 216 + 9.4 * 54 + 1.9 * 108
    assert power.peripheral_current_a(clocks, loads) == pytest.approx(expected_ua * 1e-6)


def test_another_bus_master_adds_the_bus_matrix():
    none = dict.fromkeys(("AHB1", "AHB2", "AHB3", "APB1", "APB2"), 0)
    assert sum(sum(load) for load in power.peripheral_loads(none).values()) == 0
    loads = power.peripheral_loads({**none, "AHB1": 1 << 22})
    assert loads["hclk_hz"][0] == pytest.approx(12.84 + 3.94)


def test_every_peripheral_of_the_current_table_has_an_enable_bit():
    assert set(ds.PERIPHERAL_UA_PER_MHZ) <= set(enable_bits())


# ---- the meter --------------------------------------------------------------------------------


def test_energy_is_current_times_time():
    host, platform = make_board()
    meter = platform.meter
    current_a = meter.present_a
    # HSI, scale 3, caches off: the uncached table below its lowest row.
    assert current_a == pytest.approx(
        power.current_a(platform.rcc.clocks, "run", False, False), 1e-3
    )
    host.advance_us(1000)
    meter.update()
    assert meter.energy_j == pytest.approx(current_a * 1e-3 * 3.3)
    assert meter.charge_c == pytest.approx(current_a * 1e-3)


class CountingHost(FakeHost):
    """One whose core does what the test says."""

    def __init__(self):
        super().__init__()
        self.done = (0, 0, 0)

    def activity(self):
        return self.done


def test_the_meter_charges_busy_cycles_and_flash_words():
    host = CountingHost()
    host.platform = attach.build(BOARD, host, None)
    host.platform.reset("power-on")
    meter = host.platform.meter
    base_a = meter.present_a
    host.advance_us(500)
    meter.update()
    host.done = (8000, 6000, 100)
    host.advance_us(500)
    meter.update()
    values = ds.CURRENT_MODEL
    work_c = 6000 * 1.14 * values["work_c_per_v"] + 100 * values["flash_word_c"]
    assert meter.charge_c == pytest.approx(base_a * 1e-3 + work_c, rel=1e-9)
    clocks = host.platform.rcc.clocks
    activity = 0.75, 100 / 8000
    assert meter.present_a == pytest.approx(power.current_a(clocks, "run", activity=activity))
    # A sensor sees the charge where it was drawn.
    early_a = meter.average_current_a(0, 400 * ds.PS_PER_US)
    late_a = meter.average_current_a(600 * ds.PS_PER_US, 900 * ds.PS_PER_US)
    assert early_a == pytest.approx(base_a)
    assert late_a == pytest.approx(base_a + work_c / 500e-6)
    host.platform.mode_changed("sleep")
    assert meter.present_a == pytest.approx(power.current_a(clocks, "sleep"))


def test_a_change_of_clock_splits_the_integral_at_its_time():
    host, platform = make_board()
    rcc, meter = Registers(platform, "rcc"), platform.meter
    Registers(platform, "flashController").set("ACR", LATENCY=1)
    rcc.set("CR", HSEBYP=1)
    rcc.set("CR", HSEON=1)
    host.advance_us(100)
    meter.update()
    slow_a, charge_c, begin_ps = meter.present_a, meter.charge_c, host.now_ps()
    rcc.set("CFGR", SW=1, PPRE1=4)
    handed_over_ps = host.now_ps()
    fast_a = meter.present_a
    assert fast_a > 1.5 * slow_a
    host.advance_us(50)
    meter.update()
    expected_c = slow_a * (handed_over_ps - begin_ps) * 1e-12 + fast_a * 50e-6
    assert meter.charge_c - charge_c == pytest.approx(expected_c, rel=1e-12)


def test_modes_and_caches():
    host, platform = make_board()
    meter = platform.meter
    run_a = meter.present_a
    platform.meter.caches_changed(icache=True, dcache=True)
    assert meter.present_a < run_a
    cached_a = meter.present_a
    assert platform.mode_changed("sleep") == 0
    assert meter.present_a < 0.6 * cached_a
    wake_ps = platform.mode_changed("run")
    assert wake_ps == 13 * 62_500
    assert meter.present_a == cached_a
    with pytest.raises(ValueError, match="mode 'nap'"):
        meter.mode_changed("nap")
    assert host.violations == []


@pytest.mark.parametrize(
    ("fields", "current_a", "wake_us"),
    [
        ({}, 0.55e-3, 14),
        ({"LPDS": 1}, 0.42e-3, 21.4),
        ({"FPDS": 1}, 0.50e-3, 104.1),
        ({"FPDS": 1, "LPDS": 1, "UDEN": 3, "LPUDS": 1}, 0.13e-3, 112.7),
    ],
)
def test_stop_mode(fields, current_a, wake_us):
    host, platform = make_board()
    rcc, pwr = Registers(platform, "rcc"), Registers(platform, "pwr")
    rcc.set("APB1ENR", PWREN=1)
    pwr.set("CR1", **fields)
    platform.mode_changed("stop")
    assert platform.meter.present_a == pytest.approx(current_a)
    assert platform.rcc.clocks.sysclk_hz == 0
    host.advance_us(100)
    assert platform.mode_changed("run") == wake_us * 1_000_000
    assert platform.rcc.clocks.source == "hsi"
    assert platform.rcc.clocks.hclk_hz == 16 * MHZ


def test_stop_ends_overdrive_and_the_pll():
    host, platform = make_board(strict=True)
    rcc, pwr = Registers(platform, "rcc"), Registers(platform, "pwr")
    rcc.set("APB1ENR", PWREN=1)
    pwr.set("CR1", ODEN=1)
    host.advance_us(20)
    pwr.set("CR1", ODSWEN=1)
    rcc.set("CR", PLLON=1)
    host.advance_us(300)
    assert rcc.get("CR", "PLLRDY")
    platform.mode_changed("stop")
    platform.mode_changed("run")
    assert not rcc.get("CR", "PLLON")
    assert not pwr.get("CSR1", "ODRDY")
    assert not platform.rcc.clocks.overdrive


def test_standby_is_reported_as_not_modelled():
    host, platform = make_board()
    Registers(platform, "rcc").set("APB1ENR", PWREN=1)
    Registers(platform, "pwr").set("CR1", PDDS=1)
    platform.mode_changed("stop")
    assert host.rules == ["standby"]


def test_meter_registers_hold_their_upper_halves():
    host, platform = make_board()
    meter = Registers(platform, "powerMeter")
    assert meter.read("ID") == 0x52544D50
    assert meter.read("SUPPLY") == 3300
    host.advance_us(10_000_000)
    low = meter.read("TIME_LOW")
    host.advance_us(10_000_000)
    high = meter.read("TIME_HIGH")
    assert low | high << 32 == 10_000_000_000
    nanojoules = meter.read("ENERGY_LOW") | meter.read("ENERGY_HIGH") << 32
    assert nanojoules == pytest.approx(platform.meter.energy_j * 1e9, abs=1)
    assert meter.read("CURRENT") == pytest.approx(platform.meter.present_a * 1e9, abs=1)
    nanocoulombs = meter.read("CHARGE_LOW") | meter.read("CHARGE_HIGH") << 32
    assert nanocoulombs == pytest.approx(platform.meter.charge_c * 1e9, abs=1)
    meter.write("ID", 0)
    assert meter.read("ID") == 0x52544D50


@given(st.lists(st.tuples(st.floats(0.5, 500), st.sampled_from(["run", "sleep"])), max_size=20))
def test_history_gives_back_the_charge(steps):
    host, platform = make_board()
    meter = platform.meter
    seen = []
    for microseconds, mode in steps:
        host.advance_us(microseconds)
        platform.mode_changed(mode)
        meter.update()
        seen.append((host.now_ps(), meter.charge_c))
    for time_ps, charge_c in seen:
        assert meter.charge_at(time_ps) == pytest.approx(charge_c, rel=1e-9, abs=1e-18)


def test_history_stays_bounded():
    host, platform = make_board()
    for _ in range(3000):
        host.advance_us(400)
        platform.mode_changed("sleep")
        host.advance_us(100)
        platform.mode_changed("run")
    meter = platform.meter
    assert len(meter._times) < 4096
    window = host.now_ps() - 100 * ds.PS_PER_MS, host.now_ps()
    platform.mode_changed("sleep")
    sleep_a = meter.present_a
    platform.mode_changed("run")
    expected_a = 0.8 * meter.present_a + 0.2 * sleep_a
    assert meter.average_current_a(*window) == pytest.approx(expected_a, rel=1e-3)


def test_writing_flash_draws_its_current():
    host, platform = make_board()
    before = platform.meter.present_a
    flash = Registers(platform, "flashController")
    for key in ds.FLASH_KEYS:
        flash.write("KEYR", key)
    flash.set("CR", PSIZE=2, PG=1)
    charge_c = platform.meter.charge_c
    platform.flash.program(0x08040000, 4, 0)
    assert platform.meter.present_a == pytest.approx(before + 24e-3)
    host.advance_us(16)
    platform.meter.update()
    assert platform.meter.charge_c - charge_c == pytest.approx((before + 24e-3) * 16e-6)
    assert platform.meter.present_a == before
