"""The files that a user copies to guard latency and energy in CI."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dvfs_kernel.commands.infer import infer

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "ci" / "compare_profiles.py"

PROFILE = {
    "schema": "dvfs-kernel/inference",
    "schema_version": 1,
    "network": {"name": "small"},
    "profile": {
        "totals": {"time_s": 0.1, "energy_j": 0.02, "cycles": 21_600_000},
        "layers": [{"name": "conv", "cycles": 100}, {"name": "add", "cycles": 50}],
    },
    "outputs": [{"name": "out", "values": [1, 2]}],
}


def compare(tmp_path: Path, after: object, *options: str) -> subprocess.CompletedProcess[str]:
    before_file, after_file = tmp_path / "before.json", tmp_path / "after.json"
    before_file.write_text(json.dumps(PROFILE))
    after_file.write_text(json.dumps(after))
    return subprocess.run(
        [sys.executable, SCRIPT, before_file, after_file, *options],
        capture_output=True,
        text=True,
        check=False,
    )


def grown(factor: float) -> dict:
    after = copy.deepcopy(PROFILE)
    after["profile"]["totals"]["energy_j"] *= factor
    return after


def test_an_equal_profile_passes(tmp_path):
    result = compare(tmp_path, PROFILE)
    assert result.returncode == 0, result.stderr
    assert "+0.00 %" in result.stdout


@pytest.mark.parametrize(("factor", "code"), [(1.004, 0), (1.006, 1), (0.5, 0)])
def test_growth_past_the_tolerance_fails(tmp_path, factor, code):
    result = compare(tmp_path, grown(factor), "--tolerance", "0.5")
    assert result.returncode == code
    assert ("energy_j grew" in result.stderr) == bool(code)


def test_another_output_fails(tmp_path):
    after = copy.deepcopy(PROFILE)
    after["outputs"][0]["values"] = [1, 3]
    result = compare(tmp_path, after)
    assert result.returncode == 1
    assert "output tensors differ" in result.stderr


def test_changed_layers_are_named(tmp_path):
    after = copy.deepcopy(PROFILE)
    after["profile"]["layers"] = [{"name": "conv", "cycles": 110}, {"name": "pad", "cycles": 9}]
    result = compare(tmp_path, after)
    assert "conv: +10.00 % cycles" in result.stdout
    assert "new layer pad" in result.stdout


@pytest.mark.parametrize("document", [[], {}, {"schema": "dvfs-kernel/inference"}, "text"])
def test_what_is_no_profile_is_refused(tmp_path, document):
    result = compare(tmp_path, document)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")


def test_two_networks_are_not_compared(tmp_path):
    other = {**PROFILE, "network": {"name": "large"}}
    result = compare(tmp_path, other)
    assert result.returncode == 2
    assert "'small' and 'large'" in result.stderr


def test_infinite_growth_is_growth():
    spec = importlib.util.spec_from_file_location("compare_profiles", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.growth_percent(0, 1) == float("inf")
    assert module.growth_percent(0, 0) == 0


@pytest.mark.parametrize("template", ["github-actions.yml", "gitlab-ci.yml"])
def test_templates_use_options_that_exist(template):
    text = (ROOT / "ci" / template).read_text()
    (command,) = re.findall(r"dvfs infer (.+?) >", text)
    known = {option for parameter in infer.params for option in parameter.opts}
    assert {word for word in command.split() if word.startswith("-")} <= known
    assert "compare_profiles.py tests/baseline.json profile.json" in text


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"schema": ' + "9" * 5000 + "}",
        json.dumps(PROFILE).replace("0.02", "NaN"),
        json.dumps(PROFILE).replace("0.02", "1e999"),
        json.dumps(PROFILE).replace("21600000", "9" * 400),
        json.dumps(PROFILE).replace("100", '"100"'),
        json.dumps(PROFILE).replace('"small"', "5"),
        "\xff",
    ],
)
def test_a_damaged_profile_is_refused_with_its_name(tmp_path, text):
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    before.write_text(json.dumps(PROFILE))
    after.write_text(text, encoding="latin-1")
    done = subprocess.run(
        [sys.executable, SCRIPT, before, after], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "after.json" in done.stderr
    assert "Traceback" not in done.stderr
