import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import ClockError, ScheduleError
from dvfs_kernel.inference.schedule import LayerPlan, Schedule
from dvfs_kernel.link import abi

HSE_HZ = 50_000_000
CLOCKS = [ClockSetting.parse(text) for text in ("pll:25/216/2", "hse", "pll:25/100/2", "hsi")]


@st.composite
def schedules(draw):
    clocks = draw(st.lists(st.sampled_from(CLOCKS), min_size=1, max_size=abi.CLOCKS_MAX))
    index = st.integers(0, len(clocks) - 1)
    plan = st.builds(LayerPlan, st.integers(0, 255), index, st.none() | index)
    layers = draw(st.lists(plan, min_size=1, max_size=abi.LAYERS_MAX))
    return Schedule(HSE_HZ, tuple(clocks), tuple(layers), draw(index))


@given(schedules())
def test_files_and_wire_keep_a_schedule(schedule):
    assert Schedule.from_dict(json.loads(schedule.to_json())) == schedule
    wire = schedule.header_bytes(), schedule.clock_bytes(), schedule.layer_bytes()
    assert Schedule.from_bytes(*wire) == schedule
    assert all(len(part) <= abi.FRAME_PAYLOAD_MAX for part in wire)


def test_the_default_is_the_fastest_clock_and_no_dae():
    schedule = Schedule.uniform(3, HSE_HZ)
    assert [clock.sysclk_hz(HSE_HZ) for clock in schedule.clocks] == [216_000_000]
    assert schedule.layers == (LayerPlan(0, 0, None),) * 3
    (eight,) = Schedule.uniform(1, 8_000_000).clocks
    assert eight.sysclk_hz(8_000_000) == 216_000_000


def test_a_clock_too_slow_for_the_serial_port_does_not_idle():
    schedule = Schedule.uniform(1, 4_000_000, hfo=ClockSetting.parse("hse"))
    assert str(schedule.clocks[schedule.idle_clock]) == "hsi"
    assert schedule.layers == (LayerPlan(0, 0, None),)
    with pytest.raises(ScheduleError, match=r"idle_clock is hse, an HCLK of 4 MHz; 16 MHz or more"):
        Schedule(4_000_000, schedule.clocks, schedule.layers, idle_clock=0)


def test_only_dae_layers_hop():
    schedule = Schedule.uniform(3, HSE_HZ, lfo=ClockSetting.parse("hse"), granularity=[0, 8, 0])
    assert [plan.lfo for plan in schedule.layers] == [None, 1, None]


def test_a_file_round_trip(tmp_path):
    schedule = Schedule.uniform(3, HSE_HZ, lfo=ClockSetting.parse("hse"), granularity=4)
    path = tmp_path / "s.json"
    path.write_text(schedule.to_json())
    assert Schedule.load(path) == schedule


GOOD = Schedule.uniform(2, HSE_HZ).to_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "other"}, "'other'"),
        ({"schema_version": 2}, "version 2; only 'dvfs-kernel/schedule', version 1"),
        ({"hse_hz": "fast"}, "hse_hz has to be a whole number, not 'fast'"),
        ({"hse_hz": True}, "whole number, not True"),
        ({"clocks": {}}, "clocks has to be a list"),
        ({"clocks": []}, "number of clocks is 0; 1 to 32"),
        ({"clocks": ["pll:25/216"]}, "clock 0: .*pll:25/216"),
        ({"clocks": [7]}, "clock 0 has to be text"),
        ({"clocks": ["pll:25/400/2"]}, "illegal"),
        ({"layers": []}, "number of layers is 0; 1 to 192"),
        ({"layers": [3]}, "layer 0 has to be a JSON object"),
        ({"layers": [{"hfo": 0}]}, "layer 0: granularity has to be a whole number, not None"),
        ({"layers": [{"granularity": 256, "hfo": 0}]}, "granularity is 256; 0 to 255"),
        ({"layers": [{"granularity": 2, "hfo": 1}]}, "layer 0: hfo is 1; 0 to 0"),
        ({"layers": [{"granularity": 2, "hfo": 0, "lfo": -1}]}, "lfo is -1; 0 to 0"),
        ({"layers": [{"granularity": 2, "hfo": 0, "g": 1}]}, "unknown field 'g'"),
        ({"idle_clock": 9}, "idle_clock is 9; 0 to 0"),
        ({"speed": 1}, "unknown field 'speed'"),
    ],
)
def test_a_wrong_field_is_named_with_value_and_allowed(change, message):
    with pytest.raises(ScheduleError, match=message):
        Schedule.from_dict({**GOOD, **change})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc7", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("gh", max_size=3), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), json_values))
def test_any_json_is_a_schedule_or_a_schedule_error(changes):
    try:
        Schedule.from_dict({**GOOD, **changes})
    except ScheduleError as error:
        assert str(error)  # noqa: PT017  most draws raise, a few do not


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\ufeff{}"])
def test_a_file_that_is_not_json_is_named(tmp_path, text):
    path = tmp_path / "s.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScheduleError, match=r"s\.json: not a JSON file"):
        Schedule.load(path)


def test_bytes_that_are_not_text(tmp_path):
    path = tmp_path / "s.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScheduleError, match=r"s\.json: not a JSON file"):
        Schedule.load(path)


def test_a_clock_beyond_the_data_sheet_is_refused():
    with pytest.raises(ClockError):
        Schedule.uniform(1, HSE_HZ, hfo=ClockSetting.parse("pll:25/432/2"))
    with pytest.raises(ClockError):
        Schedule.uniform(1, 90_000_000)
