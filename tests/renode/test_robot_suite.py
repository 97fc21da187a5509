"""The Robot suite that ships with the platform, run by Renode's own runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

SUITE = Path(__file__).parents[2] / "renode_platform" / "tests" / "nucleo_f767zi.robot"
TIMEOUT_S = 300

pytestmark = pytest.mark.board


@pytest.mark.usefixtures("renode")
def test_the_robot_suite_passes(tmp_path):
    command = shutil.which("renode-test")
    if command is None:
        pytest.skip("renode-test is not on PATH; it comes with Renode's packages")
    if subprocess.run([command, "--help"], capture_output=True, check=False).returncode:
        pytest.skip(
            "renode-test does not start: install what Renode's tests/requirements.txt names"
        )
    done = subprocess.run(
        [command, str(SUITE)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tests finished successfully" in done.stdout
