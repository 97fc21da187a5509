"""A schedule says which HSE it counts on, and brings it, wherever it comes from."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from small_model import small_model

import dvfs_kernel as dvfs
from dvfs_kernel.commands.cli import cli

pytestmark = pytest.mark.board

HSE_HZ = 8_000_000


def test_a_schedule_brings_its_hse(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.tflite").write_bytes(small_model(8, 1))
    network = dvfs.load("small.tflite")
    schedule = dvfs.Schedule.uniform(len(network.layers), HSE_HZ)
    Path("s.json").write_text(schedule.to_json())
    for board in ("virtual", dvfs.BoardSpec.parse("virtual")):
        result = dvfs.infer(network, board=board, schedule="s.json", progress=False)
        assert result.schedule == schedule
    printed = CliRunner().invoke(cli, ["infer", "small.tflite", "--schedule", "s.json"])
    assert printed.exit_code == 0, printed.output
    with (
        dvfs.open_board("virtual") as board,
        pytest.raises(dvfs.ScheduleError, match="counts on an HSE of 8 MHz; the board virtual is"),
    ):
        dvfs.infer(network, board=board, schedule=schedule, progress=False)
