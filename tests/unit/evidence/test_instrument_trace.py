"""Traces of lab instruments: their files, and layers cut out of them."""

import copy
import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.errors import FileFormatError, MeasurementError
from dvfs_kernel.evidence.measurement.jls_process import JlsProcess
from dvfs_kernel.evidence.measurement.trace_alignment import align
from dvfs_kernel.evidence.measurement.trace_file import Trace, read_jls, read_trace
from dvfs_kernel.evidence.measurement.trace_result import read_run

SUPPLY_V = 3.0
SAMPLE_S = 1e-5
LAYER_S = (2e-3, 5e-4, 1e-3)
LAYER_A = (0.1, 0.02, 0.06)
TOTAL_S = sum(LAYER_S) + 2e-5


def recorded(inferences=5, apart=1.0, noise_a=0.0, phase=0.37, others=()):
    """Inferences between idle stretches, as an instrument with another clock samples them."""
    rng = np.random.default_rng(11)
    parts = [(1e-3 + phase * SAMPLE_S, 0.005, 0)]
    for extra_s in others:
        parts += [(extra_s, 0.05, 1), (1e-3, 0.005, 0)]
    for _ in range(inferences):
        parts += [(1e-5, LAYER_A[0], 1)]
        parts += [
            (time_s, current_a, 1) for time_s, current_a in zip(LAYER_S, LAYER_A, strict=True)
        ]
        parts += [(1e-5, LAYER_A[-1], 1), (1e-3 + rng.uniform(0, SAMPLE_S), 0.005, 0)]
    ends_s = np.cumsum([part[0] for part in parts]) * apart
    time_s = np.arange(0, ends_s[-1], SAMPLE_S)
    which = np.minimum(np.searchsorted(ends_s, time_s, side="right"), len(parts) - 1)
    current_a = np.array([part[1] for part in parts])[which]
    current_a = current_a + rng.normal(0, noise_a, len(time_s))
    return Trace(time_s, current_a, np.array([part[2] for part in parts], bool)[which])


@given(st.floats(0.975, 1.025), st.floats(0, 1))
def test_layers_get_what_they_drew_whatever_the_two_clocks(apart, phase):
    aligned = align(recorded(apart=apart, phase=phase), LAYER_S, TOTAL_S, SUPPLY_V)
    assert (aligned.inferences, aligned.others) == (5, 0)
    assert aligned.clock_ratio == pytest.approx(apart, abs=2 * SAMPLE_S / TOTAL_S)
    for energy_j, time_s, current_a in zip(aligned.layers, LAYER_S, LAYER_A, strict=True):
        edges_j = 2 * SUPPLY_V * max(LAYER_A) * SAMPLE_S
        assert energy_j.mean == pytest.approx(SUPPLY_V * current_a * time_s * apart, abs=edges_j)


def test_noise_averages_out_and_the_interval_tells_how_far():
    aligned = align(recorded(inferences=40, noise_a=0.02), LAYER_S, TOTAL_S, SUPPLY_V)
    for energy_j, time_s, current_a in zip(aligned.layers, LAYER_S, LAYER_A, strict=True):
        true_j = SUPPLY_V * current_a * time_s
        edge_j = SUPPLY_V * max(LAYER_A) * SAMPLE_S
        assert abs(energy_j.mean - true_j) < energy_j.half_width + edge_j
        assert energy_j.half_width < 0.05 * true_j


def test_other_spells_of_the_trigger_are_left_out():
    aligned = align(recorded(others=(9e-3, 1e-3)), LAYER_S, TOTAL_S, SUPPLY_V)
    assert (aligned.inferences, aligned.others) == (5, 2)
    whole = recorded()
    high = int(np.flatnonzero(whole.trigger)[3])
    begun = Trace(whole.time_s[high:], whole.current_a[high:], whole.trigger[high:])
    assert align(begun, LAYER_S, TOTAL_S, SUPPLY_V).inferences == 4


def test_a_trace_of_something_else_is_refused():
    with pytest.raises(MeasurementError, match=r"no inference of 7.040 ms: it was high for 3\.5"):
        align(recorded(), LAYER_S, 2 * TOTAL_S, SUPPLY_V)
    quiet = recorded(inferences=0)
    with pytest.raises(MeasurementError, match="high for none ms"):
        align(quiet, LAYER_S, TOTAL_S, SUPPLY_V)
    whole = recorded()
    slow = Trace(whole.time_s[::150], whole.current_a[::150], whole.trigger[::150])
    with pytest.raises(MeasurementError, match="tells no layers apart"):
        align(slow, LAYER_S, TOTAL_S * 0.85, SUPPLY_V)


