"""`dvfs trace` on what an instrument would have seen of the virtual board, whose truth is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from json_document import mistakes
from small_model import small_model

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link import abi
from dvfs_kernel.networks.input_tensor import sample_input
from dvfs_kernel.networks.tflite_reader import read_bytes
from renode_platform.devices.datasheet import VDD_V

pytestmark = pytest.mark.board

SAMPLE_S = 1e-5
IDLE_A = 0.004


@pytest.fixture(scope="module")
def inference():
    network = read_bytes(small_model(32, 1), "small")
    with VirtualBoard() as board:
        deployment = Deployment(network, board)
        schedule = Schedule.uniform(len(network.layers), board.hse_hz)
        data = sample_input(network.tensors[network.input])
        return deployment.infer(data, schedule, runs=6, level=abi.ProfileLevel.LAYER)


def power_profiler(result, apart):
    """Return the text of an export of the inferences, by a clock that is a little off."""
    steps = []  # begin in seconds, amperes, trigger
    for truth in result.truth.inferences:
        for stretch in truth.stretches:
            current_a = stretch.energy_j / stretch.duration_s / VDD_V if stretch.duration_s else 0
            steps.append((stretch.start_ps * 1e-12, current_a, 1))
        steps.append((truth.end_ps * 1e-12, IDLE_A, 0))
    begins_s, currents_a, levels = map(np.array, zip(*steps, strict=True))
    first_s = begins_s[0] - 1e-3
    begins_s = np.concatenate([[0.0], (begins_s - first_s) * apart])
    time_s = np.arange(0, begins_s[-1] + 1e-3, SAMPLE_S)
    which = np.searchsorted(begins_s, time_s, side="right") - 1
    current_ua = np.concatenate([[IDLE_A], currents_a])[which] * 1e6
    current_ua += np.random.default_rng(1).normal(0, 500, len(time_s))
    level = np.concatenate([[0], levels])[which]
    lines = [
        f"{t * 1e3:.2f},{i:.3f},{high}-------"
        for t, i, high in zip(time_s, current_ua, level, strict=True)
    ]
    return "\n".join(["Timestamp(ms),Current(uA),D0-D7", *lines]) + "\n"


def test_every_layer_has_the_energy_that_it_took(inference, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run.json").write_text(json.dumps(inference.to_dict()))
    Path("ppk2.csv").write_text(power_profiler(inference, 1.004))
    result = CliRunner().invoke(cli, ["trace", "ppk2.csv", "run.json", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert mistakes(found) == []
    assert (found["inferences"], found["other_spells"]) == (6, 0)
    assert found["clock_ratio"] == pytest.approx(1.004, abs=0.01)
    profile = inference.profile
    for layer, measured in zip(profile.layers, found["layers"], strict=True):
        edges_j = 2 * SAMPLE_S * VDD_V * 0.1
        true_j = layer.energy_j * 1.004  # by the instrument's clock
        assert measured["energy_j"]["mean"] == pytest.approx(true_j, abs=edges_j, rel=0.01)
    assert found["energy_j"]["mean"] == pytest.approx(profile.energy_j * 1.004, rel=0.015)
    table = CliRunner().invoke(cli, ["trace", "ppk2.csv", "run.json"])
    assert "6 inferences; the instrument counts +0." in " ".join(table.stdout.split())


@pytest.mark.parametrize(
    ("trace", "run", "message"),
    [
        ("ppk2.csv", "ppk2.csv", "is not what dvfs infer --json prints"),
        ("run.json", "run.json", "has no column of time"),
        ("ppk2.csv", "missing.json", "missing.json"),
    ],
)
def test_other_files_are_refused(inference, tmp_path, monkeypatch, trace, run, message):
    monkeypatch.chdir(tmp_path)
    Path("run.json").write_text(json.dumps(inference.to_dict()))
    Path("ppk2.csv").write_text("time_s,current_a,trigger\n0,0,0\n1,0,0\n")
    result = CliRunner().invoke(cli, ["trace", trace, run])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert message in " ".join(result.stderr.split())
