import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from dvfs_kernel.boards.emulator.trace import Counters
from dvfs_kernel.boards.ground_truth import ClockChange, GroundTruth, MarkerEvent
from dvfs_kernel.link import abi
from dvfs_kernel.report.timeline import timeline_to_dict, timeline_to_svg

TRIGGER = 1 << abi.MARKER_PIN_TRIGGER
LAYER = 1 << abi.MARKER_PIN_LAYER
WINDOW = 1 << abi.MARKER_PIN_WINDOW
MICROSECOND = 1_000_000


def segment(kind):
    return int(kind) << abi.MARKER_PIN_SEGMENT0


def events(*steps):
    """(µs, odr): a core at 100 MHz that draws 1 mW."""
    return [MarkerEvent(us * MICROSECOND, us * 100, us * 1e-9, odr) for us, odr in steps]


MEMORY, COMPUTE = segment(abi.Segment.MEMORY), segment(abi.Segment.COMPUTE)
ONE_RUN = events(
    (10, TRIGGER | LAYER),  # the pin is as the run before left it
    (11, TRIGGER | MEMORY),
    (14, TRIGGER | COMPUTE),
    (20, TRIGGER | MEMORY),
    (21, TRIGGER | LAYER | COMPUTE),
    (30, TRIGGER),
    (31, 0),
)
CLOCKS = [
    ClockChange(0, 16_000_000, "hsi", 0.01),
    ClockChange(5 * MICROSECOND, 216_000_000, "pll", 0.09),
    ClockChange(11 * MICROSECOND, 50_000_000, "hse", 0.03),
    ClockChange(14 * MICROSECOND, 216_000_000, "pll", 0.09),
    ClockChange(50 * MICROSECOND, 50_000_000, "hse", 0.03),
]


def truth_of(markers):
    return GroundTruth.from_trace(markers, CLOCKS, 1.0, 5)


def test_a_window_is_an_inference_and_the_idle_time_around_it():
    inside = [replace(marker, odr=marker.odr | WINDOW) for marker in ONE_RUN]
    markers = [*events((4, WINDOW)), *inside, *events((61, 0))]
    truth = truth_of(markers)
    (window,) = truth.windows
    assert window.inference is truth.inferences[0]
    alone = truth_of(ONE_RUN).inferences[0].stretches
    assert window.inference.stretches == tuple(
        replace(stretch, odr=stretch.odr | WINDOW) for stretch in alone
    )
    assert window.duration_s == pytest.approx(57e-6)
    assert window.energy_j == pytest.approx(57e-9)
    assert window.idle_energy_j == pytest.approx((57 - 21) * 1e-9)
    assert [change.time_ps for change in window.clock_changes] == [
        change.time_ps for change in CLOCKS
    ]


def test_a_window_that_has_not_ended_or_whose_inference_broke_off_is_none():
    begun = [replace(marker, odr=marker.odr | WINDOW) for marker in ONE_RUN]
    assert truth_of([*events((4, WINDOW)), *begun]).windows == ()
    assert truth_of(events((4, WINDOW), (5, 0))).windows == ()


def counted(cycles):
    """Counters of which only two have moved."""
    return Counters(*(0,) * len(Counters._fields))._replace(cycles=cycles, icache_flash_misses=7)


