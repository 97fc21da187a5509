"""A board at the end of a wire beside the embedded one, and one with another timing model."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from firmware_board import firmware
from json_document import mistakes
from served_board import served
from small_model import small_model

from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.boards.nucleo.board import NucleoBoard
from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.errors import ScheduleError
from dvfs_kernel.evidence.comparison import compare, usual_schedules
from dvfs_kernel.evidence.measurement.ammeter import Ammeter
from dvfs_kernel.evidence.measurement.campaign import Plan
from dvfs_kernel.inference.deployed_network import Deployment
from dvfs_kernel.link import abi
from dvfs_kernel.link.ina219_sampling import Sampling
from dvfs_kernel.networks.input_tensor import sample_input
from dvfs_kernel.networks.tflite_reader import read_bytes
from dvfs_kernel.report.comparison_page import write_comparison

pytestmark = pytest.mark.board

HSE_HZ = 8_000_000
NETWORK = read_bytes(small_model(16, 1), "small")
DATA = sample_input(NETWORK.tensors[NETWORK.input])
SCHEDULES = usual_schedules(NETWORK, HSE_HZ, granularity=2)
NAMES = list(SCHEDULES)


@pytest.fixture(scope="module")
def embedded():
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        yield Deployment(NETWORK, board, firmware=firmware())


def test_the_wire_changes_nothing_but_what_runs_differ_by_anyway(embedded, tmp_path):
    steps = []
    with VirtualBoard(hse_hz=HSE_HZ) as virtual:
        virtual.flash(firmware())
        virtual.reset()
        with served(virtual) as path, NucleoBoard(path) as board:
            wired = Deployment(NETWORK, board, firmware=firmware())
            found = compare(
                wired,
                embedded,
                DATA,
                {name: SCHEDULES[name] for name in (NAMES[0], NAMES[-1])},
                ammeter=Ammeter(sampling=Sampling(8)),
                plan=Plan(samples=2, rounds_min=2, rounds_max=3, precision=0.2),
                progress=lambda *step: steps.append(step),
            )
    assert found.boards == ("nucleo", "virtual")
    assert steps[-1] == ("schedules", 2, 2)
    for schedule in found.schedules:
        assert schedule.same_output
        assert schedule.same_switching
        # Inferences of half a millisecond: one timer interrupt more or less, and cold caches.
        assert abs(schedule.time_off) < 0.05
        # The sensor's steps of 0.1 mA, its interrupts, and the pauses between passes.
        assert abs(schedule.energy_off) < 0.15
        kinds = {segment.segment for segment in schedule.segments}
        assert (abi.Segment.MEMORY in kinds) == ("g = 2" in schedule.name)
    page = write_comparison(tmp_path / "out", found)
    assert "Segments that differ most" in page.read_text(encoding="utf-8")
    data = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert mistakes(data) == []
    assert [one["name"] for one in data["schedules"]] == [NAMES[0], NAMES[-1]]
    assert (tmp_path / "out" / "figures" / "comparison.svg").read_text().startswith("<svg")


def test_what_is_modelled_otherwise_shows_where_it_is(embedded):
    timing = TimingParameters()
    timing = replace(timing, exception_entry_cycles=timing.exception_entry_cycles * 50)
    with VirtualBoard(hse_hz=HSE_HZ, timing=timing) as board:
        slow = Deployment(NETWORK, board, firmware=firmware())
        found = compare(slow, embedded, DATA, {"hse": SCHEDULES["hse"]})
    (schedule,) = found.schedules
    assert schedule.same_output
    assert schedule.time_off < 0
    assert schedule.energy_off is None
    rows = found.chart_rows()
    assert sum(row["executed_s"] for row in rows) > sum(row["predicted_s"] for row in rows)


def test_the_command_writes_a_page_of_a_board(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.tflite").write_bytes(small_model(8, 1))
    # Any board will do; this one is its own equal.
    arguments = ["validate", "--board", "virtual", "--network", "small.tflite", "--no-energy"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("same") == 4
    assert (tmp_path / "dvfs-validation" / "comparison.html").exists()
    result = CliRunner().invoke(cli, ["validate", "--board", "nucleo", "--json"])
    assert result.exit_code == 2
    assert "are for published figures" in " ".join(result.stderr.split())


def test_boards_with_different_images_are_refused(embedded):
    other = read_bytes(small_model(8, 1), "other")
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        deployment = Deployment(other, board, firmware=firmware())
        with pytest.raises(ScheduleError, match="do not run the same"):
            compare(deployment, embedded, DATA, SCHEDULES)
