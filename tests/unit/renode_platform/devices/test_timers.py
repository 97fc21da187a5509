import pytest
from device_host import Registers, make_board
from hypothesis import given
from hypothesis import strategies as st

from renode_platform.devices.cycle_counter import CycleCounter, TickCounter

US = 1_000_000
HSI_HZ = 16_000_000


# ---- counting ---------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.integers(0, 10**9), st.sampled_from([0, 32_768, 16_000_000, 216_000_000]))
    )
)
def test_no_part_of_a_cycle_is_lost(stretches):
    counter, now_ps, exact = CycleCounter(), 0, 0
    for duration_ps, rate_hz in stretches:
        counter.set_rate(now_ps, rate_hz)
        now_ps += duration_ps
        exact += duration_ps * rate_hz
    assert counter.cycles(now_ps) == exact // 10**12
    assert counter.fraction(now_ps) == exact % 10**12


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(1, 216_000_000))
def test_time_of_a_cycle_is_the_first_at_which_it_is_counted(start_ps, cycle, rate_hz):
    counter = CycleCounter()
    counter.restart(start_ps)
    counter.set_rate(start_ps, rate_hz)
    at_ps = counter.time_of(cycle)
    assert counter.cycles(at_ps) == cycle
    assert counter.cycles(at_ps - 1) == cycle - 1


@given(
    st.integers(1, 70_000), st.integers(1, 300), st.booleans(), st.integers(0, 10**8),
    st.integers(0, 70_000),
)  # fmt: skip
def test_time_of_a_value(limit, prescaler, down, now_ps, value):
    counter = TickCounter(limit)
    counter.set_rate(0, HSI_HZ)
    counter.configure(0, prescaler=prescaler, down=down)
    counter.run(0, True)
    at_ps = counter.time_of_value(now_ps, value)
    if value > limit:
        assert at_ps is None
    else:
        assert at_ps > now_ps
        assert counter.value(at_ps) == value
        assert counter.value(at_ps - 1) != value


def test_a_new_limit_keeps_count_and_phase():
    counter = TickCounter(0xFFFF)
    counter.set_rate(0, HSI_HZ)
    counter.run(0, True)
    counter.configure(100_010, limit=0xFF)
    assert counter.value(100_010) == 1
    assert counter.value(124_999) == 1
    assert counter.value(125_000) == 2


# ---- LPTIM1 -----------------------------------------------------------------------------------


@pytest.fixture
def lptim():
    host, platform = make_board()
    rcc = Registers(platform, "rcc")
    rcc.set("APB1ENR", LPTIM1EN=1)
    rcc.set("DCKCFGR2", LPTIM1SEL=2)
    return host, platform, Registers(platform, "lptim1")


def start_lptim(timer, arr=0xFFFF, prescaler=0, single=False):
    timer.set("CFGR", PRESC=prescaler)
    timer.set("CR", ENABLE=1)
    timer.write("ARR", arr)
    timer.set("CR", **({"SNGSTRT": 1} if single else {"CNTSTRT": 1}))


def test_lptim_counts_its_kernel_clock_whatever_sysclk_does(lptim):
    host, platform, timer = lptim
    start_lptim(timer)
    host.advance_us(100)
    assert timer.read("CNT") == 1600
    rcc = Registers(platform, "rcc")
    Registers(platform, "flashController").set("ACR", LATENCY=1)
    rcc.set("CR", HSEBYP=1)
    rcc.set("CR", HSEON=1)
    host.advance_us(10)
    rcc.set("CFGR", SW=1, PPRE1=4)
    begin, count = host.now_ps(), timer.read("CNT")
    host.advance_us(100)
    assert timer.read("CNT") == count + (host.now_ps() - begin) * 16 // US


@pytest.mark.parametrize("prescaler", range(8))
def test_lptim_prescaler(lptim, prescaler):
    host, _, timer = lptim
    start_lptim(timer, prescaler=prescaler)
    host.advance_us(1000)
    assert timer.read("CNT") == 16_000 >> prescaler


