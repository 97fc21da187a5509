"""`dvfs doctor` and `dvfs completion`: what somebody asks for who has just installed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import dvfs_kernel as dvfs
from dvfs_kernel.api import doctor as module
from dvfs_kernel.commands.cli import cli


def test_what_is_there_is_told_and_what_is_not_says_how_it_is_had(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(module, "_version", {"numpy": "9.9"}.get)
    found = dvfs.doctor()
    assert found["dvfs-kernel"].found.startswith(dvfs.__version__)
    assert found["Python"].found.startswith(".".join(map(str, sys.version_info[:3])))
    assert "numpy 9.9" in found["computes with"].found
    assert not found["kept runs"].is_there
    missing = found["[nucleo]"]
    assert not missing.is_there
    assert "pip install 'dvfs-kernel[nucleo]'" in missing.adds
    assert [row["name"] for row in found.rows] == [c.name for c in found.components]


def test_kept_runs_are_counted(monkeypatch, tmp_path):
    monkeypatch.setattr("dvfs_kernel.api.arguments.making.default_cache", lambda: tmp_path)
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "run").write_bytes(bytes(3 << 20))
    assert dvfs.doctor()["kept runs"].found.endswith(": 1 files, 3.0 MiB")


def test_a_place_below_home_tells_nobodys_name(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert module._short(tmp_path / ".cache" / "x") == "~/.cache/x"
    assert str(tmp_path) not in module._short(tmp_path / "y")


def test_the_command_prints_all_of_it():
    plain = CliRunner().invoke(cli, ["doctor"])
    assert plain.exit_code == 0, plain.output
    document = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).stdout)
    for component in document["components"]:
        assert component["name"] in plain.stdout
        assert component["is_there"] == bool(component["found"])


# ---- completion --------------------------------------------------------------------------------


def completed(words, monkeypatch):
    monkeypatch.setenv("_DVFS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"dvfs {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" "))))
    done = CliRunner().invoke(cli, [], prog_name="dvfs", complete_var="_DVFS_COMPLETE")
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("inf", ["infer"]),
        ("infer v", ["vww"]),
        ("infer my", ["my.tflite"]),
        ("infer sub", ["sub/"]),
        ("infer sub/", ["sub/a.TFLITE"]),
        ("infer nowhere/", []),
        ("infer vww --board n", ["nucleo"]),
        ("run vww --clocks e", ["edges"]),
        ("infer vww --clock p", ["pll:"]),
        ("run vww --pll-lock t", ["typ"]),
        ("infer vww --idle s", ["sleep", "stop"]),
        ("run vww --lat", ["--latency"]),
    ],
)
def test_what_may_follow_is_completed(words, expected, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.TFLITE").write_bytes(b"")
    (tmp_path / "my.tflite").write_bytes(b"")
    (tmp_path / "my.txt").write_bytes(b"")
    assert completed(words, monkeypatch) == expected


@pytest.mark.parametrize(
    ("shell", "place"),
    [
        ("bash", "data/bash-completion/completions/dvfs"),
        ("zsh", "data/zsh/site-functions/_dvfs"),
        ("fish", "config/fish/completions/dvfs.fish"),
    ],
)
def test_one_command_installs_it(shell, place, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("BASH_COMPLETION_USER_DIR", raising=False)
    monkeypatch.setenv("SHELL", f"/bin/{shell}")
    done = CliRunner().invoke(cli, ["completion", "--install"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(tmp_path / place)
    script = (tmp_path / place).read_text()
    assert script.strip() == CliRunner().invoke(cli, ["completion", shell]).stdout.strip()
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(tmp_path / place)], check=True)


def test_a_shell_that_is_not_known_is_refused(monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    done = CliRunner().invoke(cli, ["completion"])
    assert done.exit_code == 2
    assert "the shell 'tcsh' is none of bash, zsh, fish" in done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="completes in bash, which is not there")
def test_bash_completes_with_what_was_installed(tmp_path):
    script = CliRunner().invoke(cli, ["completion", "bash"]).stdout
    (tmp_path / "dvfs.sh").write_text(script)
    asked = (
        f"source {tmp_path / 'dvfs.sh'}; COMP_WORDS=(dvfs infer fas); COMP_CWORD=2; "
        '_dvfs_completion dvfs; echo "${COMPREPLY[@]}"'
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
    )
    assert done.stdout.strip() == "fashion"
