import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dvfs_kernel.clocks.limits import AHB_DIVIDERS
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ClockError
from renode_platform.devices import clock_tree

HSE_HZ = 50_000_000
SETTINGS = st.builds(
    ClockSetting,
    st.just("pll"),
    st.integers(0, 63),
    st.integers(0, 511),
    st.sampled_from([2, 4, 6, 8]),
    st.sampled_from(AHB_DIVIDERS),
) | st.builds(
    ClockSetting, st.sampled_from(["hsi", "hse"]), ahb_divider=st.sampled_from(AHB_DIVIDERS)
)


@given(SETTINGS)
def test_text_and_bytes_round_trip(setting):
    assert ClockSetting.parse(str(setting)) == setting
    assert ClockSetting.from_bytes(setting.to_bytes()) == setting


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("hsi", ClockSetting("hsi")),
        (" HSE ", ClockSetting("hse")),
        ("hse:ahb4", ClockSetting("hse", ahb_divider=4)),
        ("pll:25/216/2", ClockSetting("pll", 25, 216, 2)),
        ("PLL:4/432/8:ahb16", ClockSetting("pll", 4, 432, 8, 16)),
    ],
)
def test_text_forms(text, setting):
    assert ClockSetting.parse(text) == setting


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pll",
        "pll:25/216",
        "pll:25/216/2/1",
        "hse:2",
        "lse",
        "pll:-1/2/2",
        "hsi:ahb",
        "pll:٢/٢/٢",
    ],
)
def test_other_text_is_refused(text):
    with pytest.raises(ClockError, match=r"allowed: hsi, hse, pll:M/N/P"):
        ClockSetting.parse(text)


@pytest.mark.parametrize(
    ("text", "hse_hz", "sysclk_mhz", "wait_states", "scale", "overdrive"),
    [
        ("hsi", HSE_HZ, 16, 0, 3, False),
        ("hse", HSE_HZ, 50, 1, 3, False),
        ("hse", 8_000_000, 8, 0, 3, False),
        ("hse:ahb2", HSE_HZ, 50, 0, 3, False),
        ("pll:25/100/2", HSE_HZ, 100, 3, 3, False),
        ("pll:25/144/2", HSE_HZ, 144, 4, 3, False),
        ("pll:25/150/2", HSE_HZ, 150, 4, 2, False),
        ("pll:25/168/2", HSE_HZ, 168, 5, 2, False),
        ("pll:25/180/2", HSE_HZ, 180, 5, 1, False),
        ("pll:25/200/2", HSE_HZ, 200, 6, 1, True),
        ("pll:25/216/2", HSE_HZ, 216, 7, 1, True),
        ("pll:25/216/2:ahb4", HSE_HZ, 216, 1, 1, True),
        ("pll:4/216/2", 8_000_000, 216, 7, 1, True),
        ("pll:8/216/2", 0, 216, 7, 1, True),
    ],
)
def test_what_a_setting_gives_and_needs(text, hse_hz, sysclk_mhz, wait_states, scale, overdrive):
    setting = ClockSetting.parse(text)
    setting.check(hse_hz)
    assert setting.sysclk_hz(hse_hz) == sysclk_mhz * 1_000_000
    assert setting.hclk_hz(hse_hz) == setting.sysclk_hz(hse_hz) // setting.ahb_divider
    assert setting.required_wait_states(hse_hz) == wait_states
    assert setting.voltage_scale(hse_hz) == scale
    assert setting.needs_overdrive(hse_hz) == overdrive
    clocks = setting.clocks(hse_hz)
    limits = (54, 108) if overdrive else (45, 90)
    assert clocks.pclk1_hz <= limits[0] * 1_000_000
    assert clocks.pclk2_hz <= limits[1] * 1_000_000


