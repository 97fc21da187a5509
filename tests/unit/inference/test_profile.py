import json

import numpy as np
import pytest

from dvfs_kernel.boards.ground_truth import GroundTruth, MarkerEvent
from dvfs_kernel.inference.profile import SUPPLY_V, LayerInfo, Profile
from dvfs_kernel.link import abi
from dvfs_kernel.link.replies import Hello, RunResult

HELLO = Hello(abi.VERSION, *[0] * 9, marker_overhead_cycles=5, hop_overhead_cycles=9, image_id=0)
RESULT = RunResult(1, 2, total_ticks=1600, total_cycles=21_600, relocks=1, hops=4)
INFOS = [
    LayerInfo("stem", "convolution", 691_200, 0, "pll:25/216/2", None),
    LayerInfo("dw", "depthwise", 1000, 8, "pll:25/216/2", "hse"),
]
S = abi.Segment


def records():
    made = np.zeros(2, abi.PROFILE_RECORD)
    made["cycles"][0, S.COMPUTE], made["ticks"][0, S.COMPUTE] = 10_000, 800
    made["counts"][0, S.COMPUTE] = 1
    for kind, cycles, ticks in ((S.MEMORY, 300, 96), (S.COMPUTE, 700, 52), (S.SWITCHING, 30, 4)):
        made["cycles"][1, kind], made["ticks"][1, kind], made["counts"][1, kind] = cycles, ticks, 2
    return made


def truth():
    trigger, layer = 1 << abi.MARKER_PIN_TRIGGER, 1 << abi.MARKER_PIN_LAYER
    low = abi.MARKER_PIN_SEGMENT0
    steps = [
        (0, trigger, 0),
        (1, trigger | S.COMPUTE << low, 1e-6),
        (60, trigger | layer | S.MEMORY << low, 3e-6),
        (70, trigger | layer | S.COMPUTE << low, 3.5e-6),
        (80, 0, 4.5e-6),
    ]
    markers = [MarkerEvent(us * 10**6, us, energy_j, odr) for us, odr, energy_j in steps]
    return GroundTruth.from_trace(markers, [], 0, 0).inferences[0]


def profile(with_truth=True):
    return Profile.from_records(records(), INFOS, RESULT, HELLO, truth() if with_truth else None)


def test_ticks_become_seconds_and_energy_becomes_current():
    memory, compute, switching = profile().layers[1].segments
    assert (memory.segment, compute.segment) == (S.MEMORY, S.COMPUTE)
    assert memory.time_s == pytest.approx(96 / 16e6)
    assert memory.energy_j == pytest.approx(0.5e-6)
    assert memory.current_a == pytest.approx(0.5e-6 / SUPPLY_V / (96 / 16e6))
    assert (memory.clock, compute.clock) == ("hse", "pll:25/216/2")
    assert switching.energy_j == 0


def test_a_layer_sums_its_segments():
    stem, depthwise = profile().layers
    assert depthwise.cycles == 1030
    assert depthwise.time_s == pytest.approx(152 / 16e6)
    assert depthwise.energy_j == pytest.approx(1.5e-6)
    assert stem.energy_j == pytest.approx(2e-6)


def test_totals_and_overhead():
    whole = profile()
    assert whole.energy_j == pytest.approx(4.5e-6)
    assert whole.time_s == pytest.approx(1e-4)
    assert whole.macs == 692_200
    assert whole.overhead_cycles == 7 * 5


def test_without_ground_truth_energy_is_unknown_and_not_zero():
    whole = profile(with_truth=False)
    assert whole.energy_j is None
    assert whole.layers[1].energy_j is None
    assert whole.layers[1].current_a is None
    assert whole.rows()[0]["energy_j"] is None


def test_rows_are_tidy():
    rows = profile().rows()
    assert [(row["layer"], row["segment"]) for row in rows] == [
        (0, "compute"),
        (1, "memory"),
        (1, "compute"),
        (1, "switching"),
    ]
    assert len({frozenset(row) for row in rows}) == 1


def test_the_json_form():
    data = json.loads(json.dumps(profile().to_dict()))
    assert (data["schema"], data["schema_version"]) == ("dvfs-kernel/profile", 1)
    assert set(data["totals"]) == {
        "cycles",
        "time_s",
        "energy_j",
        "macs",
        "relocks",
        "hops",
        "overhead_cycles",
    }
    assert [layer["name"] for layer in data["layers"]] == ["stem", "dw"]
    assert set(data["layers"][1]["segments"][0]) == {
        "segment",
        "clock",
        "cycles",
        "time_s",
        "count",
        "current_a",
        "energy_j",
    }


def test_level_off_has_totals_only():
    whole = Profile.from_records(np.zeros(0, abi.PROFILE_RECORD), INFOS, RESULT, HELLO, truth())
    assert whole.layers == ()
    assert whole.cycles == 21_600
    assert whole.energy_j == pytest.approx(4.5e-6)
