"""Commands on Renode, as a user gives them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from json_document import mistakes
from small_model import small_model

from dvfs_kernel.commands.cli import cli

pytestmark = [pytest.mark.board, pytest.mark.usefixtures("pyrenode")]


@pytest.fixture
def dvfs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.tflite").write_bytes(small_model())

    def run(*arguments):
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_the_engines_agree(dvfs):
    Path("page.md").write_text("<!-- dvfs cross-check -->\n<!-- end -->\n")
    text = dvfs(
        "cross-check", "small.tflite", "--json", "--markdown", "page.md", "--table", "cycles.txt"
    )
    data = json.loads(text)
    assert mistakes(data) == []
    assert data["schema"] == "dvfs-kernel/cross-check"
    assert [(c["schedule"], c["fidelity"]) for c in data["comparisons"]] == [
        (schedule, level)
        for level in ("cycles", "fast")
        for schedule in ("one clock", "hops", "relocks")
    ]
    for comparison in data["comparisons"]:
        assert comparison["outputs_equal"]
        assert comparison["traffic_difference"] is None
        assert all(emulation["mips"] > 0 for emulation in comparison["emulation"])
    assert "| relocks | fast | the same | the same |" in Path("page.md").read_text()
    assert all(len(line.split()) == 5 for line in Path("cycles.txt").read_text().splitlines())


def test_the_tables_for_people(dvfs):
    text = dvfs("cross-check", "small.tflite", "--level", "fast", "--hse", "8MHz")
    assert "What has to be the same" in text
    assert "renode:fast" in text
    assert "renode:cycles" not in text


def test_infer_on_renode_in_a_process_of_its_own(tmp_path):
    (tmp_path / "small.tflite").write_bytes(small_model())
    done = subprocess.run(
        [sys.executable, "-m", "dvfs_kernel", "infer", "small.tflite", "--board", "renode",
         "-g", "2", "--lfo", "hse", "--timeline", "sysclk.svg"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "emulated" in done.stdout
    assert (tmp_path / "sysclk.svg").read_text().startswith("<svg")


def test_nothing_is_explored_by_a_mean_cost(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.tflite").write_bytes(small_model())
    result = CliRunner().invoke(
        cli, ["explore", "small.tflite", "--board", "renode", "--no-cache", "-g", "0"]
    )
    assert result.exit_code == 1
    assert "use renode:cycles, or virtual" in result.output


def test_the_main_job_runs_on_renode(tmp_path):
    """What the embedded engine predicts is what Renode executes, in a process of its own."""
    (tmp_path / "small.tflite").write_bytes(small_model())
    done = subprocess.run(
        [sys.executable, "-m", "dvfs_kernel", "run", "small.tflite", "--board", "renode:cycles",
         "--latency", "30ms", "--clocks", "pll:25/216/2,pll:25/150/2", "-g", "0", "4", "--no-cache",
         "--executor", "local:1"],
        cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "missed" not in done.stdout.partition("DVFS, ")[2]
    report = json.loads((tmp_path / "dvfs-small" / "report.json").read_text())
    assert report["board"]["spec"] == "renode:cycles"
    assert all(run["same_output"] for bound in report["bounds"] for run in bound["runs"])
