"""The source as a whole: style, types, and the commands that the README promises."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clang_format import get_executable

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]],
    ids=["lint", "format", "types"],
)
def test_the_source_is_clean(command):
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def unformatted(sources):
    """What clang-format would write otherwise; its place is that of the first change."""
    command = [get_executable("clang-format"), "--dry-run", "--Werror", "--ferror-limit=1"]
    done = subprocess.run(
        [*command, *map(str, sources)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stderr if done.returncode else ""


def test_c_has_one_format():
    assert (ROOT / ".clang-format").is_file()
    folders = ("firmware", "tests", "benchmarks", "dvfs_kernel", "renode_platform")
    sources = [path for name in folders for path in sorted((ROOT / name).rglob("*.[ch]"))]
    assert {"clock.c", "matrix_steps.h", "kernel_bench.c", "fuzz.c", "harness.c"} <= {
        source.name for source in sources
    }
    assert unformatted(sources) == ""


def test_c_of_another_format_is_named(tmp_path):
    shutil.copy(ROOT / ".clang-format", tmp_path)
    source = tmp_path / "odd.c"
    source.write_text("int main(void)\n{\n  return 0;\n}\n")
    assert "odd.c:1:" in unformatted([source])


def test_ci_runs_the_command_of_the_readme():
    commands = re.findall(r"```bash\n(.+?)\n```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tests,) = [command for command in commands if "pytest" in command]
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    assert script[-1] == tests
    assert [line for line in script if "pytest" in line] == [tests]
