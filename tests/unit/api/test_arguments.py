"""Arguments of the face: quantities, bounds, and what does not go together."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dvfs_kernel as dvfs
from dvfs_kernel.api.arguments.study_plan import study_plan
from dvfs_kernel.commands.parameters import FREQUENCY, PLL_LOCK, TIME

HSE_HZ = 50_000_000


@given(st.floats(1e-3, 1e6))
def test_a_number_is_in_the_si_unit(value):
    assert dvfs.TIME.parse(value) == value
    assert dvfs.TIME.parse(f"{value!r}s") == pytest.approx(value)


@given(st.integers(1, 10**9), st.sampled_from([("Hz", 1), ("kHz", 1e3), ("MHz", 1e6)]))
def test_the_command_line_reads_the_same_quantities(number, unit):
    text = f"{number}{unit[0]}"
    try:
        expected = dvfs.FREQUENCY.parse(text)
    except dvfs.QuantityError:
        assert number * unit[1] >= 1e12
    else:
        assert expected == FREQUENCY.convert(text, None, None) == number * unit[1]
    assert TIME.name == dvfs.TIME.name


@pytest.mark.parametrize(
    "value", [0, -1, float("nan"), float("inf"), "8 MHz fast", "", "ms", "-3ms"]
)
def test_what_is_no_quantity_is_told(value):
    with pytest.raises(dvfs.QuantityError, match=r"is no time; a number with a unit \(s, ms"):
        dvfs.TIME.parse(value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [("typ", "typ"), ("mid", "mid"), ("150us", 150e-6), ("0.2ms", 200e-6), (1e-4, 1e-4)],
)
def test_a_lock_time_is_a_corner_or_a_time(value, plain):
    lock = dvfs.pll_lock(value)
    assert lock.plain == plain
    assert dvfs.pll_lock(lock) == PLL_LOCK.convert(lock, None, None) == lock


@pytest.mark.parametrize("value", ["fast", "0", 0, -1.0, "0.1ps", "1e-9us", float("nan")])
def test_what_is_no_lock_time_is_told(value):
    with pytest.raises(dvfs.QuantityError, match="lock time"):
        dvfs.pll_lock(value)


def test_bounds_may_be_one_or_many_numbers_or_text():
    def names(**bounds):
        return [bound.name for bound in study_plan(HSE_HZ, "paper", (0,), **bounds).bounds]

    assert names(qos=20) == names(qos=[20.0]) == names(qos="20 %") == ["20 %"]
    assert names(qos=(10, 30), latency="80ms") == ["10 %", "30 %", "80 ms"]
    assert names(latency=0.08) == ["80 ms"]
    assert names() == []
    assert names(default=(10.0,)) == ["10 %"]
    assert names(latency=0.08, default=(10.0,)) == ["80 ms"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"qos": (10, 10)}, "a bound stands twice"),
        ({"qos": "much"}, "the bound 'much' is no number of per cent"),
        ({"qos": -1}, "the bound is -1"),
        ({"latency": "soon"}, "'soon' is no time"),
        ({"granularities": (0, 256)}, "granularity 256; 0 to 255 is allowed"),
        ({"granularities": (-1,)}, "granularity -1; 0 to 255 is allowed"),
        ({"clocks": "pll:1/2/3"}, "PLL"),
        ({"clocks": []}, "the list of clocks is empty"),
    ],
)
def test_what_cannot_be_studied_is_told(changes, message):
    arguments = {"clocks": "paper", "granularities": (0,), **changes}
    with pytest.raises(dvfs.DvfsError, match=message) as caught:
        study_plan(HSE_HZ, **arguments)
    assert isinstance(caught.value, ValueError)


def test_clocks_may_be_settings_or_a_list():
    settings = [dvfs.ClockSetting.parse("pll:25/216/2"), dvfs.ClockSetting.parse("hse")]
    listed = dvfs.list_clocks(clocks=settings).listed
    assert list(listed.settings) == settings
    assert dvfs.list_clocks(clocks=listed).listed == listed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lfo": "hse"}, "lfo is the clock .* needs granularity with 1 or more"),
        ({"schedule": "s.json", "clock": "hse"}, "schedule already says .* clock, lfo"),
        ({"idle": "stop"}, "idle says .* needs window and a time"),
        ({"window": "80ms", "idle": "doze"}, "idle is 'doze'; sleep, gated, stop is allowed"),
        ({"runs": 0}, "runs is 0; 1 to 65535"),
        ({"level": "deep"}, "level is 'deep'"),
        ({"timeline_layers": (0, 1)}, "timeline_layers needs timeline"),
        ({"timeline": "t.png"}, r"timeline ends with '\.png'; \.svg or \.json"),
        ({"timeline": "t.svg", "timeline_layers": (0, 99)}, "timeline_layers names layer 99"),
        ({"output": "o.txt"}, r"output ends with '\.txt'; \.npy or \.npz"),
    ],
)
def test_an_inference_refuses_what_does_not_go_together(arguments, message):
    with pytest.raises(dvfs.ArgumentError, match=message):
        dvfs.infer("vww", **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cache": "here", "no_cache": True}, "cache names a folder that no_cache says"),
        ({"executor": "nobody"}, "executor 'nobody'"),
        ({"board": "toaster"}, "board 'toaster' is unknown"),
        ({"hse": "fast"}, "'fast' is no frequency"),
        ({"input": "nowhere.png"}, "there is no such file"),
        ({"input": np.zeros((1, 2, 3), np.int8)}, "has shape"),
    ],
)
def test_an_exploration_refuses_before_it_begins(arguments, message):
    with pytest.raises(dvfs.DvfsError, match=message):
        dvfs.explore("vww", **arguments)


@pytest.mark.parametrize("name", ["nowhere.tflite", "nonsense"])
def test_a_network_that_is_not_there_is_told(name):
    with pytest.raises(dvfs.FileFormatError):
        dvfs.load(name)


def test_a_network_stands_for_itself():
    network = dvfs.load("vww")
    assert dvfs.load(network) is network
    assert "vww" in dvfs.builtin_networks()


def test_an_argument_error_is_spelt_where_it_is_read():
    error = dvfs.ArgumentError("{cache} is 3 {MHz wide}; {no_cache}")
    assert str(error) == "cache is 3 {MHz wide}; no_cache"
    assert error.spelt(lambda name: f"--{name}") == "--cache is 3 {MHz wide}; --no_cache"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301  of our own making
