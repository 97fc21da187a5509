"""Compare, PWM, one-pulse and capture of the general-purpose timers."""

import pytest
from device_host import Registers, make_board
from hypothesis import given
from hypothesis import strategies as st

from renode_platform.devices.alternate_functions import ROUTES, Signal, routes_of

US = 1_000_000
FROZEN, ACTIVE, INACTIVE, TOGGLE, LOW, HIGH, PWM1, PWM2 = range(8)


@pytest.fixture
def tim2():
    return make_timer()


def make_timer(name="tim2"):
    """A timer at 1 MHz; a count is a microsecond."""
    host, platform = make_board()
    Registers(platform, "rcc").set(
        "APB1ENR", TIM2EN=1, TIM3EN=1, TIM4EN=1, TIM5EN=1, TIM6EN=1, TIM7EN=1
    )
    Registers(platform, "rcc").set("AHB1ENR", GPIOAEN=1, GPIOBEN=1, GPIOCEN=1)
    timer = Registers(platform, name)
    timer.write("PSC", 15)
    timer.write("EGR", 1)
    timer.write("SR", 0)
    return host, platform, timer


def lines_of(host, platform):
    lines = []
    platform.on_line(lambda line, level: lines.append((host.now_ps() / US, line, level)))
    return lines


def on_pin(platform, port, pin, function):
    """Give a pin an alternate function and return ``[(us, level)]`` as it changes."""
    registers = Registers(platform, "gpioPort" + port)
    registers.set("AFRH" if pin > 7 else "AFRL", **{f"AFR{pin}": function})
    registers.set("MODER", **{f"MODER{pin}": 2})
    host, edges = platform.host, []
    platform.ports[port].connect(str(pin), lambda level: edges.append((host.now_ps() / US, level)))
    return edges


@pytest.mark.parametrize("name", ["tim2", "tim3", "tim4", "tim5"])
@pytest.mark.parametrize("channel", [1, 2, 3, 4])
def test_every_channel_matches_and_interrupts(name, channel):
    host, platform, timer = make_timer(name)
    lines = lines_of(host, platform)
    timer.write(f"CCR{channel}", 100)
    timer.set("DIER", **{f"CC{channel}IE": 1})
    timer.set("CR1", CEN=1)
    host.advance_us(99.9)
    assert not timer.get("SR", f"CC{channel}IF")
    host.advance_us(0.2)
    assert timer.get("SR", f"CC{channel}IF")
    timer.write("SR", 0)
    timer.write(f"CCR{channel}", 250)
    host.advance_us(200)
    number = {"tim2": 28, "tim3": 29, "tim4": 30, "tim5": 50}[name]
    assert lines == [(100.0, number, True), (100.1, number, False), (250.0, number, True)]


def test_a_flag_comes_once_until_it_is_cleared(tim2):
    host, _, timer = tim2
    timer.write("ARR", 99)
    timer.write("CCR1", 50)
    timer.set("CR1", CEN=1)
    for _ in range(3):
        host.advance_us(45)
        timer.write("SR", 0)
        assert not timer.get("SR", "CC1IF")
        host.advance_us(10)
        assert timer.get("SR", "CC1IF")
        host.advance_us(45)


def test_a_value_beyond_the_limit_matches_at_the_overflow(tim2):
    host, _, timer = tim2
    timer.write("ARR", 99)
    timer.write("CCR1", 5000)
    timer.write("CCR2", 0)
    timer.set("CR1", CEN=1)
    host.advance_us(99.5)
    assert timer.read("SR") & 0x7 == 0
    host.advance_us(1)
    assert timer.read("SR") & 0x7 == 0x7


@given(
    st.integers(1, 300), st.integers(0, 320), st.integers(0, 300), st.booleans(), st.integers(0, 9)
)
def test_a_match_comes_when_the_count_becomes_the_value(limit, compare, start, down, after_us):
    host, _, timer = make_timer("tim3")
    start = min(start, limit)
    timer.write("ARR", limit)
    timer.set("CR1", DIR=int(down))
    timer.write("CCR1", compare)
    timer.write("CNT", start)
    timer.write("SR", 0)
    timer.set("CR1", CEN=1)
    host.advance_us(after_us)
    value = min(compare, limit + 1)
    if value > limit:  # with the overflow
        value = limit if down else 0
    states = limit + 1
    distance = ((start - value) if down else (value - start)) % states or states
    flag_us = distance
    assert timer.get("SR", "CC1IF") == (after_us >= flag_us)
    host.advance_us(flag_us + 1)
    assert timer.get("SR", "CC1IF")


