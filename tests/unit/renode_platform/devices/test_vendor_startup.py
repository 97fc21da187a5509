"""Start-up in the order of ST's HAL: oscillator, PLL, over-drive, bus clocks, with read-backs."""

import pytest
from device_host import Registers, make_board

from renode_platform.devices import datasheet as ds

US = ds.PS_PER_US
POLL_US = 0.5


def wait_for(host, condition, timeout_us):
    """Poll a flag as firmware does, with SysTick's time-out; return the microseconds it took."""
    begin = host.now_ps()
    while not condition():
        assert host.now_ps() - begin <= timeout_us * US, "time-out"
        host.advance_us(POLL_US)
    return (host.now_ps() - begin) / US


def start_hse(host, rcc):
    rcc.set("CR", HSEBYP=1)
    rcc.set("CR", HSEON=1)
    return wait_for(host, lambda: rcc.get("CR", "HSERDY"), 100_000)


def configure_pll(host, rcc, m, n, p, q=9, r=7):
    rcc.set("CR", PLLON=0)
    wait_for(host, lambda: not rcc.get("CR", "PLLRDY"), 2000)
    rcc.write("PLLCFGR", m | n << 6 | (p // 2 - 1) << 16 | 1 << 22 | q << 24 | r << 28)
    assert rcc.get("PLLCFGR", "PLLN") == n
    rcc.set("CR", PLLON=1)
    return wait_for(host, lambda: rcc.get("CR", "PLLRDY"), 2000)


def enable_overdrive(host, rcc, pwr):
    rcc.set("APB1ENR", PWREN=1)
    assert rcc.get("APB1ENR", "PWREN")
    pwr.set("CR1", ODEN=1)
    wait_for(host, lambda: pwr.get("CSR1", "ODRDY"), 1_000_000)
    pwr.set("CR1", ODSWEN=1)
    wait_for(host, lambda: pwr.get("CSR1", "ODSWRDY"), 1_000_000)


def configure_buses(host, rcc, flash, wait_states, source, ppre1=5, ppre2=4):
    if flash.get("ACR", "LATENCY") < wait_states:
        flash.set("ACR", LATENCY=wait_states)
        assert flash.get("ACR", "LATENCY") == wait_states
    rcc.set("CFGR", PPRE1=7)
    rcc.set("CFGR", PPRE2=7)
    rcc.set("CFGR", HPRE=0)
    rcc.set("CFGR", SW=source)
    wait_for(host, lambda: rcc.get("CFGR", "SWS") == source, 5_000_000)
    if flash.get("ACR", "LATENCY") > wait_states:
        flash.set("ACR", LATENCY=wait_states)
    rcc.set("CFGR", PPRE1=ppre1)
    rcc.set("CFGR", PPRE2=ppre2)


def start_216_mhz(host, platform, m, n):
    rcc, pwr, flash = (Registers(platform, name) for name in ("rcc", "pwr", "flashController"))
    rcc.set("APB1ENR", PWREN=1)
    pwr.set("CR1", VOS=3)
    start_hse(host, rcc)
    configure_pll(host, rcc, m, n, 2)
    enable_overdrive(host, rcc, pwr)
    configure_buses(host, rcc, flash, 7, 2)
    wait_for(host, lambda: pwr.get("CSR1", "VOSRDY"), 1_000_000)
    return rcc, pwr, flash


@pytest.mark.parametrize(("hse_hz", "m", "n"), [(50_000_000, 25, 216), (8_000_000, 4, 216)])
def test_216_mhz_in_strict_mode(hse_hz, m, n):
    host, platform = make_board(strict=True, hse_hz=hse_hz)
    start_216_mhz(host, platform, m, n)
    clocks = platform.rcc.clocks
    assert clocks.source == "pll"
    assert clocks.sysclk_hz == clocks.hclk_hz == 216_000_000
    assert (clocks.pclk1_hz, clocks.pclk2_hz) == (54_000_000, 108_000_000)
    assert (clocks.tim_apb1_hz, clocks.tim_apb2_hz) == (108_000_000, 216_000_000)
    assert clocks.vco_hz == 432_000_000
    assert (clocks.vos, clocks.overdrive, clocks.flash_wait_states) == (1, True, 7)
    assert host.violations == []


@pytest.mark.parametrize(
    ("forgotten", "rule", "moved"),
    [
        ("prescalers", "pclk1", "move / 4 in RCC_CFGR.PPRE1 before the write to RCC_CFGR"),
        ("PPRE2", "pclk2", "move / 2 in RCC_CFGR.PPRE2 before the write to RCC_CFGR"),
        ("LATENCY", "wait-states", "move FLASH_ACR.LATENCY = 7 before the write to RCC_CFGR"),
        ("over-drive", "voltage-scale", "move over-drive (PWR_CR1.ODEN, then ODSWEN) before"),
        ("VOS", "voltage-scale", "move a stronger scale in PWR_CR1.VOS"),
    ],
)
def test_a_step_that_comes_after_sysclk_is_named(forgotten, rule, moved):
    """ST's LL examples set the prescalers behind the switch of SYSCLK."""
    host, platform = make_board()
    rcc, pwr, flash = (Registers(platform, name) for name in ("rcc", "pwr", "flashController"))
    rcc.set("APB1ENR", PWREN=1)
    pwr.set("CR1", VOS=1 if forgotten == "VOS" else 3)
    start_hse(host, rcc)
    configure_pll(host, rcc, 25, 216, 2)
    if forgotten not in ("over-drive", "VOS"):
        enable_overdrive(host, rcc, pwr)
    if forgotten != "LATENCY":
        flash.set("ACR", LATENCY=7)
    if forgotten != "prescalers":
        rcc.set("CFGR", PPRE1=5, PPRE2=0 if forgotten == "PPRE2" else 4)
    rcc.set("CFGR", SW=2)
    told = dict(host.violations)
    assert moved in told[rule]
    assert all(" before the write " in message for message in told.values())


def test_a_limit_that_is_lowered_under_sysclk_says_what_comes_first():
    host, platform = make_board()
    rcc, _, flash = start_216_mhz(host, platform, 25, 216)
    flash.set("ACR", LATENCY=3)
    rcc.set("CFGR", PPRE1=0)
    assert [rule for rule, _ in host.violations] == ["wait-states", "pclk1"]
    assert all(message.endswith("; lower SYSCLK first") for _, message in host.violations)


@pytest.mark.parametrize(
    ("m", "hint"),
    [
        (4, "this board has 50 MHz on OSC_IN; the factors fit 8 MHz, as a Nucleo-F767ZI is sold"),
        (8, "the factors fit 8 MHz, as a Nucleo-F767ZI is sold with (--hse 8MHz)"),
        (13, "the factors fit 25 MHz (--hse 25MHz)"),
    ],
)  # fmt: skip
def test_factors_for_another_hse_are_recognised(m, hint):
    host, platform = make_board()
    rcc = Registers(platform, "rcc")
    start_hse(host, rcc)
    configure_pll_unchecked(rcc, m, {4: 216, 8: 432, 13: 216}[m])
    assert host.violations[0][0] == "pll-input"
    assert host.violations[0][1].startswith(f"PLL input 50 MHz / {m} = ")
    assert all(hint in message for _, message in host.violations)


def test_factors_that_fit_no_usual_hse_get_no_hint():
    host, platform = make_board()
    rcc = Registers(platform, "rcc")
    start_hse(host, rcc)
    configure_pll_unchecked(rcc, 2, 300)
    assert host.violations
    assert not [message for _, message in host.violations if "--hse" in message]


def configure_pll_unchecked(rcc, m, n, p=2):
    rcc.write("PLLCFGR", m | n << 6 | (p // 2 - 1) << 16 | 1 << 22 | 9 << 24 | 7 << 28)
    rcc.set("CR", PLLON=1)


def test_start_up_of_an_older_system_file_resets_the_clocks_it_finds():
    host, platform = make_board(strict=True)
    rcc, _, flash = start_216_mhz(host, platform, 25, 216)
    rcc.write("CR", rcc.read("CR") | 1)
    rcc.write("CFGR", 0)
    rcc.write("CR", rcc.read("CR") & 0xFEF6FFFF)
    rcc.write("PLLCFGR", 0x24003010)
    rcc.write("CR", rcc.read("CR") & 0xFFFBFFFF)
    rcc.write("CIR", 0)
    flash.set("ACR", LATENCY=0)
    assert platform.rcc.clocks.hclk_hz == 16_000_000
    assert rcc.read("CR") == 0x83
    assert host.violations == []


def test_voltage_scaling_by_the_hal_with_the_pll_in_use_elsewhere():
    """HAL_PWREx_ControlVoltageScaling: PLL off, VOS, PLL on, PLLRDY, VOSRDY."""
    host, platform = make_board(strict=True)
    rcc, pwr, _ = (Registers(platform, name) for name in ("rcc", "pwr", "flashController"))
    start_hse(host, rcc)
    configure_pll(host, rcc, 25, 168, 2)
    rcc.set("APB1ENR", PWREN=1)
    rcc.set("CR", PLLON=0)
    wait_for(host, lambda: not rcc.get("CR", "PLLRDY"), 2000)
    pwr.set("CR1", VOS=2)
    assert platform.rcc.clocks.vos == 3
    assert not pwr.get("CSR1", "VOSRDY")
    rcc.set("CR", PLLON=1)
    wait_for(host, lambda: rcc.get("CR", "PLLRDY"), 2000)
    wait_for(host, lambda: pwr.get("CSR1", "VOSRDY"), 1_000_000)
    assert platform.rcc.clocks.vos == 2
    assert host.violations == []


def test_leaving_overdrive_by_the_hal():
    host, platform = make_board(strict=True)
    rcc, pwr, flash = start_216_mhz(host, platform, 25, 216)
    configure_buses(host, rcc, flash, 1, 1, ppre1=4, ppre2=0)
    pwr.set("CR1", ODSWEN=0)
    wait_for(host, lambda: not pwr.get("CSR1", "ODSWRDY"), 1_000_000)
    pwr.set("CR1", ODEN=0)
    wait_for(host, lambda: not pwr.get("CSR1", "ODRDY"), 1_000_000)
    assert not platform.rcc.clocks.overdrive
    assert platform.rcc.clocks.hclk_hz == 50_000_000
    assert host.violations == []


def test_low_speed_oscillators_with_backup_access():
    host, platform = make_board(strict=True)
    rcc, pwr = Registers(platform, "rcc"), Registers(platform, "pwr")
    rcc.set("CSR", LSION=1)
    assert wait_for(host, lambda: rcc.get("CSR", "LSIRDY"), 2000) == pytest.approx(15, abs=1)
    rcc.set("APB1ENR", PWREN=1)
    pwr.set("CR1", DBP=1)
    rcc.set("BDCR", LSEON=1)
    host.advance_us(2_000_001)
    assert rcc.get("BDCR", "LSERDY")
    rcc.set("DCKCFGR2", LPTIM1SEL=3)
    assert platform.rcc.clocks.lptim1_hz == 32_768


def test_a_relock_takes_the_scripted_latency():
    host, platform = make_board(strict=True)
    rcc, _, flash = start_216_mhz(host, platform, 25, 216)
    configure_buses(host, rcc, flash, 7, 1)
    took_us = configure_pll(host, rcc, 25, 150, 2)
    assert took_us == pytest.approx(200, abs=POLL_US)
    begin = host.now_ps()
    configure_buses(host, rcc, flash, 7, 2)
    configure_buses(host, rcc, flash, 7, 1)
    assert host.now_ps() - begin < 2 * US, "a running PLL is entered and left at once"


@pytest.mark.parametrize(
    ("pll_lock", "n", "lock_us"),
    [
        ("min", 96, 75),
        ("max", 96, 200),
        ("min", 216, 100),
        ("max", 216, 300),
        ("mid", 216, 200),
        ("typ", 216, 200),
        (123 * US, 216, 123),
        ("min", 156, 87.5),
    ],
)
def test_lock_latency_choices(pll_lock, n, lock_us):
    host, platform = make_board(strict=True, pll_lock=pll_lock)
    rcc = Registers(platform, "rcc")
    start_hse(host, rcc)
    assert configure_pll(host, rcc, 25, n, 2) == pytest.approx(lock_us, abs=POLL_US)


def test_deinitialisation_by_the_hal():
    """HAL_RCC_DeInit: HSI, then HSE with its bypass off in one write, then the PLL."""
    host, platform = make_board(strict=True)
    rcc, _, flash = start_216_mhz(host, platform, 25, 216)
    rcc.set("CR", HSION=1)
    rcc.write("CFGR", 0)
    wait_for(host, lambda: rcc.get("CFGR", "SWS") == 0, 5_000_000)
    rcc.set("CR", HSEON=0, HSEBYP=0, CSSON=0)
    wait_for(host, lambda: not rcc.get("CR", "HSERDY"), 100_000)
    rcc.set("CR", PLLON=0)
    wait_for(host, lambda: not rcc.get("CR", "PLLRDY"), 2000)
    rcc.write("PLLCFGR", 0x24003010)
    rcc.write("CIR", 0x00FF0000)
    rcc.write("CSR", rcc.read("CSR") | 1 << 24)
    flash.set("ACR", LATENCY=0)
    assert rcc.read("CR") == 0x83
    assert rcc.read("CSR") & 0xFE000000 == 0
    assert host.violations == []