def test_lptim_wraps_and_matches(lptim):
    host, platform, timer = lptim
    lines = []
    platform.on_line(lambda line, level: lines.append((host.now_ps() / US, line, level)))
    timer.set("IER", ARRMIE=1)
    start_lptim(timer, arr=159)
    host.advance_us(9.5)
    assert not timer.get("ISR", "ARRM")
    host.advance_us(0.5)
    assert timer.get("ISR", "ARRM")
    assert timer.read("CNT") == 0
    timer.set("ICR", ARRMCF=1)
    host.advance_us(10)
    # The match is with the last value, one tick before the wrap.
    assert lines == [(9.9375, 93, True), (10.0, 93, False), (19.9375, 93, True)]


def test_lptim_compare_match(lptim):
    host, _, timer = lptim
    timer.set("CR", ENABLE=1)
    timer.write("ARR", 999)
    timer.write("CMP", 500)
    timer.set("CR", CNTSTRT=1)
    host.advance_us(31.24)
    assert not timer.get("ISR", "CMPM")
    host.advance_us(0.02)
    assert timer.get("ISR", "CMPM")


def test_lptim_writes_take_clocks_to_cross(lptim):
    host, _, timer = lptim
    timer.set("CR", ENABLE=1)
    timer.write("ARR", 0xFFFF)
    assert not timer.get("ISR", "ARROK")
    host.advance_us(0.2)
    assert timer.get("ISR", "ARROK")
    timer.set("ICR", ARROKCF=1)
    timer.write("CMP", 5)
    host.advance_us(0.2)
    assert timer.get("ISR", "CMPOK")
    assert not timer.get("ISR", "ARROK")


def test_lptim_single_shot_stops(lptim):
    host, _, timer = lptim
    start_lptim(timer, arr=159, single=True)
    host.advance_us(5)
    assert timer.read("CNT") == 80
    host.advance_us(20)
    assert timer.read("CNT") == 0
    assert timer.get("ISR", "ARRM")


def test_lptim_order_of_configuration(lptim):
    host, _, timer = lptim
    timer.write("ARR", 5)
    timer.set("CR", CNTSTRT=1)
    timer.set("CR", ENABLE=1)
    timer.write("CFGR", 0x200)
    assert host.rules == ["lptim-disabled", "lptim-start", "lptim-configuration"]
    assert timer.read("CFGR") == 0


@pytest.mark.parametrize(("register", "flag"), [("ARR", "ARROK"), ("CMP", "CMPOK")])
def test_lptim_takes_no_second_write_before_the_first_has_crossed(lptim, register, flag):
    host, _, timer = lptim
    timer.set("CR", ENABLE=1)
    timer.write(register, 500)
    timer.write(register, 900)
    assert host.rules == ["lptim-crossing"]
    assert f"LPTIM1.{register} written again before {flag} is set" in host.violations[0][1]
    host.advance_us(0.2)
    assert timer.get("ISR", flag)
    assert timer.read(register) == 500
    timer.write(register, 900)  # the flag tells of the first; it need not be cleared
    host.advance_us(0.2)
    assert timer.read(register) == 900
    timer.write(register, 100)
    timer.set("CR", ENABLE=0)  # what is under way is dropped
    timer.set("CR", ENABLE=1)
    timer.write(register, 200)
    assert host.rules == ["lptim-crossing"]


def test_lptim_writes_cross_when_the_kernel_clock_comes(lptim):
    host, platform, timer = lptim
    rcc = Registers(platform, "rcc")
    rcc.set("DCKCFGR2", LPTIM1SEL=1)  # LSI, which is off
    timer.set("CR", ENABLE=1)
    timer.write("ARR", 999)
    host.advance_us(1000)
    assert not timer.get("ISR", "ARROK")
    rcc.set("CSR", LSION=1)
    host.advance_us(1000)
    assert timer.get("ISR", "ARROK")
    timer.write("ARR", 99)
    assert host.rules == []


def test_lptim_interrupts_are_chosen_while_it_is_off(lptim):
    host, _, timer = lptim
    timer.set("IER", ARRMIE=1)
    timer.set("CR", ENABLE=1)
    timer.set("IER", ARRMIE=1)  # no change
    assert host.rules == []
    timer.set("IER", CMPMIE=1)
    assert host.rules == ["lptim-configuration"]
    assert "LPTIM1.IER changed while ENABLE is set" in host.violations[0][1]
    assert timer.get("IER", "CMPMIE") == 0