# ---- files -------------------------------------------------------------------------------------

HEADERS = {
    "ours": ("time_s,current_a,trigger", lambda t, i, high: f"{t!r},{i!r},{high}"),
    "units": (
        "Time (us);".replace(";", ",") + "Voltage (V),Current (mA),D0",
        lambda t, i, high: f"{t * 1e6!r},3.3,{i * 1e3!r},{high}",
    ),
    "nordic": (
        "Timestamp(ms),Current(uA),D0-D7",
        lambda t, i, high: f"{t * 1e3!r},{i * 1e6:.3f},{high}0-X0000",
    ),
    "nordic, a column an input": (
        "Timestamp(ms),Current(uA),D0,D1,D2,D3,D4,D5,D6,D7",
        lambda t, i, high: f"{t * 1e3!r},{i * 1e6:.3f},{high},0,0,0,0,0,0,0",
    ),
}


def write(path, trace, header="ours", end=""):
    names, line = HEADERS[header]
    lines = map(line, trace.time_s.tolist(), trace.current_a.tolist(), trace.trigger.astype(int))
    path.write_text("\n".join([names, *lines]) + "\n" + end, encoding="utf-8")
    return path


@pytest.mark.parametrize("header", HEADERS)
def test_files_are_read_whatever_their_units(tmp_path, header):
    before = recorded(inferences=1)
    after = read_trace(write(tmp_path / "trace.csv", before, header))
    assert after.time_s == pytest.approx(before.time_s)
    assert after.current_a == pytest.approx(before.current_a)
    assert np.array_equal(after.trigger, before.trigger)


def test_another_input_is_the_trigger(tmp_path):
    path = write(tmp_path / "trace.csv", recorded(inferences=1), "nordic")
    assert not read_trace(path, "D1").trigger.any()
    assert read_trace(path, "D3").trigger.all()


def test_a_last_line_that_is_cut_off_is_left_out(tmp_path):
    trace = recorded(inferences=1)
    path = write(tmp_path / "trace.csv", trace, end="0.5,0.")
    assert len(read_trace(path).time_s) == len(trace.time_s)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", FileFormatError, "no column of time: its columns are none"),
        ("time_s,volts\n0,1\n", FileFormatError, "no column of current.*a, ma, ua, na"),
        ("time_s,current_a\n0,1\n", MeasurementError, "no trigger.*wire PE2"),
        ("time_s,current_a,D0\n0,1,1\n", FileFormatError, "1 samples; two"),
        ("time_s,current_a,D0\n0,1,1\n0,1,1\n", FileFormatError, "do not ascend"),
        ("time_s,current_a,D0\n0,1,1\n1,x,1\n", FileFormatError, "a line cannot be read"),
        ("time_s,current_a,D0\n0,1,1\n1,nan,1\n", FileFormatError, "is not a number"),
    ],
)
def test_what_is_no_trace_is_refused(tmp_path, text, error, message):
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(error, match=message):
        read_trace(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="no CSV file"):
        read_trace(path)