def test_a_stretch_is_cut_where_the_clock_changes():
    markers = [replace(marker, counters=counted(marker.cycles)) for marker in ONE_RUN]
    clocks = [
        replace(change, cycles=change.time_ps // 10_000, counters=counted(change.time_ps // 10_000))
        for change in [*CLOCKS, ClockChange(17 * MICROSECOND, 50_000_000, "hse", 0.03)]
    ]
    clocks.sort(key=lambda change: change.time_ps)
    (run,) = GroundTruth.from_trace(markers, clocks, 1.0, 5).inferences
    compute = run.stretches[2]
    assert [(p.source, p.duration_ps // MICROSECOND, p.cycles) for p in compute.pieces] == [
        ("pll", 3, 300),
        ("hse", 3, 300),
    ]
    for stretch in run.stretches:
        assert sum(piece.duration_ps for piece in stretch.pieces) == 1e12 * stretch.duration_s
        assert sum(piece.cycles for piece in stretch.pieces) == stretch.cycles


def test_a_board_without_counters_has_no_pieces():
    (run,) = truth_of(ONE_RUN).inferences
    assert {stretch.pieces for stretch in run.stretches} == {()}


def test_a_stretch_tells_what_the_core_counted_meanwhile():
    markers = [replace(marker, counters=counted(marker.cycles)) for marker in ONE_RUN]
    (run,) = truth_of(markers).inferences
    assert [stretch.counters.cycles for stretch in run.stretches] == [
        stretch.cycles for stretch in run.stretches
    ]
    assert {stretch.counters.icache_flash_misses for stretch in run.stretches} == {0}
    (unknown,) = truth_of(ONE_RUN).inferences
    assert {stretch.counters for stretch in unknown.stretches} == {None}


def test_markers_become_stretches():
    (run,) = truth_of(ONE_RUN).inferences
    assert [(s.layer, s.segment.name, s.cycles) for s in run.stretches] == [
        (None, "OTHER", 100),
        (0, "MEMORY", 300),
        (0, "COMPUTE", 600),
        (0, "MEMORY", 100),
        (1, "COMPUTE", 900),
        (None, "OTHER", 100),
    ]
    assert run.duration_s == pytest.approx(21e-6)
    assert run.cycles == 2100


def test_energies_of_segments_sum_to_the_inference():
    (run,) = truth_of(ONE_RUN).inferences
    assert run.energy_of()[0, abi.Segment.MEMORY] == pytest.approx(4e-9)
    assert sum(run.energy_of().values()) == pytest.approx(run.energy_j) == pytest.approx(21e-9)


def test_an_inference_knows_the_clock_it_began_with():
    (run,) = truth_of(ONE_RUN).inferences
    assert [change.sysclk_hz for change in run.clock_changes] == [216e6, 50e6, 216e6]


def test_runs_are_told_apart_and_an_unfinished_one_is_left_out():
    again = events((100, TRIGGER), (101, TRIGGER | COMPUTE), (105, 0), (110, TRIGGER))
    runs = truth_of([*events((1, LAYER)), *ONE_RUN, *again]).inferences
    assert [len(run.stretches) for run in runs] == [6, 2]
    assert runs[1].stretches[1].layer == 0


def test_without_segments_the_first_layer_begins_unseen():
    whole = events((0, TRIGGER), (5, TRIGGER | LAYER), (9, TRIGGER), (12, TRIGGER | LAYER), (13, 0))
    (run,) = truth_of(whole).inferences
    assert [(s.layer, s.cycles) for s in run.stretches] == [
        (0, 500),
        (1, 400),
        (2, 300),
        (None, 100),
    ]


def test_an_inference_without_a_boundary_is_one_stretch():
    (run,) = truth_of(events((0, TRIGGER), (5, 0))).inferences
    assert [(s.layer, s.cycles) for s in run.stretches] == [(None, 500)]


def test_no_marker_no_inference():
    assert truth_of([]).inferences == ()


def test_a_timeline_is_json_with_seconds_from_the_start():
    (run,) = truth_of(ONE_RUN).inferences
    data = json.loads(json.dumps(timeline_to_dict(run, ["stem", "tail"])))
    assert data["schema"] == "dvfs-kernel/timeline"
    assert data["duration_s"] == pytest.approx(21e-6)
    assert [(c["time_s"], c["sysclk_hz"]) for c in data["clock"]] == [
        (0, 216_000_000),
        (pytest.approx(1e-6), 50_000_000),
        (pytest.approx(4e-6), 216_000_000),
    ]
    assert [s["name"] for s in data["segments"]] == [None, "stem", "stem", "stem", "tail", None]
    assert data["segments"][-1]["end_s"] == pytest.approx(21e-6)


def test_a_timeline_of_one_layer_begins_at_its_own_clock():
    (run,) = truth_of(ONE_RUN).inferences
    layer = run.of_layers(1, 1)
    stretches = [s for s in run.stretches if s.layer == 1]
    assert layer.stretches == tuple(stretches)
    assert layer.cycles == sum(s.cycles for s in stretches)
    assert layer.energy_j == pytest.approx(sum(s.energy_j for s in stretches))
    assert layer.clock_changes[0].time_ps <= layer.start_ps
    assert all(layer.start_ps < c.time_ps < layer.end_ps for c in layer.clock_changes[1:])
    with pytest.raises(ValueError, match="layers 7 to 9"):
        run.of_layers(7, 9)


@pytest.mark.parametrize("stretch", [1, 7, 123_456])
def test_a_drawing_has_round_times(stretch):
    run = truth_of(events((0, TRIGGER), (stretch, 0))).inferences[0]
    root = ET.fromstring(timeline_to_svg(run, "run"))  # noqa: S314  our own text
    texts = [e for e in root.iter("{http://www.w3.org/2000/svg}text") if e.get("y") == "330"]
    times = [float(e.text) for e in texts]
    assert 3 <= len(times) <= 13
    assert times[0] == 0
    mantissa = f"{times[1]:e}".split("e")[0].rstrip("0").rstrip(".")
    assert mantissa in {"1", "2", "5"}


def test_a_drawing_is_svg_and_says_what_it_shows():
    (run,) = truth_of(ONE_RUN).inferences
    root = ET.fromstring(timeline_to_svg(run, "a <net> & more"))  # noqa: S314  our own text
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "a <net> & more" in texts
    assert {"216 MHz", "50 MHz", "memory", "compute"} <= set(texts)