@pytest.mark.parametrize(
    ("setting", "hse_hz", "words"),
    [
        (ClockSetting("hse"), 0, "HSE of 0 MHz; an external clock"),
        (ClockSetting("hse"), 60_000_000, "may have 1 MHz to 50 MHz"),
        (ClockSetting("pll", 25, 216, 2), 60_000_000, "HSE of 60 MHz"),
        (ClockSetting("pll", 1, 216, 2), HSE_HZ, "PLLM is 1; allowed: 2 to 63"),
        (ClockSetting("pll", 25, 500, 2), HSE_HZ, "PLLN is 500; allowed: 50 to 432"),
        (ClockSetting("pll", 25, 216, 3), HSE_HZ, "PLLP is 3; allowed: 2, 4, 6, 8"),
        (ClockSetting("pll", 10, 100, 2), HSE_HZ, r"PLL input 50 MHz / 10 = 5 MHz; allowed: 0.95"),
        (ClockSetting("pll", 25, 432, 4), HSE_HZ, r"VCO 50 MHz / 25 x 432 = 864 MHz"),
        (ClockSetting("pll", 50, 104, 8), HSE_HZ, r"PLL output 104 MHz / 8 = 13 MHz"),
        (ClockSetting("hse", ahb_divider=3), HSE_HZ, "AHB divider 3; allowed: 1, 2, 4, 8, 16"),
        (ClockSetting("xyz"), HSE_HZ, "source 'xyz'; allowed: hsi, hse, pll"),
    ],
)
def test_illegal_settings_say_what_is_allowed(setting, hse_hz, words):
    with pytest.raises(ClockError, match=words):
        setting.check(hse_hz)


@given(SETTINGS, st.sampled_from([0, 8_000_000, 25_000_000, HSE_HZ]))
def test_what_passes_breaks_no_limit(setting, hse_hz):
    try:
        setting.check(hse_hz)
    except ClockError:
        assume(False)
    assert clock_tree.limit_violations(setting.clocks(hse_hz)) == []
    assert setting.sysclk_hz(hse_hz) <= 216_000_000
    if setting.source == "pll":
        assert 100_000_000 <= setting.vco_hz(hse_hz) <= 432_000_000
    else:
        assert setting.vco_hz(hse_hz) == 0


@pytest.mark.parametrize(
    ("hse_hz", "text"),
    [(HSE_HZ, "pll:25/216/2"), (8_000_000, "pll:4/216/2"), (0, "pll:8/216/2"),
     (25_000_000, "pll:25/432/2")],
)  # fmt: skip
def test_fastest(hse_hz, text):
    setting = ClockSetting.fastest(hse_hz)
    assert str(setting) == text
    setting.check(hse_hz)


def test_fastest_of_an_hse_that_feeds_no_pll():
    with pytest.raises(ClockError, match=r"HSE of 1 MHz cannot feed the PLL"):
        ClockSetting.fastest(1_000_000)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "clock of 0 bytes; allowed: 8"),
        (b"\x03\x19\xd8\x00\x02\x00\x00\x00", "source 3"),
        (b"\x02\x19\xd8\x00\x02\x05\x00\x00", r"divider 2\^5"),
    ],
)
def test_bytes_that_are_no_clock(data, words):
    with pytest.raises(ClockError, match=words):
        ClockSetting.from_bytes(data)


def test_numbers_that_do_not_fit_the_struct():
    with pytest.raises(ClockError, match="pllm is 999; 0 to 255 can be sent"):
        ClockSetting("pll", 999, 216, 2).to_bytes()


def test_a_divisor_of_zero():
    setting = ClockSetting("pll", 0, 216, 2)
    assert setting.vco_hz(HSE_HZ) == 0
    with pytest.raises(ClockError, match="PLLM and PLLP divide"):
        setting.sysclk_hz(HSE_HZ)


def test_the_flash_has_a_fastest_clock():
    with pytest.raises(ClockError, match="HCLK is 432 MHz; at most 216 MHz"):
        ClockSetting("pll", 25, 432, 2).required_wait_states(HSE_HZ)