def test_semicolons_part_numbers_with_a_decimal_comma(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_text("Time (s);Current (mA);D0\n0,0000;12,5;0\n0,0001;98;1\n")
    trace = read_trace(path)
    assert trace.time_s.tolist() == [0, 1e-4]
    assert trace.current_a == pytest.approx([0.0125, 0.098])
    assert trace.trigger.tolist() == [False, True]


def test_a_level_is_a_word_or_a_number_which_may_be_volts(tmp_path):
    path = tmp_path / "trace.csv"
    levels = ["0.00", "1.00", "1", "0", "3.28", "0.02", "high", "low", "True", "X", "-", "1e0"]
    rows = "".join(f"{number},0.1,{level}\n" for number, level in enumerate(levels))
    path.write_text(f"time_s,current_a,trigger\n{rows}")
    assert read_trace(path).trigger.tolist() == [
        level in ("1.00", "1", "3.28", "high", "True", "X", "1e0") for level in levels
    ]


@pytest.mark.parametrize("wrong", ["nan", "1e300", "inf"])
def test_a_time_or_current_beyond_every_board_is_named(tmp_path, wrong):
    path = tmp_path / "trace.csv"
    for row, what in ((f"1,{wrong},0", "a current"), (f"{wrong},1,0", "a time")):
        path.write_text(f"time_s,current_a,trigger\n0,0.1,0\n{row}\n")
        with pytest.raises(FileFormatError, match=f"{what} of the trace, in sample 2, is"):
            read_trace(path)


RUN = {
    "schema": "dvfs-kernel/inference",
    "network": {"name": "net"},
    "schedule": {},
    "profile": {
        "layers": [{"index": 0, "name": "a", "time_s": 0.001}],
        "totals": {"time_s": 0.002},
    },
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda run: run.pop("schema"), "it has no 'schema'"),
        (lambda run: run.update(schema="x"), "its schema is 'x'"),
        (lambda run: run.update(network=[]), "is not what dvfs infer --json prints"),
        (lambda run: run.update(schedule=5), "schedule is 5; a JSON object is allowed"),
        (lambda run: run["network"].update(name=5), "network.name is 5; text is allowed"),
        (lambda run: run["profile"].update(layers=[]), "--level layer or segment"),
        (lambda run: run["profile"].update(layers=[7]), "is not what dvfs infer --json prints"),
        (lambda run: run["profile"]["layers"][0].update(index=-1), r"layers\[0\].index is -1"),
        (lambda run: run["profile"]["layers"][0].update(time_s=0), r"layers\[0\].time_s is 0"),
        (lambda run: run["profile"]["totals"].update(time_s=True), "totals.time_s is True"),
        (lambda run: run["profile"]["totals"].update(time_s=5e-324), "a time of 1e-09 to"),
    ],
)
def test_a_run_file_that_tells_no_layers_is_refused(tmp_path, change, words):
    path = tmp_path / "run.json"
    run = copy.deepcopy(RUN)
    path.write_text(json.dumps(run))
    assert read_run(path)["network"]["name"] == "net"
    change(run)
    path.write_text(json.dumps(run))
    with pytest.raises(FileFormatError, match=words) as caught:
        read_run(path)
    assert str(path) in str(caught.value)


def joulescope_file(path, before):
    pyjls = pytest.importorskip("pyjls", reason="reads a Joulescope's files; an optional extra")
    rate_hz = round(1 / SAMPLE_S)
    with pyjls.Writer(str(path)) as writer:
        writer.source_def(source_id=1, name="js220")
        for number, name, kind in ((1, "current", "f32"), (2, "gpi[0]", "u1")):
            writer.signal_def(
                signal_id=number, source_id=1, sample_rate=rate_hz, name=name, data_type=kind
            )
        writer.fsr(1, 0, before.current_a.astype(np.float32))
        writer.fsr(2, 0, np.packbits(before.trigger, bitorder="little"))
    return path


def test_a_joulescopes_own_file(tmp_path):
    before = recorded(inferences=1)
    path = joulescope_file(tmp_path / "trace.jls", before)
    after = read_trace(path)
    count = len(after.time_s)
    assert count == pytest.approx(len(before.time_s), abs=8)
    assert after.current_a == pytest.approx(before.current_a[:count], rel=1e-6)
    assert np.array_equal(after.trigger, before.trigger[:count])
    with pytest.raises(MeasurementError, match=r"no signal gpi\[3\]: it has current, gpi\[0\]"):
        read_trace(path, "gpi[3]")
    path.write_bytes(b"junk")
    with pytest.raises(FileFormatError, match="no file of a Joulescope"):
        read_trace(path)


def test_a_library_that_does_not_answer_is_ended_and_the_next_file_is_read(tmp_path):
    before = recorded(inferences=1)
    good = joulescope_file(tmp_path / "good.jls", before)
    waits = tmp_path / "pipe.jls"
    os.mkfifo(waits)  # opening it waits for somebody who writes
    with JlsProcess(silence_s=1.0) as process:
        for _ in range(2):
            with pytest.raises(
                FileFormatError, match=r"pipe\.jls is no file.*did not answer within 1 s"
            ):
                read_jls(waits, None, process)
            assert len(read_jls(good, None, process).time_s)


def test_a_library_that_crashes_leaves_a_message(tmp_path, monkeypatch):
    good = joulescope_file(tmp_path / "good.jls", recorded(inferences=1))
    with JlsProcess() as process:
        current = process.open(good)["current"]
        monkeypatch.setattr(process, "_ask", lambda _: process._process.kill())
        with pytest.raises(FileFormatError, match=r"good\.jls .* ended with exit code -9"):
            process.samples(current)


def test_the_process_that_reads_ends_with_its_owner(tmp_path):
    good = joulescope_file(tmp_path / "good.jls", recorded(inferences=1))
    with JlsProcess() as process:
        process.open(good)
        child = process._process
    assert child.poll() is not None