def test_lptim_starts_over_when_switched_off(lptim):
    host, _, timer = lptim
    start_lptim(timer)
    host.advance_us(10)
    timer.set("CR", ENABLE=0)
    assert timer.read("CNT") == 0
    host.advance_us(10)
    assert timer.read("CNT") == 0
    start_lptim(timer)
    host.advance_us(1)
    assert timer.read("CNT") == 16


# ---- TIM2 -------------------------------------------------------------------------------------


@pytest.fixture
def tim2():
    host, platform = make_board()
    Registers(platform, "rcc").set("APB1ENR", TIM2EN=1, TIM3EN=1)
    return host, platform, Registers(platform, "tim2")


def test_tim2_is_32_bits_wide_and_tim3_16(tim2):
    host, platform, timer = tim2
    assert timer.read("ARR") == 0xFFFFFFFF
    timer.set("CR1", CEN=1)
    host.advance_us(10_000)
    assert timer.read("CNT") == 160_000
    tim3 = Registers(platform, "tim3")
    assert tim3.read("ARR") == 0xFFFF
    tim3.set("CR1", CEN=1)
    host.advance_us(10_000)
    assert tim3.read("CNT") == 160_000 % 65_536


def test_tim2_update_interrupt(tim2):
    host, platform, timer = tim2
    lines = []
    platform.on_line(lambda line, level: lines.append((host.now_ps() / US, line, level)))
    timer.write("PSC", 15)
    timer.write("ARR", 99)
    timer.write("EGR", 1)
    assert timer.get("SR", "UIF")
    timer.write("SR", 0)
    timer.set("DIER", UIE=1)
    timer.set("CR1", CEN=1)
    host.advance_us(99.9)
    assert timer.read("CNT") == 99
    host.advance_us(0.1)
    assert timer.get("SR", "UIF")
    assert timer.read("CNT") == 0
    timer.write("SR", ~1)
    host.advance_us(100)
    assert lines == [(100.0, 28, True), (100.0, 28, False), (200.0, 28, True)]


def test_tim2_follows_its_bus(tim2):
    host, platform, timer = tim2
    timer.set("CR1", CEN=1)
    host.advance_us(100)
    Registers(platform, "rcc").set("CFGR", HPRE=8)
    host.advance_us(100)
    assert timer.read("CNT") == 1600 + 800


def test_tim2_prescaler_waits_for_an_update(tim2):
    host, _, timer = tim2
    timer.set("CR1", CEN=1)
    timer.write("PSC", 15)
    host.advance_us(1)
    assert timer.read("CNT") == 16
    timer.write("EGR", 1)
    host.advance_us(10)
    assert timer.read("CNT") == 10


def test_tim2_preloaded_limit(tim2):
    host, _, timer = tim2
    timer.write("ARR", 159)
    timer.set("CR1", ARPE=1, CEN=1)
    timer.write("ARR", 319)
    host.advance_us(10)
    assert timer.get("SR", "UIF")
    timer.write("SR", 0)
    host.advance_us(15)
    assert timer.read("CNT") == 240
    assert not timer.get("SR", "UIF")


def test_tim2_counts_down_and_stops_after_one_pulse(tim2):
    host, _, timer = tim2
    timer.write("ARR", 159)
    timer.set("CR1", DIR=1, OPM=1)
    timer.write("EGR", 1)
    timer.write("SR", 0)
    timer.set("CR1", CEN=1)
    host.advance_us(1)
    assert timer.read("CNT") == 159 - 16
    host.advance_us(20)
    assert not timer.get("CR1", "CEN")
    assert timer.get("SR", "UIF")


def test_tim2_update_request_source_and_disable(tim2):
    host, _, timer = tim2
    timer.set("CR1", URS=1)
    timer.write("EGR", 1)
    assert not timer.get("SR", "UIF")
    timer.set("CR1", UDIS=1, CEN=1)
    timer.write("ARR", 15)
    host.advance_us(10)
    assert not timer.get("SR", "UIF")


def test_tim2_count_can_be_written(tim2):
    host, _, timer = tim2
    timer.set("CR1", CEN=1)
    timer.write("CNT", 0xFFFFFFF0)
    host.advance_us(1.5)
    assert timer.read("CNT") == 8
    assert timer.get("SR", "UIF")


def test_tim2_with_a_limit_of_zero_stands(tim2):
    host, _, timer = tim2
    timer.write("ARR", 0)
    timer.set("CR1", CEN=1)
    host.advance_us(10)
    assert timer.read("CNT") == 0
