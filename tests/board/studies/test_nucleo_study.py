"""The whole method on a board at the end of a wire, against the embedded board."""

import json
import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from served_board import AtRequest, served, unplug
from small_model import small_model

from dvfs_kernel.boards.virtual import VirtualBoard
from dvfs_kernel.commands.cli import cli
from dvfs_kernel.image.firmware import FIRMWARE
from dvfs_kernel.inference.deployment_plan import Plan

pytestmark = pytest.mark.board

HSE_HZ = 50_000_000
SPACE = ("--clocks", "pll:25/150/2,pll:25/216/2", "-g", "0", "2", "--hse", "50MHz")
COMMON = ("--cache", "runs", "--executor", "local:1")
WIRE = ("--board", "nucleo:./wire")
# Enough for the board to be found ready, and for some of the runs.
REQUESTS = 150


@contextmanager
def wired(line=None):
    """Put a board at the end of a link, as ``dvfs serve --link`` does."""
    with VirtualBoard(hse_hz=HSE_HZ) as board:
        board.flash(FIRMWARE)
        board.reset()
        with served(board, line) as path:
            link = Path("wire")
            link.unlink(missing_ok=True)
            link.symlink_to(path)
            yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("wire")
    (made / "small.tflite").write_bytes(small_model(32, 1))
    before = Path.cwd()
    os.chdir(made)
    yield made
    os.chdir(before)


def dvfs(*arguments):
    return CliRunner().invoke(cli, [*arguments, *COMMON])


def runs_kept(folder):
    return len(list((folder / "runs").rglob("*.run")))


@pytest.fixture(scope="module")
def reported(folder):
    """Unplug the board in the middle of an exploration, and go on with the whole method."""
    with wired(AtRequest(REQUESTS, unplug)):
        cut = dvfs("explore", "small.tflite", *SPACE, *WIRE)
    with wired():
        kept = runs_kept(folder)
        ran = dvfs("run", "small.tflite", "--qos", "60", *SPACE, *WIRE)
        plan = folder / "dvfs-small" / "schedule-qos60.json"
        deployed = dvfs("deploy", str(plan), *WIRE, "--json")
    return cut, kept, ran, deployed


def test_an_unplugged_board_costs_what_was_running_and_nothing_else(reported, folder):
    cut, kept, ran, _ = reported
    assert cut.exit_code == 1
    assert "finished runs are kept: the same command goes on from there" in cut.stderr
    assert "times fitted to runs at a few clocks" in ran.stdout
    assert 0 < kept < runs_kept(folder)
    document = json.loads((folder / "dvfs-small" / "report.json").read_text())
    assert document["exploration"]["cached"] is False


def test_the_report_is_that_of_the_embedded_board(reported, folder):
    _, _, ran, _ = reported
    assert ran.exit_code == 0, ran.output
    result = dvfs("run", "small.tflite", "--qos", "60", *SPACE, "-o", "embedded")
    assert result.exit_code == 0, result.output
    wire, embedded = (
        json.loads((folder / name / "report.json").read_text())
        for name in ("dvfs-small", "embedded")
    )
    assert wire["board"]["energy"] != embedded["board"]["energy"]
    assert wire["exploration"]["fit_error"] < 0.01
    assert wire["exploration"]["candidates"] == embedded["exploration"]["candidates"]
    for mine, theirs in zip(wire["bounds"], embedded["bounds"], strict=True):
        assert mine["solution"]["status"] == theirs["solution"]["status"] == "optimal"
        for run, other in zip(mine["runs"], theirs["runs"], strict=True):
            assert run["same_output"]
            assert run["relocks"] == other["relocks"]
            for name in ("latency_s", "inference_j", "window_j"):
                assert run["executed"][name] == pytest.approx(other["executed"][name], rel=0.02)


def test_a_plan_is_deployed_over_the_wire(reported, folder):
    *_, deployed = reported
    assert deployed.exit_code == 0, deployed.output
    data = json.loads(deployed.stdout)
    plan = Plan.load(folder / "dvfs-small" / "schedule-qos60.json")
    assert data["same_output"] is True
    assert data["executed"]["latency_s"] <= plan.window_s
    assert data["executed"]["window_j"] == pytest.approx(plan.window_j, rel=0.02)
