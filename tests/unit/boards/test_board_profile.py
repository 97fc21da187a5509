"""Board profiles: read, written, refused, and part of what a run is known by."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import two_layers

from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.boards.parameters import parameters
from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.errors import BoardError, FileFormatError
from dvfs_kernel.exploration.runs import Workload
from renode_platform.devices.datasheet import CURRENT_MODEL

DEFAULTS = asdict(TimingParameters())


def values_of(name, default):
    # Cycles are divided by a rate.
    least = 1 if name.endswith("_per_cycle") else 0
    return st.booleans() if isinstance(default, bool) else st.integers(least, 100)


TIMINGS = st.fixed_dictionaries({}, optional={n: values_of(n, v) for n, v in DEFAULTS.items()})
CURRENTS = st.dictionaries(st.sampled_from(sorted(CURRENT_MODEL)), st.floats(0, 9))


@settings(max_examples=20)
@given(st.text(), TIMINGS, CURRENTS)
def test_what_was_saved_is_loaded(tmp_path_factory, name, timing, current):
    profile = BoardProfile.of(name, timing, current)
    path = tmp_path_factory.getbasetemp() / "profile.toml"
    profile.save(path)
    loaded = BoardProfile.load(path)
    assert loaded == profile
    assert asdict(loaded.timing_parameters()) == DEFAULTS | timing
    assert loaded.current_model().values == CURRENT_MODEL | current


def test_an_empty_profile_changes_nothing(tmp_path):
    path = tmp_path / "bench 3.toml"
    path.write_text("")
    profile = BoardProfile.load(path)
    assert profile.name == "bench 3"
    assert profile.timing_parameters() == TimingParameters()
    assert profile.current_model().values == CURRENT_MODEL


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[timing]\nfast = 1", "timing.fast is unknown; allowed: .*alu_latency"),
        ("[timing]\nalu_latency = -1", "timing.alu_latency is -1; .*whole cycles"),
        ("[timing]\nalu_latency = 1001", "0 to 1000, is allowed"),
        ("[timing]\nalu_latency = " + "9" * 400, "0 to 1000, is allowed"),
        ("[timing]\nmultiple_words_per_cycle = 0", "1 to 1000, is allowed"),
        ("[current]\nstatic_a = 1e400", "current.static_a is inf; .*less than 10"),
        ("[timing]\nalu_latency = 1.5", "timing.alu_latency is 1.5"),
        ("[timing]\nalu_latency = true", "timing.alu_latency is True"),
        ("[timing]\nreturns_predicted = 1", "timing.returns_predicted is 1; true or false"),
        ("[current]\nstatik_a = 1", "current.statik_a is unknown; allowed: .*static_a"),
        ("[current]\nstatic_a = -1.0", "current.static_a is -1.0"),
        ("[current]\nstatic_a = nan", "current.static_a is nan"),
        ("[current]\nstatic_a = 'much'", "current.static_a is 'much'"),
        ("[clocks]\n", "clocks is unknown; allowed: name"),
        ("timing = 3", "tables"),
        ("name = 3", "name has to be a text"),
        ("name = ", "no TOML"),
    ],
)
def test_a_bad_file_is_told_with_its_name(tmp_path, text, message):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=message) as caught:
        BoardProfile.load(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FileFormatError, match=r"none\.toml: No such file"):
        BoardProfile.load(tmp_path / "none.toml")


def test_runs_are_kept_apart_by_profile():
    profiles = [
        None,
        BoardProfile.of("a", {"flash_line_latency": 3}),
        BoardProfile.of("a", {"flash_line_latency": 4}),
        BoardProfile.of("a", None, {"static_a": 3e-3}),
    ]
    keys = [str(BoardSpec(profile=profile).key()) for profile in profiles]
    assert len(set(keys)) == len(keys)


def test_a_report_tells_of_the_profile():
    profile = BoardProfile.of("bench 3", {"flash_line_latency": 9}, {"static_a": 0.5})
    found = {one.name: one for one in parameters(profile)}
    plain = {one.name: one for one in parameters()}
    assert (found["flash_line_latency"].value, found["flash_line_latency"].source) == (
        9,
        "Board profile 'bench 3'",
    )
    assert found["CURRENT_MODEL.static_a"].value == 500.0
    assert "bench 3" in found["CURRENT_MODEL.static_a"].source
    changed = {name for name in found if found[name] != plain[name]}
    assert changed == {"flash_line_latency", "CURRENT_MODEL.static_a"}


def test_renode_takes_none():
    with pytest.raises(BoardError, match="the board renode takes no profile"):
        BoardSpec("renode", profile=BoardProfile())


def test_the_profile_of_a_physical_board_is_its_twins():
    profile = BoardProfile.of("a", {"flash_line_latency": 3})
    spec = BoardSpec("nucleo", hse_hz=8_000_000, profile=profile)
    assert spec.key() == BoardSpec("nucleo", hse_hz=8_000_000).key()
    workload = Workload(two_layers(), np.zeros((6, 5, 2), np.int8), spec, b"elf")
    assert workload.twin.board == BoardSpec(hse_hz=8_000_000, profile=profile)