def test_preload_waits_for_the_update(tim2):
    host, _, timer = tim2
    timer.write("ARR", 99)
    timer.set("CCMR1", OC1PE=1)
    timer.write("CCR1", 20)
    assert timer.read("CCR1") == 20
    timer.set("CR1", CEN=1)
    host.advance_us(50)
    assert not timer.get("SR", "CC1IF"), "it still compares with 0"
    host.advance_us(50.5)
    timer.write("SR", 0)
    host.advance_us(20)
    assert timer.get("SR", "CC1IF")


@pytest.mark.parametrize(
    ("mode", "inverted", "down", "expected"),
    [
        (PWM1, 0, 0, [(0, True), (25, False), (100, True), (125, False)]),
        (PWM2, 0, 0, [(25, True), (100, False), (125, True)]),
        (PWM1, 1, 0, [(25, True), (100, False), (125, True)]),
        (PWM1, 0, 1, [(0, True), (1, False), (75, True), (101, False), (175, True)]),
        (TOGGLE, 0, 0, [(25, True), (125, False)]),
        (ACTIVE, 0, 0, [(25, True)]),
        (INACTIVE, 1, 0, [(0, True)]),
        (HIGH, 0, 0, [(0, True)]),
        (LOW, 0, 0, []),
        (FROZEN, 0, 0, []),
    ],
)
def test_output_modes_show_on_the_pin(tim2, mode, inverted, down, expected):
    host, platform, timer = tim2
    begin_us = host.now_ps() / US
    edges = on_pin(platform, "A", 5, 1)
    timer.write("ARR", 99)
    timer.write("CCR1", 25)
    timer.set("CR1", DIR=down)
    timer.set("CCMR1", OC1M=mode)
    timer.set("CCER", CC1E=1, CC1P=inverted)
    timer.set("CR1", CEN=1)
    host.advance_us(180)
    assert [(round(us - begin_us, 6), level) for us, level in edges] == expected


def test_pwm_lights_a_led_of_the_board():
    """PB0, the green LED, is channel 3 of TIM3."""
    host, platform, timer = make_timer("tim3")
    timer.write("ARR", 99)
    timer.write("CCR3", 30)
    timer.set("CCMR2", OC3M=PWM1, OC3PE=1)
    timer.set("CCER", CC3E=1)
    timer.write("EGR", 1)
    timer.set("CR1", CEN=1)
    host.advance_us(10)
    assert not platform.leds["greenLed"]
    on_pin(platform, "B", 0, 2)
    assert platform.leds["greenLed"]
    host.advance_us(40)
    assert not platform.leds["greenLed"]
    host.advance_us(60)
    assert platform.leds["greenLed"]
    timer.set("CCER", CC3E=0)
    assert not platform.leds["greenLed"]


def test_one_pulse_ends_with_the_update():
    host, platform, timer = make_timer("tim3")
    edges = on_pin(platform, "C", 6, 2)
    timer.write("ARR", 49)
    timer.write("CCR1", 20)
    timer.set("CCMR1", OC1M=PWM2)
    timer.set("CCER", CC1E=1)
    begin_us = host.now_ps() / US
    timer.set("CR1", OPM=1, CEN=1)
    host.advance_us(500)
    assert [(us - begin_us, level) for us, level in edges] == [(20, True), (50, False)]
    assert not timer.get("CR1", "CEN")
    assert timer.read("CNT") == 0
    assert timer.read("SR") & 3 == 3


@pytest.mark.parametrize(
    ("polarity", "prescaler", "captured"),
    [({}, 0, 10), ({"CC1P": 1}, 0, 15), ({"CC1P": 1, "CC1NP": 1}, 1, 15), ({}, 1, 30)],
)
def test_capture_keeps_the_count_of_an_edge(tim2, polarity, prescaler, captured):
    host, platform, timer = tim2
    lines = lines_of(host, platform)
    on_pin(platform, "A", 0, 1)
    timer.write("CCMR1", 1 | prescaler << 2)
    timer.set("CCER", CC1E=1, **polarity)
    timer.set("DIER", CC1IE=1)
    timer.set("CR1", CEN=1)
    for wait_us, level in ((10, True), (5, False), (15, True)):
        host.advance_us(wait_us)
        platform.set_input("A", 0, level)
        if timer.get("SR", "CC1IF"):
            break
    assert lines[-1][1:] == (28, True)
    assert timer.read("CCR1") == captured
    assert not timer.get("SR", "CC1IF"), "reading the value clears the flag"
    assert lines[-1][1:] == (28, False)
    timer.write("CCR1", 7)
    assert timer.read("CCR1") == captured, "software does not write a captured value"


