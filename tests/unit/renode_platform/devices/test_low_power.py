"""What goes on while the core sleeps: gated clocks, LPTIM1 on the LSE, and who ends Stop mode."""

import pytest
from device_host import Registers, make_board

from renode_platform.devices import datasheet as ds

LPTIM1_LINE = 93
EXTI_LPTIM1 = 1 << 23
HSI, LSE = 2, 3
MS = 1_000


@pytest.fixture
def board():
    """A strict board whose LSE has settled, and the levels of lines that the core has heard of."""
    host, platform = make_board(strict=True)
    lines = []
    platform.on_line(lambda line, level: lines.append((line, level)))
    rcc = Registers(platform, "rcc")
    rcc.set("APB1ENR", PWREN=1, LPTIM1EN=1, USART3EN=1)
    Registers(platform, "pwr").set("CR1", DBP=1)
    rcc.set("BDCR", LSEON=1)
    host.advance_to(ds.LSE_STARTUP_PS)
    assert rcc.get("BDCR", "LSERDY")
    return host, platform, lines


def start(platform, kernel_clock, compare):
    """Let LPTIM1 count a clock, with an interrupt at `compare`."""
    Registers(platform, "rcc").set("DCKCFGR2", LPTIM1SEL=kernel_clock)
    timer = Registers(platform, "lptim1")
    timer.set("IER", CMPMIE=1)
    timer.set("CR", ENABLE=1)
    timer.write("ARR", 0xFFFF)
    timer.write("CMP", compare)
    timer.set("CR", CNTSTRT=1)
    return timer


def test_the_lse_counts_on_in_stop(board):
    host, platform, _ = board
    timer = start(platform, LSE, 0xFFFE)
    platform.mode_changed("stop")
    host.advance_us(1_000_000)
    platform.mode_changed("run")
    assert timer.read("CNT") == ds.LSE_HZ


def test_the_hsi_stands_in_stop(board):
    host, platform, lines = board
    timer = start(platform, HSI, 200)
    host.advance_us(10)
    platform.mode_changed("stop")
    host.advance_us(1_000)
    platform.mode_changed("run")
    assert timer.read("CNT") == 160
    assert lines == []


def test_an_enabled_external_line_ends_stop(board):
    host, platform, lines = board
    exti = Registers(platform, "exti")
    exti.write("RTSR", EXTI_LPTIM1)
    exti.write("IMR", EXTI_LPTIM1)
    start(platform, LSE, 328)
    platform.mode_changed("stop")
    host.advance_us(9 * MS)
    assert lines == []
    host.advance_us(2 * MS)
    assert lines == [(LPTIM1_LINE, True)]
    assert exti.read("PR") == EXTI_LPTIM1


@pytest.mark.parametrize("missing", ["RTSR", "IMR"])
def test_without_its_external_line_a_timer_ends_nothing(board, missing):
    host, platform, lines = board
    exti = Registers(platform, "exti")
    for register in ("RTSR", "IMR"):
        exti.write(register, 0 if register == missing else EXTI_LPTIM1)
    timer = start(platform, LSE, 328)
    platform.mode_changed("stop")
    host.advance_us(100 * MS)
    assert timer.get("ISR", "CMPM")
    assert lines == []
    # Something else wakes the chip: then the interrupt controller sees what has come meanwhile.
    platform.mode_changed("run")
    assert lines == [(LPTIM1_LINE, True)]


def test_the_request_stays_until_both_flags_are_down(board):
    host, platform, lines = board
    exti = Registers(platform, "exti")
    exti.write("RTSR", EXTI_LPTIM1)
    exti.write("IMR", EXTI_LPTIM1)
    timer = start(platform, HSI, 100)
    host.advance_us(10)
    timer.set("ICR", CMPMCF=1)
    assert lines == [(LPTIM1_LINE, True)]
    exti.write("PR", EXTI_LPTIM1)
    assert lines == [(LPTIM1_LINE, True), (LPTIM1_LINE, False)]


def test_a_gated_peripheral_stands_in_sleep_and_goes_on_after_it(board):
    host, platform, lines = board
    timer = start(platform, HSI, 1000)
    Registers(platform, "rcc").set("APB1LPENR", LPTIM1LPEN=0)
    host.advance_us(10)
    platform.mode_changed("sleep")
    host.advance_us(1_000)
    platform.mode_changed("run")
    assert timer.read("CNT") == 160
    assert lines == []
    host.advance_us(60)
    assert lines == [(LPTIM1_LINE, True)]


def test_what_is_not_gated_runs_in_sleep(board):
    host, platform, lines = board
    start(platform, HSI, 1000)
    Registers(platform, "rcc").set("APB1LPENR", USART3LPEN=0)
    platform.mode_changed("sleep")
    host.advance_us(100)
    assert lines == [(LPTIM1_LINE, True)]


def test_a_gated_peripheral_draws_nothing_in_sleep(board):
    _, platform, _ = board
    currents_a = []
    for enabled in (1, 0):
        Registers(platform, "rcc").set("APB1LPENR", USART3LPEN=enabled)
        platform.mode_changed("sleep")
        currents_a.append(platform.meter.present_a)
        platform.mode_changed("run")
    saved_a = ds.PERIPHERAL_UA_PER_MHZ["USART3"][2] * 16 * 1e-6
    assert currents_a[0] - currents_a[1] == pytest.approx(saved_a)


def test_the_current_is_that_of_stop_as_soon_as_the_clock_stands(board):
    host, platform, _ = board
    seen_a = []
    host.clocks_changed = lambda clocks: (
        platform.clocks_changed(clocks),
        seen_a.append(platform.meter.present_a),
    )
    platform.mode_changed("stop")
    platform.mode_changed("run")
    stop_a = ds.STOP_CURRENT_A["flash on"][0] + ds.LSE_CURRENT_A
    assert seen_a[0] == pytest.approx(stop_a)
    assert seen_a[-1] == platform.meter.present_a > 10 * stop_a
