"""Figures are the same to the last bit in every Python that is installed here."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import pythons

pytestmark = pytest.mark.board

SCRIPT = Path(pythons.__file__).with_name("figures_of_this_python.py")
OTHERS = [version for version in pythons.installed() if version != sys.version_info[:2]]


@cache
def figures(python):
    done = subprocess.run(
        [python, "-W", "error", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_this_python_is_among_those_that_were_found():
    assert next(iter(pythons.installed())) == sys.version_info[:2]


@pytest.mark.parametrize("version", OTHERS, ids=lambda version: "python{}.{}".format(*version))
def test_figures_are_the_same_to_the_last_bit(version):
    try:
        python = pythons.ready(version)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no dependencies for Python {version[0]}.{version[1]}: {error.stderr!s:.300}")
    assert figures(python) == figures(sys.executable)
