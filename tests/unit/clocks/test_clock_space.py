"""Every legal setting is found, nothing else is, and the cheapest of equals is chosen."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.clocks import space
from dvfs_kernel.clocks.limits import AHB_DIVIDERS
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.space import (
    cheapest,
    current_a,
    describe,
    highest_below,
    iso_frequency,
    legal_settings,
    nearest,
    settings_at,
)
from dvfs_kernel.errors import ClockError
from renode_platform.devices import datasheet as ds

HSE_HZ = 50_000_000
BOARDS = st.sampled_from([0, 1_900_001, 8_000_000, 25_000_000, HSE_HZ])


@cache
def legal(hse_hz):
    return frozenset(legal_settings(hse_hz))


@cache
def legal_rates(hse_hz):
    return sorted({setting.sysclk_hz(hse_hz) for setting in legal(hse_hz)})


def is_legal(setting, hse_hz):
    return not setting.violations(hse_hz)


@pytest.mark.parametrize("hse_hz", [0, 8_000_000, HSE_HZ])
def test_everything_enumerated_passes(hse_hz):
    found = legal_settings(hse_hz)
    assert len(found) == len(set(found)) > 1000
    for setting in found[:: len(found) // 500]:
        setting.check(hse_hz)
    order = [(s.sysclk_hz(hse_hz), s.vco_hz(hse_hz)) for s in found]
    assert order == sorted(order)


@given(
    BOARDS,
    st.builds(
        ClockSetting,
        st.just("pll"),
        st.integers(0, 70),
        st.integers(0, 450),
        st.sampled_from([0, 1, 2, 3, 4, 6, 8, 10]),
    ),
)
@settings(max_examples=400)
def test_a_setting_is_enumerated_if_and_only_if_it_is_legal(hse_hz, setting):
    assert (setting in legal(hse_hz)) == is_legal(setting, hse_hz)


@given(st.sampled_from(range(24, 53)), st.integers(50, 432), st.sampled_from(ds.PLLP))
def test_the_same_where_most_settings_are_legal(m, n, p):
    setting = ClockSetting("pll", m, n, p)
    assert (setting in legal(HSE_HZ)) == is_legal(setting, HSE_HZ)


def test_an_ahb_prescaler_multiplies_the_settings():
    both = legal_settings(1_900_000, ahb_dividers=(1, 16))
    assert len(both) == 2 * len(legal_settings(1_900_000))
    assert {s.ahb_divider for s in both} == {1, 16}
    assert all(is_legal(s, 1_900_000) for s in both)
    with pytest.raises(ClockError, match="AHB divider 3; allowed: 1, 2, 4, 8, 16"):
        legal_settings(HSE_HZ, ahb_dividers=(3,))


@pytest.mark.parametrize(
    ("hse_hz", "words"),
    [
        (51_000_000, "HSE of 51 MHz; .* may have 1 MHz to 50 MHz"),
        (999_999, "HSE of 0.999999 MHz; .* may have 1 MHz to 50 MHz"),
        (1_000_000, r"HSE of 1 MHz cannot feed the PLL; .* 0.95 MHz to 2.1 MHz"),
    ],
)
@pytest.mark.parametrize(
    "ask", [legal_settings, lambda hse: nearest(1, hse), lambda hse: highest_below(1, hse)]
)
def test_an_hse_out_of_range_is_refused(ask, hse_hz, words):
    with pytest.raises(ClockError, match=words):
        ask(hse_hz)


@given(st.lists(st.sampled_from(legal_settings(HSE_HZ)), min_size=1, max_size=60))
def test_each_sysclk_has_one_chosen_setting_and_none_costs_less(drawn):
    rows = iso_frequency(drawn, HSE_HZ)
    assert {row.setting for row in rows} == set(drawn)
    for sysclk_hz in {s.sysclk_hz(HSE_HZ) for s in drawn}:
        group = [row for row in rows if row.sysclk_hz == sysclk_hz]
        (chosen,) = (row for row in group if row.chosen)
        assert group[0] is chosen
        assert all(row.current_a >= chosen.current_a for row in group)
        assert chosen.setting == cheapest((row.setting for row in group), HSE_HZ)
        equals = [row.setting for row in group if row.current_a == chosen.current_a]
        detours = [abs(s.pll_input_hz(HSE_HZ) - 2_000_000) for s in equals]
        assert detours[0] == min(detours)


def test_settings_with_the_same_sysclk_and_vco_draw_the_same():
    found = settings_at(100_000_000, HSE_HZ)
    by_vco = {}
    for setting in found:
        by_vco.setdefault(setting.vco_hz(HSE_HZ), set()).add(current_a(setting, HSE_HZ))
    assert sorted(by_vco) == [200_000_000, 400_000_000]
    assert all(len(currents) == 1 for currents in by_vco.values())
    # The slower oscillator saves what DS Table 47 says: 200 MHz x (0.675 mA / 240 MHz).
    ((slow,), (fast,)) = by_vco[200_000_000], by_vco[400_000_000]
    assert fast - slow == pytest.approx(200e6 * 0.675e-3 / 240e6)
    assert str(cheapest(found, HSE_HZ)) == "pll:25/100/2"


@given(st.sampled_from([0, 8_000_000, HSE_HZ]), st.integers(1, 300_000_000))
@settings(max_examples=30)
def test_nearest_and_highest_below_leave_nothing_better(hse_hz, hz):
    rates = legal_rates(hse_hz)
    found = nearest(hz, hse_hz)
    assert is_legal(found, hse_hz)
    assert abs(found.sysclk_hz(hse_hz) - hz) == min(abs(rate - hz) for rate in rates)
    below = highest_below(hz, hse_hz)
    if below is None:
        assert hz < min(rates)
    else:
        assert below.sysclk_hz(hse_hz) == max(rate for rate in rates if rate <= hz)


def test_a_description_says_what_a_setting_needs():
    assert describe(ClockSetting.parse("pll:25/216/2"), HSE_HZ) == {
        "clock": "pll:25/216/2",
        "sysclk_hz": 216_000_000,
        "hclk_hz": 216_000_000,
        "pll_input_hz": 2_000_000,
        "vco_hz": 432_000_000,
        "voltage_scale": 1,
        "overdrive": True,
        "wait_states": 7,
        # DS Tables 25 and 33 at 216 MHz, with the HSI's 60 uA.
        "run_current_a": pytest.approx(92.55e-3, abs=5e-6),
        "sleep_current_a": pytest.approx(17.70e-3, abs=5e-6),
    }
    assert describe(ClockSetting("hse", ahb_divider=2), HSE_HZ)["hclk_hz"] == 25_000_000


def test_nothing_to_choose_from():
    with pytest.raises(ClockError, match="no clock setting to choose from"):
        cheapest([], HSE_HZ)
    assert settings_at(12_345, HSE_HZ) == ()
    assert AHB_DIVIDERS[0] == 1
    assert space.iso_frequency([], HSE_HZ) == []
