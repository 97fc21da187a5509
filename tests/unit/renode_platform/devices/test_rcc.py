import pytest
from device_host import Registers, ViolationError, make_board
from hypothesis import given
from hypothesis import strategies as st

from renode_platform.devices import datasheet as ds
from renode_platform.devices.clock_tree import (
    AHB_DIVIDERS,
    APB_DIVIDERS,
    Clocks,
    limit_violations,
    required_wait_states,
    timer_clock_hz,
)

MHZ = 1_000_000


@pytest.fixture
def board():
    host, platform = make_board()
    return host, platform, Registers(platform, "rcc"), Registers(platform, "flashController")


def pllcfgr(m, n, p, q=9, r=7, hse=1):
    return m | n << 6 | (p // 2 - 1) << 16 | hse << 22 | q << 24 | r << 28


def start_hse(host, rcc):
    rcc.set("CR", HSEBYP=1)
    rcc.set("CR", HSEON=1)
    host.advance_us(10)


def start_pll(host, rcc, *factors, **more):
    rcc.write("PLLCFGR", pllcfgr(*factors, **more))
    rcc.set("CR", PLLON=1)
    host.advance_us(400)


# ---- state after reset and read-backs ---------------------------------------------------------


def test_state_after_reset(board):
    _, platform, rcc, flash = board
    assert rcc.read("CR") == 0x83
    assert rcc.read("PLLCFGR") == 0x24003010
    assert rcc.read("CFGR") == 0
    assert rcc.read("AHB1ENR") == 0x00100000
    assert rcc.read("CSR") == 0x0E000000
    assert flash.read("ACR") == 0
    clocks = platform.rcc.clocks
    assert clocks.hclk_hz == clocks.pclk1_hz == clocks.usart3_hz == 16 * MHZ
    assert (clocks.vos, clocks.overdrive, clocks.pll_on) == (3, False, False)


def test_ready_flags_cannot_be_written(board):
    _, _, rcc, _ = board
    rcc.write("CR", rcc.read("CR") | 0x2A02FF00)
    assert rcc.read("CR") == 0x83


def test_reset_causes_accumulate_until_rmvf(board):
    _, platform, rcc, _ = board
    platform.reset("software")
    assert rcc.get("CSR", "SFTRSTF")
    assert rcc.get("CSR", "PORRSTF")
    rcc.set("CSR", RMVF=1)
    assert rcc.read("CSR") & 0xFE000000 == 0
    platform.reset("independent-watchdog")
    assert rcc.get("CSR", "IWDGRSTF")
    assert not rcc.get("CSR", "SFTRSTF")
    platform.reset("power-on")
    assert rcc.read("CSR") == 0x0E000000


def test_a_system_reset_returns_to_hsi(board):
    host, platform, rcc, _ = board
    start_hse(host, rcc)
    start_pll(host, rcc, 25, 100, 4)
    platform.reset("software")
    assert rcc.read("CR") == 0x83
    assert platform.rcc.clocks.source == "hsi"
    host.advance_us(1000)
    assert rcc.read("CR") == 0x83, "no oscillator of before the reset becomes ready"


def test_byte_access_reaches_part_of_a_register(board):
    _, _, rcc, _ = board
    rcc.device.write(0x32, 1, 0x60)  # AHB1ENR bits 23:16
    assert rcc.read("AHB1ENR") == 0x00600000
    assert rcc.device.read(0x32, 1) == 0x60
    assert rcc.device.read(0x30, 2) == 0


def test_reserved_words_read_zero_and_ignore_writes(board):
    _, _, rcc, _ = board
    rcc.device.write(0x1C, 4, 0xFFFFFFFF)
    assert rcc.device.read(0x1C, 4) == 0


# ---- oscillators ------------------------------------------------------------------------------


def test_hsi_needs_its_start_up_time(board):
    host, _, rcc, _ = board
    start_hse(host, rcc)
    rcc.set("CFGR", SW=1)
    rcc.set("CR", HSION=0)
    assert not rcc.get("CR", "HSIRDY")
    rcc.set("CR", HSION=1)
    host.advance_us(2.1)
    assert not rcc.get("CR", "HSIRDY")
    host.advance_us(0.2)
    assert rcc.get("CR", "HSIRDY")


def test_ready_interrupt_flags_and_their_clearing(board):
    host, platform, rcc, _ = board
    levels = []
    platform.on_line(lambda line, level: levels.append((line, level)))
    rcc.set("CIR", HSERDYIE=1)
    start_hse(host, rcc)
    assert rcc.get("CIR", "HSERDYF")
    assert levels == [(5, True)]
    rcc.set("CIR", HSERDYC=1)
    assert not rcc.get("CIR", "HSERDYF")
    assert levels == [(5, True), (5, False)]


def test_hse_as_a_crystal_takes_two_milliseconds():
    host, platform = make_board(hse_hz=8 * MHZ)
    platform.rcc.hse_crystal = True
    rcc = Registers(platform, "rcc")
    rcc.set("CR", HSEON=1)
    host.advance_us(1999)
    assert not rcc.get("CR", "HSERDY")
    host.advance_us(2)
    assert rcc.get("CR", "HSERDY")
    assert host.violations == []


@pytest.mark.parametrize(
    ("hse_hz", "bypass", "crystal", "rules"),
    [
        (50 * MHZ, 1, False, []),
        (8 * MHZ, 1, False, []),
        (51 * MHZ, 1, False, ["hse-frequency"]),
        (50 * MHZ, 0, True, ["hse-frequency"]),
        (26 * MHZ, 0, True, []),
        (3 * MHZ, 0, True, ["hse-frequency"]),
        (8 * MHZ, 0, False, ["hse-mode"]),
        (8 * MHZ, 1, True, ["hse-mode"]),
        (500_000, 1, False, ["hse-frequency"]),
    ],
)
def test_hse_frequency_and_mode(hse_hz, bypass, crystal, rules):
    host, platform = make_board(hse_hz=hse_hz)
    platform.rcc.hse_crystal = crystal
    rcc = Registers(platform, "rcc")
    rcc.set("CR", HSEBYP=bypass)
    rcc.set("CR", HSEON=1)
    assert host.rules == rules
    host.advance_us(3000)
    assert rcc.get("CR", "HSERDY") == ("hse-mode" not in rules)


# ---- what the data sheet forbids --------------------------------------------------------------


@pytest.mark.parametrize(
    ("factors", "more", "rule", "words"),
    [
        ((1, 50, 2), {}, "pllm", "PLLM is 1; allowed: 2 to 63"),
        ((25, 433, 2), {}, "plln", "PLLN is 433; allowed: 50 to 432"),
        ((25, 49, 2), {}, "plln", "PLLN is 49"),
        ((25, 100, 2), {"q": 1}, "pllq", "PLLQ is 1; allowed: 2 to 15"),
        ((25, 100, 2), {"r": 0}, "pllr", "PLLR is 0; allowed: 2 to 7"),
        ((60, 200, 2), {}, "pll-input", "allowed: 0.95 MHz to 2.1 MHz"),
        ((20, 100, 2), {}, "pll-input", "PLL input 50 MHz / 20 = 2.5 MHz"),
        ((25, 217, 2), {}, "vco", "= 434 MHz; allowed: 100 MHz to 432 MHz"),
        ((50, 90, 2), {}, "vco", "= 90 MHz; allowed: 100 MHz to 432 MHz"),
        ((50, 104, 6), {}, "pll-output", "allowed: 24 MHz to 216 MHz"),
    ],
)
def test_pll_factors(board, factors, more, rule, words):
    host, _, rcc, _ = board
    start_hse(host, rcc)
    start_pll(host, rcc, *factors, **more)
    assert rule in host.rules
    assert any(words in message for _, message in host.violations)


def test_pll_factors_at_their_limits_are_legal(board):
    host, _, rcc, _ = board
    start_hse(host, rcc)
    for factors in ((25, 216, 2), (25, 50, 4), (50, 432, 8), (25, 216, 8)):
        start_pll(host, rcc, *factors, q=2, r=2)
        assert rcc.get("CR", "PLLRDY")
        rcc.set("CR", PLLON=0)
    assert host.violations == []


def test_pllcfgr_is_locked_while_the_pll_is_on(board):
    host, platform, rcc, _ = board
    start_hse(host, rcc)
    start_pll(host, rcc, 25, 100, 4)
    before = rcc.read("PLLCFGR")
    rcc.write("PLLCFGR", pllcfgr(25, 120, 4))
    assert host.rules == ["pllcfgr-while-on"]
    assert rcc.read("PLLCFGR") == before
    assert platform.rcc.clocks.vco_hz == 200 * MHZ


def test_factors_count_from_the_next_start(board):
    host, platform, rcc, _ = board
    start_hse(host, rcc)
    start_pll(host, rcc, 25, 100, 4)
    rcc.set("CR", PLLON=0)
    rcc.write("PLLCFGR", pllcfgr(25, 120, 4))
    assert platform.rcc.clocks.vco_hz == 0
    rcc.set("CR", PLLON=1)
    assert not rcc.get("CR", "PLLRDY")
    host.advance_us(200)
    assert rcc.get("CR", "PLLRDY")
    assert platform.rcc.clocks.vco_hz == 240 * MHZ


def test_pll_started_on_a_source_that_is_not_ready(board):
    host, _, rcc, _ = board
    rcc.write("PLLCFGR", pllcfgr(25, 100, 4))
    rcc.set("CR", PLLON=1)
    assert host.rules == ["pll-source"]


@pytest.mark.parametrize("source", [1, 2])
def test_sysclk_stays_where_the_new_source_is_not_ready(board, source):
    host, platform, rcc, _ = board
    rcc.set("CFGR", SW=source)
    assert host.rules == ["sysclk-source"]
    assert rcc.get("CFGR", "SWS") == 0
    assert platform.rcc.clocks.source == "hsi"


def test_sources_in_use_cannot_be_switched_off(board):
    host, _, rcc, flash = board
    rcc.set("CR", HSION=0)
    assert host.rules == ["hsi-in-use"]
    assert rcc.get("CR", "HSION")
    start_hse(host, rcc)
    start_pll(host, rcc, 25, 100, 4)
    flash.set("ACR", LATENCY=1)
    rcc.set("CFGR", SW=2, PPRE1=4)
    rcc.set("CR", PLLON=0)
    rcc.set("CR", HSEON=0)
    assert "through the PLL" in host.violations[-1][1]
    rcc.set("CFGR", SW=1)
    rcc.set("CR", PLLON=0)
    rcc.set("CR", HSEON=0)
    assert host.rules == ["hsi-in-use", "pll-in-use", "hse-in-use", "hse-in-use"]
    assert rcc.get("CR", "HSEON")
    assert not rcc.get("CR", "PLLON")


def test_a_pll_that_nobody_uses_loses_its_lock_with_its_source(board):
    host, _, rcc, _ = board
    start_hse(host, rcc)
    start_pll(host, rcc, 25, 100, 4)
    rcc.set("CR", HSEON=0, HSEBYP=0)
    assert host.violations == []
    assert rcc.get("CR", "PLLON")
    assert not rcc.get("CR", "PLLRDY")


def test_hsebyp_is_fixed_while_the_hse_runs(board):
    host, _, rcc, _ = board
    start_hse(host, rcc)
    rcc.set("CR", HSEBYP=0)
    assert host.rules == ["hse-bypass"]
    assert rcc.get("CR", "HSEBYP")


def test_too_few_wait_states_on_a_raised_clock(board):
    host, _, rcc, _ = board
    start_hse(host, rcc)
    rcc.set("CFGR", SW=1, PPRE1=4)
    assert host.rules == ["wait-states"]
    assert "0 flash wait states at HCLK 50 MHz; 1 are needed" in host.violations[0][1]


def test_too_few_wait_states_on_a_lowered_latency(board):
    host, _, rcc, flash = board
    start_hse(host, rcc)
    flash.set("ACR", LATENCY=1)
    rcc.set("CFGR", SW=1, PPRE1=4)
    assert host.violations == []
    flash.set("ACR", LATENCY=0)
    assert host.rules == ["wait-states"]


@pytest.mark.parametrize(
    ("vos", "overdrive", "n", "legal"),
    [
        (1, False, 144, True),
        (1, False, 145, False),
        (2, False, 168, True),
        (2, False, 169, False),
        (2, True, 180, True),
        (2, True, 181, False),
        (3, False, 180, True),
        (3, False, 181, False),
        (3, True, 216, True),
    ],
)
def test_voltage_scale_and_overdrive_limit_hclk(board, vos, overdrive, n, legal):
    host, platform, rcc, flash = board
    rcc.set("APB1ENR", PWREN=1)
    pwr = Registers(platform, "pwr")
    pwr.set("CR1", VOS=vos)
    start_hse(host, rcc)
    start_pll(host, rcc, 25, n, 2)
    if overdrive:
        pwr.set("CR1", ODEN=1)
        host.advance_us(20)
        pwr.set("CR1", ODSWEN=1)
    flash.set("ACR", LATENCY=7)
    rcc.set("CFGR", PPRE1=6, PPRE2=5, SW=2)
    assert host.rules == ([] if legal else ["voltage-scale"])
    if not legal:
        assert f"voltage scale {4 - vos}" in host.violations[0][1]


def test_overdrive_left_too_early(board):
    host, platform, rcc, flash = board
    rcc.set("APB1ENR", PWREN=1)
    pwr = Registers(platform, "pwr")
    start_hse(host, rcc)
    start_pll(host, rcc, 25, 216, 2)
    pwr.set("CR1", ODEN=1)
    host.advance_us(20)
    pwr.set("CR1", ODSWEN=1)
    flash.set("ACR", LATENCY=7)
    rcc.set("CFGR", PPRE1=6, PPRE2=5, SW=2)
    assert host.violations == []
    pwr.set("CR1", ODSWEN=0)
    assert host.rules == ["voltage-scale"]


@pytest.mark.parametrize(
    ("ppre1", "ppre2", "rules"),
    [(5, 4, []), (4, 4, ["pclk1"]), (5, 0, ["pclk2"]), (0, 0, ["pclk1", "pclk2"])],
)
def test_bus_clock_limits(board, ppre1, ppre2, rules):
    host, _, rcc, flash = board
    start_hse(host, rcc)
    start_pll(host, rcc, 25, 180, 2)
    flash.set("ACR", LATENCY=7)
    rcc.set("CFGR", PPRE1=ppre1, PPRE2=ppre2, SW=2)
    assert host.rules == rules


def test_bus_clock_limits_depend_on_overdrive():
    clocks = Clocks()
    clocks.vos, clocks.flash_wait_states, clocks.sysclk_hz = 1, 7, 180 * MHZ
    clocks.divide(1, 4, 2, timers_fast=False)
    assert limit_violations(clocks) == []
    clocks.sysclk_hz = 184 * MHZ
    clocks.divide(1, 4, 2, timers_fast=False)
    assert {rule for rule, _ in limit_violations(clocks)} == {"voltage-scale", "pclk1", "pclk2"}
    clocks.overdrive = True
    assert limit_violations(clocks) == []


def test_a_lasting_violation_is_reported_once(board):
    host, _, rcc, flash = board
    start_hse(host, rcc)
    rcc.set("CFGR", SW=1, PPRE1=4)
    rcc.set("DCKCFGR2", USART3SEL=2)
    assert host.rules == ["wait-states"]
    flash.set("ACR", LATENCY=1)
    flash.set("ACR", LATENCY=0)
    assert host.rules == ["wait-states", "wait-states"]


def test_strict_mode_ends_at_the_violation():
    _, platform = make_board(strict=True)
    with pytest.raises(ViolationError, match="sysclk-source: SYSCLK switched to PLL"):
        Registers(platform, "rcc").set("CFGR", SW=2)


# ---- the tree ---------------------------------------------------------------------------------


@given(st.integers(0, 15), st.integers(0, 7), st.integers(0, 7), st.booleans())
def test_dividers(hpre, ppre1, ppre2, timpre):
    _, platform = make_board()
    rcc = Registers(platform, "rcc")
    rcc.set("DCKCFGR1", TIMPRE=int(timpre))
    rcc.set("CFGR", HPRE=hpre, PPRE1=ppre1, PPRE2=ppre2)
    clocks = platform.rcc.clocks
    assert clocks.hclk_hz == 16 * MHZ // AHB_DIVIDERS[hpre]
    assert clocks.pclk1_hz == clocks.hclk_hz // APB_DIVIDERS[ppre1]
    assert clocks.pclk2_hz == clocks.hclk_hz // APB_DIVIDERS[ppre2]
    assert clocks.pclk1_hz <= clocks.tim_apb1_hz <= clocks.hclk_hz


def test_timer_clocks_by_timpre():
    assert [timer_clock_hz(216, d, timers_fast=False) for d in (1, 2, 4, 8)] == [216, 216, 108, 54]
    assert [timer_clock_hz(216, d, timers_fast=True) for d in (1, 2, 4, 8)] == [216, 216, 216, 108]


def test_wait_state_table_edges():
    expected = {30: 0, 31: 1, 60: 1, 90: 2, 120: 3, 150: 4, 180: 5, 210: 6, 211: 7, 216: 7}
    assert {mhz: required_wait_states(mhz * MHZ) for mhz in expected} == expected
    assert required_wait_states(216 * MHZ + 1) is None


def test_kernel_clocks_that_do_not_move_with_sysclk(board):
    host, platform, rcc, flash = board
    rcc.set("DCKCFGR2", USART3SEL=2, I2C1SEL=2, LPTIM1SEL=2, USART1SEL=1)
    start_hse(host, rcc)
    start_pll(host, rcc, 25, 144, 2)
    flash.set("ACR", LATENCY=7)
    for source in (1, 2, 1):
        rcc.set("CFGR", SW=source, PPRE1=6, PPRE2=5)
        clocks = platform.rcc.clocks
        assert clocks.usart3_hz == clocks.i2c1_hz == clocks.lptim1_hz == ds.HSI_HZ
        assert clocks.usart1_hz == clocks.sysclk_hz
        assert clocks.usart2_hz == clocks.pclk1_hz
    assert host.violations == []
    rcc.set("CR", HSION=0)
    assert platform.rcc.clocks.usart3_hz == 0


def test_a_switch_between_running_sources_costs_a_few_edges(board):
    host, _, rcc, flash = board
    start_hse(host, rcc)
    start_pll(host, rcc, 25, 144, 2)
    flash.set("ACR", LATENCY=7)
    rcc.set("CFGR", SW=1, PPRE1=6, PPRE2=5)
    begin = host.now_ps()
    rcc.set("CFGR", SW=2)
    pause_ps = host.now_ps() - begin
    assert pause_ps == pytest.approx(2 * 20_000 + 2 * 6_944.4, abs=2)
    assert rcc.get("CFGR", "SWS") == 2


def test_clock_changes_reach_the_host_with_their_time(board):
    host, _, rcc, flash = board
    start_hse(host, rcc)
    flash.set("ACR", LATENCY=1)
    rcc.set("CFGR", SW=1, PPRE1=4)
    time_ps, clocks = host.clock_states[-1]
    assert (time_ps, clocks.hclk_hz) == (host.now_ps(), 50 * MHZ)


# ---- peripherals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "register", "bit"),
    [
        ("usart3", "APB1ENR", "USART3EN"),
        ("gpioPortE", "AHB1ENR", "GPIOEEN"),
        ("pwr", "APB1ENR", "PWREN"),
        ("syscfg", "APB2ENR", "SYSCFGEN"),
        ("lptim1", "APB1ENR", "LPTIM1EN"),
        ("i2c1", "APB1ENR", "I2C1EN"),
        ("tim2", "APB1ENR", "TIM2EN"),
    ],
)
def test_a_peripheral_without_its_clock_loses_writes_and_reads_zero(board, name, register, bit):
    host, platform, rcc, _ = board
    device = platform.devices[name][2]
    reset_value = device.values[device.block.by_offset[0]]
    device.write(0, 4, reset_value | 0x40)
    assert device.read(0, 4) == 0
    assert host.rules == ["peripheral-clock-off"] * 2
    assert f"set RCC_{register}.{bit} first" in host.violations[0][1]
    rcc.set(register, **{bit: 1})
    assert device.read(0, 4) == reset_value
    assert len(host.violations) == 2


def test_a_peripheral_reset_bit_resets_it(board):
    _, platform, rcc, _ = board
    rcc.set("AHB1ENR", GPIOEEN=1)
    gpio = Registers(platform, "gpioPortE")
    gpio.write("MODER", 0x55)
    rcc.set("AHB1RSTR", GPIOERST=1)
    rcc.set("AHB1RSTR", GPIOERST=0)
    assert gpio.read("MODER") == 0
