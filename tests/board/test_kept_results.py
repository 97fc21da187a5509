"""What makes a result that is kept is in the key under which it is kept: nothing is stale.

Keys are computed from import statements. Here the work is done, and watched without them.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import traced_work

from dvfs_kernel.approximation.accuracy import kept as judgements
from dvfs_kernel.approximation.search import kept_arrays
from dvfs_kernel.exploration.runs import origin
from dvfs_kernel.image.code import kept_code
from dvfs_kernel.storage.sources import files_behind, libraries_behind

pytestmark = pytest.mark.board

MODULES = {
    "make_run": origin._MAKERS,
    "judge_pictures": judgements._MODULES,
    "assess": kept_arrays._MODULES,
    "make_code": kept_code._MODULES,
}
#: Read, but in the key as what they are: the firmware that is flashed.
IN_THE_KEY = {"firmware.elf"}


@pytest.fixture(scope="module")
def seen():
    """What each work ran and read, in a process where nothing was done before."""
    done = subprocess.run(
        [sys.executable, traced_work.__file__], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def outside(told, modules):
    """Return what ran or was read and is not behind some modules: files, then libraries."""
    files = {Path(path) for path in told["files"]}
    assert len(files) > 5
    assert "numpy" in told["libraries"]
    return (
        {path.name for path in files - set(files_behind(*modules))} - IN_THE_KEY,
        set(told["libraries"]) - set(libraries_behind(*modules)),
    )


def test_every_work_is_watched():
    assert set(MODULES) == set(traced_work.WORKS)


@pytest.mark.parametrize("work", MODULES)
def test_all_that_makes_a_result_is_in_its_key(seen, work):
    assert outside(seen[work], MODULES[work]) == (set(), set())


def test_what_is_not_in_a_key_is_seen(seen):
    files, libraries = outside(seen["make_run"], ["dvfs_kernel.image.image"])
    assert {"spec.py", "virtual.py", "pipeline.py", "stm32f767.repl"} <= files
    assert {"unicorn"} <= libraries
