"""The presets are what their names say, on every board; a user's list is read or refused whole."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import sampled_from

from dvfs_kernel.clocks.lists import (
    PAPER_EXAMPLE_NOTE,
    PAPER_HSE_HZ,
    PRESETS,
    clock_list,
    parse_clocks,
)
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.space import (
    canonical,
    current_a,
    described,
    legal_settings,
    settings_at,
)
from dvfs_kernel.errors import ClockError

HSE_HZ = 50_000_000


def texts(found):
    return [str(setting) for setting in found.settings]


def megahertz(found):
    return [setting.sysclk_hz(found.hse_hz) / 1e6 for setting in found.settings]


def test_the_papers_list_holds_eight_clocks_and_names_three_forbidden_settings():
    paper = clock_list("paper", PAPER_HSE_HZ)
    assert megahertz(paper) == [50, 75, 84, 100, 108, 150, 168, 216]
    assert "pll:50/432/2 is pll:25/216/2" in paper.note
    assert {str(entry.setting): entry.reasons for entry in paper.forbidden} == {
        "pll:25/336/2": (
            "VCO 50 MHz / 25 x 336 = 672 MHz; allowed: 100 MHz to 432 MHz",
            "PLL output 672 MHz / 2 = 336 MHz; allowed: 24 MHz to 216 MHz",
        ),
        "pll:25/432/2": (
            "VCO 50 MHz / 25 x 432 = 864 MHz; allowed: 100 MHz to 432 MHz",
            "PLL output 864 MHz / 2 = 432 MHz; allowed: 24 MHz to 216 MHz",
        ),
        "pll:50/75/2": ("VCO 50 MHz / 50 x 75 = 75 MHz; allowed: 100 MHz to 432 MHz",),
    }


def test_the_papers_example_of_100_mhz_is_216_by_its_own_equation():
    assert ClockSetting("pll", 25, 216, 2).sysclk_hz(PAPER_HSE_HZ) == 216_000_000
    for m, n in ((25, 100), (50, 200)):
        assert ClockSetting("pll", m, n, 2) in settings_at(100_000_000, PAPER_HSE_HZ)
        assert f"{{50, {m}, {n}}}" in PAPER_EXAMPLE_NOTE


@pytest.mark.parametrize("hse_hz", [8_000_000, 16_000_000, 0])
def test_another_hse_gets_the_papers_frequencies_and_a_note(hse_hz):
    paper = clock_list("paper", hse_hz)
    assert megahertz(paper) == [50, 75, 84, 100, 108, 150, 168, 216]
    assert paper.forbidden == ()
    assert "defined for an HSE of 50 MHz" in paper.note
    assert "the same as the paper's" in paper.note


def test_an_odd_hse_gets_the_nearest_and_says_how_near():
    paper = clock_list("paper", 1_900_000)
    assert megahertz(paper)[-1] == 205.2  # 1.9 MHz / 2 x 432 / 2
    assert "at most 10.8 MHz beside the paper's" in paper.note


@pytest.mark.parametrize("hse_hz", [HSE_HZ, 8_000_000])
def test_edges_are_the_limits_of_the_data_sheet(hse_hz):
    edges = clock_list("edges", hse_hz)
    assert megahertz(edges) == [30, 60, 90, 120, 144, 150, 168, 180, 210, 216]
    one_up = [setting for setting in legal_settings(hse_hz) if setting.pllp == 2]
    for setting in edges.settings[:-1]:
        hz = setting.sysclk_hz(hse_hz)
        faster = min((s for s in one_up if s.sysclk_hz(hse_hz) > hz),
                     key=lambda s: s.sysclk_hz(hse_hz))  # fmt: skip
        needs = [
            (s.required_wait_states(hse_hz), s.voltage_scale(hse_hz), s.needs_overdrive(hse_hz))
            for s in (setting, faster)
        ]
        assert needs[0] != needs[1], setting


@pytest.mark.parametrize("hse_hz", [HSE_HZ, 8_000_000, 25_000_000, 0])
def test_default_is_the_cheapest_of_each_frequency_of_paper_and_edges(hse_hz):
    default = clock_list("default", hse_hz)
    both = {*megahertz(clock_list("paper", hse_hz)), *megahertz(clock_list("edges", hse_hz))}
    assert megahertz(default) == sorted(both)
    assert len(default.settings) == 15
    for setting in default.settings:
        rivals = settings_at(setting.sysclk_hz(hse_hz), hse_hz)
        assert setting.vco_hz(hse_hz) == min(s.vco_hz(hse_hz) for s in rivals)


def test_default_prefers_a_pll_input_of_2_mhz():
    assert "pll:25/84/2" in texts(clock_list("default", HSE_HZ))  # not the paper's 50/168/2


def test_all_is_all():
    assert clock_list("all", 8_000_000).settings == legal_settings(8_000_000)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_asked_for_and_is_legal(name):
    found = parse_clocks(f" {name.upper()} ", 1_900_000)
    assert found == clock_list(name, 1_900_000)
    for setting in found.settings:
        setting.check(1_900_000)


def test_settings_between_commas():
    found = parse_clocks("hse, pll:25/216/2 ,hse,pll:25/100/2:ahb2", HSE_HZ)
    assert texts(found) == ["hse", "pll:25/216/2", "pll:25/100/2:ahb2"]
    assert found.to_dict()["settings"][2]["hclk_hz"] == 50_000_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the list of clocks is empty; allowed: paper, edges, default, all, or settings"),
        (" , ", "the list of clocks is empty"),
        ("fast", "clock 'fast'; allowed: hsi, .*\na name is allowed too: paper, edges"),
        ("pll:25/216/2,", "clock ''; allowed: hsi"),
        ("paper,hse", "clock 'paper'; allowed: hsi"),
        ("pll:25/432/2", "VCO 50 MHz / 25 x 432 = 864 MHz; allowed: 100 MHz to 432 MHz"),
        ("nope,hse,pll:1/100/2", "clock 'nope'; .*\nclock pll:1/100/2: PLLM is 1; allowed: 2 to"),
    ],
)
def test_a_bad_list_names_everything_that_is_wrong(text, words):
    with pytest.raises(ClockError, match=words):
        parse_clocks(text, HSE_HZ)


@pytest.mark.parametrize("text", [*PRESETS, "hsi"])
def test_an_hse_out_of_range_is_refused(text):
    with pytest.raises(ClockError, match=r"HSE of 60 MHz; .* 1 MHz to 50 MHz"):
        parse_clocks(text, 60_000_000)


def test_an_unknown_preset():
    with pytest.raises(ClockError, match="clock list 'mine' is unknown; allowed: paper, edges"):
        clock_list("mine", HSE_HZ)


# ---- one name for a clock ----------------------------------------------------------------------


@pytest.mark.parametrize("hse_hz", [HSE_HZ, 8_000_000, 0])
@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"all"}))
def test_a_list_has_every_clock_once_under_its_one_name(name, hse_hz):
    clocks = clock_list(name, hse_hz).settings
    assert all(canonical(clock, hse_hz) == clock for clock in clocks)
    rates = [(clock.hclk_hz(hse_hz), clock.vco_hz(hse_hz)) for clock in clocks]
    assert len(set(rates)) == len(rates)


@settings(max_examples=60)
@given(sampled_from(legal_settings(HSE_HZ)))
def test_a_clock_and_its_one_name_are_the_same_clock(setting):
    named = canonical(setting, HSE_HZ)
    assert canonical(named, HSE_HZ) == named
    for what in ("sysclk_hz", "vco_hz", "voltage_scale", "required_wait_states"):
        assert getattr(named, what)(HSE_HZ) == getattr(setting, what)(HSE_HZ)
    assert current_a(named, HSE_HZ) == current_a(setting, HSE_HZ)
    assert str(named) in described(named, HSE_HZ)


def test_two_names_of_one_clock_become_one_and_the_list_says_so():
    found = parse_clocks("pll:50/432/2, hse, pll:25/216/2:ahb2, pll:25/216/2", HSE_HZ)
    assert texts(found) == ["pll:25/216/2", "hse", "pll:25/216/2:ahb2"]
    assert "pll:50/432/2 is pll:25/216/2" in found.note


def test_another_vco_is_another_clock():
    slow, fast = (ClockSetting.parse(text) for text in ("pll:25/100/2", "pll:25/200/4"))
    assert canonical(fast, HSE_HZ) == fast != canonical(slow, HSE_HZ)
    assert "VCO 400 MHz" in described(fast, HSE_HZ)
    assert "VCO 200 MHz" in described(slow, HSE_HZ)
