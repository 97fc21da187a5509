"""The README's sample output is what the README's command prints, to the last digit."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dvfs_kernel.commands.cli import cli

pytestmark = pytest.mark.board

README = Path(__file__).parents[2] / "README.md"


def words(line):
    return line.split()


def test_the_sample_output_is_real(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["run", "vww", "--no-cache"])
    assert result.exit_code == 0, result.stderr
    printed = [words(line) for line in result.stdout.splitlines()]
    (sample,) = re.findall(r"```text\n(.+?)```", README.read_text(), re.DOTALL)
    quoted = [words(line) for line in sample.splitlines()]
    assert len(quoted) == 10
    assert [line for line in quoted if line not in printed] == []
    left = {path.name for path in (tmp_path / "dvfs-vww").iterdir()}
    plans = {f"schedule-qos{qos}.json" for qos in (10, 30, 50)}
    assert left == {"report.html", "report.json", "exploration.csv", "figures", *plans}
