"""The README's sample output is what its command prints, to the last digit; its program runs."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dvfs_kernel.commands.cli import cli

pytestmark = pytest.mark.board

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One folder of runs for the command and the program, as they share the user's."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def kept_apart(cache, monkeypatch):
    """Leave the user's own cache alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


def words(line):
    return line.split()


def test_the_sample_output_is_real(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["run", "vww"])
    assert result.exit_code == 0, result.stderr
    printed = [words(line) for line in result.stdout.splitlines()]
    (sample,) = re.findall(r"```text\n(.+?)```", README.read_text(), re.DOTALL)
    quoted = [words(line) for line in sample.splitlines()]
    assert len(quoted) == 10
    assert [line for line in quoted if line not in printed] == []
    left = {path.name for path in (tmp_path / "dvfs-vww").iterdir()}
    plans = {f"schedule-qos{qos}.json" for qos in (10, 30, 50)}
    made = {"report.html", "report.json", "exploration.csv", "figures", "tables", "continue.ipynb"}
    assert left == {*made, *plans}


def test_the_program_runs(capsys):
    (program,) = re.findall(r"```python\n(.+?)```", README.read_text(), re.DOTALL)
    lines = [line for line in program.splitlines() if line]
    assert len(lines) <= 10
    exec(compile(program, README.name, "exec"), {"__name__": "__main__"})  # noqa: S102  our own text
    first, *layers = capsys.readouterr().out.splitlines()
    assert 0 < float(first) < 0.01
    assert len(layers) == 55
    assert all(re.fullmatch(r"\S+ +[\d.]+ µJ at \S+", line) for line in layers)