def test_a_second_capture_is_an_overcapture(tim2):
    host, platform, timer = tim2
    on_pin(platform, "A", 1, 1)
    timer.set("CCMR1", CC1S=2)  # channel 1 captures the pin of channel 2
    timer.set("CCER", CC1E=1)
    timer.set("CR1", CEN=1)
    for _ in range(2):
        host.advance_us(10)
        platform.set_input("A", 1, True)
        platform.set_input("A", 1, False)
    assert timer.get("SR", "CC1OF")
    assert timer.read("CCR1") == 20
    timer.write("SR", 0)
    timer.write("EGR", 2)  # a capture by software
    assert timer.get("SR", "CC1IF")
    assert not timer.get("SR", "CC1OF")


def test_events_by_software(tim2):
    _, platform, timer = tim2
    lines = lines_of(platform.host, platform)
    timer.set("DIER", CC3IE=1, TIE=1)
    timer.write("EGR", 1 << 3)
    assert timer.read("SR") == 1 << 3
    timer.write("SR", 0)
    timer.write("EGR", 1 << 6)
    assert timer.read("SR") == 1 << 6
    assert [level for _, _, level in lines] == [True, False, True]


def test_a_basic_timer_has_no_channels():
    host, _, timer = make_timer("tim6")
    for register, value in (("CCR1", 5), ("CCMR1", 0x30), ("CCER", 1), ("EGR", 2)):
        timer.write(register, value)
    timer.set("CR1", CEN=1)
    host.advance_us(100)
    assert [timer.read(r) for r in ("CCR1", "CCMR1", "CCER", "SR")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("register", "fields", "words"),
    [
        ("CR1", {"CMS": 1}, "centre-aligned counting is not modelled"),
        ("CR2", {"TI1S": 1}, "XOR of three inputs is not modelled"),
        ("SMCR", {"SMS": 4}, "slave modes and external clocks are not modelled"),
        ("SMCR", {"ECE": 1}, "slave modes and external clocks are not modelled"),
        ("OR", 0xC0, "other inputs than pins"),
        ("DIER", {"CC2DE": 1}, "requests of DMA are not modelled"),
        ("CCMR1", {"CC1S": 3}, "trigger input is not modelled"),
        ("CCMR2", {"OC4M_3": 1, "OC4M": 5}, "output mode 13 is not modelled"),
    ],
)
def test_what_is_not_modelled_is_said(tim2, register, fields, words):
    host, _, timer = tim2
    if isinstance(fields, int):
        timer.write(register, fields)
    else:
        timer.set(register, **fields)
    assert any(words in line and "TIM2" in line for line in host.logged)


def test_nothing_is_looked_for_that_changes_nothing(tim2):
    host, _, timer = tim2
    timer.write("ARR", 9)
    timer.write("CCR1", 5)
    timer.set("CCMR1", OC1M=PWM1)
    timer.set("CCER", CC1E=1)
    timer.set("CR1", CEN=1)
    host.advance_us(100)
    channels = host.platform.devices["tim2"][2].channels
    assert [channel.token for channel in channels] == [None] * 4


def test_a_reset_lets_go_of_the_pins(tim2):
    host, platform, timer = tim2
    on_pin(platform, "A", 5, 1)
    timer.set("CCMR1", OC1M=HIGH)
    timer.set("CCER", CC1E=1)
    assert platform.ports["A"].levels() >> 5 & 1
    Registers(platform, "rcc").set("APB1RSTR", TIM2RST=1)
    assert not platform.ports["A"].levels() >> 5 & 1
    host.advance_us(10)
    assert timer.device.channels[0].token is None


def test_routes_name_pins_of_the_chip():
    for signal in ROUTES:
        for letter, pin, function in routes_of(signal):
            assert letter in "ABCDEFGHIJK"
            assert 0 <= pin < 16
            assert 0 < function < 16
    assert Signal("USART3_TX", {}).connected(), "nothing is known where no port is modelled"
