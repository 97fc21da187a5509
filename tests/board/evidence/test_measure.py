"""`dvfs measure` on the virtual board, whose ground truth tells what the sensor should find."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from firmware_board import firmware, small_network
from json_document import mistakes
from served_board import AtRequest, served, unplug
from small_model import small_model

from dvfs_kernel.boards.nucleo.board import NucleoBoard
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import BoardLostError
from dvfs_kernel.evidence.measurement.ammeter import Ammeter
from dvfs_kernel.evidence.measurement.campaign import Campaign, Plan, Subject
from dvfs_kernel.evidence.measurement.sample_file import read_samples
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.link.ina219_sampling import Sampling
from dvfs_kernel.networks.input_tensor import sample_input

pytestmark = pytest.mark.board

HSE_HZ = 8_000_000
NETWORK = small_network()
PLAIN = Schedule.uniform(len(NETWORK.layers), HSE_HZ)
HOPPING = Schedule.uniform(
    len(NETWORK.layers),
    HSE_HZ,
    lfo=ClockSetting("hse"),
    granularity=dae_granularities(NETWORK, 8),
)
QUICK = Ammeter(sampling=Sampling(8))


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    path = tmp_path_factory.mktemp("elf") / "firmware.elf"
    path.write_bytes(firmware())
    return path


def deploy(board, elf):
    deployment = Deployment(NETWORK, board, firmware=elf)
    deployment.session.set_input(sample_input(NETWORK.tensors[NETWORK.input]).tobytes())
    return deployment


def test_the_measured_energy_is_the_true_one_within_the_sensors_limits(elf):
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        deployment = deploy(board, elf)
        campaign = Campaign(
            deployment,
            QUICK,
            [Subject("hopping", HOPPING)],
            baseline=Subject("plain", PLAIN),
            plan=Plan(samples=4, precision=0.02),
        )
        assert campaign.run()
        inferences = board.ground_truth().inferences
    (result,) = campaign.results()
    hopping = [i.energy_j for i in inferences if len(i.clock_changes) > 1]
    plain = [i.energy_j for i in inferences if len(i.clock_changes) == 1]
    true_j = np.median(hopping)
    # Between two passes the firmware clears its records, which takes a share of so small a network.
    slack = result.energy_j.half_width + result.systematic_j + 0.06 * true_j
    assert abs(result.energy_j.mean - true_j) < slack
    assert result.against_baseline.mean == pytest.approx(true_j / np.median(plain), rel=0.06)


def test_what_was_measured_before_the_board_is_unplugged_is_kept(elf):
    taken = []
    with VirtualBoard(hse_hz=HSE_HZ) as virtual:
        virtual.flash(firmware())
        virtual.reset()
        with served(virtual) as path, NucleoBoard(path) as board:
            Deployment(NETWORK, board, firmware=elf)  # the image is on the board from here on
        line = AtRequest(13, unplug)
        with served(virtual, line) as path, NucleoBoard(path) as board:
            deployment = deploy(board, elf)
            campaign = Campaign(
                deployment,
                Ammeter(sampling=Sampling(1)),
                [Subject("plain", PLAIN)],
                plan=Plan(samples=2, rounds_min=20),  # more than there are requests for
                take=taken.extend,
            )
            line.left = 8
            with pytest.raises(BoardLostError):
                campaign.run()
    assert campaign.rounds >= 2
    assert len(taken) == 2 * campaign.rounds
    assert campaign.results()[0].current_a.count == campaign.rounds


def test_the_command_and_its_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.tflite").write_bytes(small_model())
    arguments = ["measure", "small.tflite", "--board", "virtual", "--samples", "1"]
    arguments += ["--rounds", "3", "--precision", "0.2", "--raw", "raw.csv"]
    arguments += ["--average", "4", "--no-baseline", "--by-layer"]
    result = CliRunner().invoke(cli, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert mistakes(document) == []
    subjects = [measured["subject"] for measured in document["results"]]
    assert subjects[0] == "inference"
    assert len(subjects) == 4
    assert document["rounds"] == 3
    metadata, samples = read_samples(Path("raw.csv"))
    assert mistakes(metadata) == []
    assert metadata["firmware_build_id"] == document["firmware_build_id"]
    assert len(samples) == 3 * 4
    whole, *layers = document["results"]
    total_j = sum(layer["energy_j"]["mean"] for layer in layers)
    assert total_j == pytest.approx(whole["energy_j"]["mean"], rel=0.2)
    result = CliRunner().invoke(cli, arguments)
    assert "small: the precision was reached in 3 rounds" in result.stdout
    assert "the layers by themselves add up to" in result.stdout


def test_what_contradicts_itself_is_refused():
    for arguments in (["--lfo", "hse"], ["--schedule", "s.json", "-g", "2"]):
        result = CliRunner().invoke(cli, ["measure", "vww", *arguments])
        assert result.exit_code == 2
