"""`dvfs infer` on a small model: everything that a user sees, and the files."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from json_document import mistakes
from PIL import Image
from small_model import small_model

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.input_tensor import load_input, sample_input
from dvfs_kernel.networks.tflite_reader import read

pytestmark = pytest.mark.board


@pytest.fixture
def dvfs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.tflite").write_bytes(small_model())

    def run(*arguments):
        result = CliRunner().invoke(cli, ["infer", "small.tflite", *arguments])
        assert result.exit_code == 0, result.output
        return result

    return run


def expected(data=None):
    network = read("small.tflite")
    data = sample_input(network.tensors[network.input]) if data is None else data
    return reference.run(network, data)[network.outputs[0]]


def test_the_tables(dvfs):
    text = dvfs("-g", "2", "--lfo", "hse").stdout
    assert re.search(
        r"^ +0 .*convolution +10,368 +0 +all +pll:25/216/2 +[\d,]+", text, re.MULTILINE
    )
    assert re.search(r"depthwise +3,456 +2 +all +hse ↔ pll:25/216/2", text)
    assert re.search(r"memory × 3 +hse +[\d,]+ +[\d.]+ +[\d.]+ +[\d.]+$", text, re.MULTILINE)
    assert re.search(r"compute × 3 +pll:25/216/2", text)
    assert re.search(r"switching × \d+ +hse ↔ pll:25/216/2", text)
    totals = r"small: [\d.]+ ms, [\d.]+ mJ, [\d,]+ cycles, [\d.]+ cycles/MAC, \d+ PLL relocks"
    assert re.search(totals, text)
    assert re.search(r"emulated [\d,]+ instructions in [\d.]+ s \(\d+ MIPS\)", text)
    assert re.search(r"output result \(8 × 8 × 4\): -?[\d.]+ to", text)


def test_json_is_all_that_goes_to_standard_output(dvfs):
    result = dvfs("--json")
    data = json.loads(result.stdout)
    assert data["schema"] == "dvfs-kernel/inference"
    assert np.array_equal(np.array(data["outputs"][0]["values"]), expected())
    assert data["profile"]["totals"]["energy_j"] > 0
    assert [layer["operator"] for layer in data["profile"]["layers"]] == [
        "convolution",
        "depthwise",
        "pointwise",
    ]
    assert Schedule.from_dict(data["schedule"]).hse_hz == 50_000_000


def test_the_json_is_as_its_schema_says(dvfs):
    arguments = ["-g", "2", "--lfo", "hse", "--window", "5ms", "--timeline", "t.json"]
    data = json.loads(dvfs("--json", *arguments).stdout)
    assert mistakes(data) == []
    assert mistakes(json.loads(Path("t.json").read_text())) == []


def test_a_window_in_the_table_and_in_json(dvfs):
    line = r"window of (6\.000|5\.999) ms, idle in gated: 0\.\d+ mJ, 0\.\d+ mJ of it idle$"
    assert re.search(line, dvfs("--window", "6ms", "--idle", "gated").stdout, re.MULTILINE)
    assert "window of" not in dvfs().stdout
    assert "of it idle; the inference overran it by 0." in dvfs("--window", "50us").stdout
    data = json.loads(dvfs("--window", "6ms", "--json").stdout)
    window, profile = data["window"], data["profile"]
    assert window["idle"] == "sleep"
    assert window["asked_s"] == 6e-3
    assert window["time_s"] == pytest.approx(6e-3, abs=2e-6)
    assert window["overrun_s"] == 0
    energy_j = profile["totals"]["energy_j"] + window["idle_energy_j"]
    assert window["energy_j"] == pytest.approx(energy_j)
    assert json.loads(dvfs("--json").stdout)["window"] is None


def test_the_output_file_holds_the_tensor(dvfs):
    dvfs("--output", "out.npy")
    dvfs("--output", "out.npz")
    assert np.array_equal(np.load("out.npy"), expected())
    assert np.array_equal(np.load("out.npz")["result"], expected())


def test_inputs_from_files(dvfs):
    network = read("small.tflite")
    stored = np.random.default_rng(3).integers(-128, 128, (8, 8, 3)).astype(np.int8)
    np.save("in.npy", stored)
    dvfs("--input", "in.npy", "--output", "out.npy")
    assert np.array_equal(np.load("out.npy"), expected(stored))
    Image.effect_noise((20, 20), 60).save("in.png")
    dvfs("--input", "in.png", "--output", "out.npy")
    picture = load_input(Path("in.png"), network.tensors[network.input])
    assert np.array_equal(np.load("out.npy"), expected(picture))


def test_a_schedule_from_a_file_says_everything(dvfs):
    schedule = Schedule.uniform(
        3,
        8_000_000,
        hfo=ClockSetting.parse("pll:4/168/2"),
        lfo=ClockSetting.parse("hse"),
        granularity=[0, 2, 4],
    )
    Path("s.json").write_text(schedule.to_json())
    data = json.loads(dvfs("--schedule", "s.json", "--json").stdout)
    assert Schedule.from_dict(data["schedule"]) == schedule
    assert data["profile"]["totals"]["hops"] > 0


def test_the_timeline_of_the_clock(dvfs):
    dvfs("-g", "2", "--lfo", "hse", "--timeline", "t.svg")
    assert "216 MHz" in [e.text for e in ET.parse("t.svg").iter()]  # noqa: S314  our own file
    dvfs("-g", "2", "--lfo", "hse", "--timeline", "t.json")
    clock = json.loads(Path("t.json").read_text())["clock"]
    rates = {change["sysclk_hz"] for change in clock}
    assert rates == {50_000_000, 216_000_000}
    assert clock[0]["time_s"] == 0


def test_the_pll_lock_time_is_the_users(dvfs):
    # Everything on the HSE but the last layer, which has to wait for the PLL once.
    clocks = (ClockSetting.parse("pll:25/216/2"), ClockSetting.parse("hse"))
    schedule = Schedule.uniform(3, 50_000_000, hfo=clocks[1]).to_dict()
    schedule["clocks"] = [str(clock) for clock in reversed(clocks)]
    schedule["layers"][2]["hfo"] = 1
    Path("s.json").write_text(json.dumps(schedule))

    def switching_s(lock):
        data = json.loads(dvfs("--schedule", "s.json", "--json", "--pll-lock", lock).stdout)
        assert data["profile"]["totals"]["relocks"] == 1
        (segment,) = (
            segment
            for segment in data["profile"]["layers"][2]["segments"]
            if segment["segment"] == "switching"
        )
        return segment["time_s"]

    assert switching_s("300us") - switching_s("100us") == pytest.approx(200e-6, abs=1e-6)


def test_levels_and_runs(dvfs):
    off = json.loads(dvfs("--level", "off", "--runs", "3", "--json").stdout)
    assert off["profile"]["layers"] == []
    assert np.array_equal(np.array(off["outputs"][0]["values"]), expected())
