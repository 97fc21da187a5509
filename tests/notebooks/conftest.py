"""A small network for notebooks and panels, and a place for their runs."""

import os

import pytest
from small_model import small_model


@pytest.fixture(scope="session")
def small_network(tmp_path_factory):
    """A network whose inference takes some milliseconds, as a file."""
    path = tmp_path_factory.mktemp("network") / "small.tflite"
    path.write_bytes(small_model(48, 1))
    return path


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """One folder of runs for all tests, whichever process they are in."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "runs"


@pytest.fixture(autouse=True)
def kept_apart(cache, monkeypatch):
    """Leave the user's own cache and settings alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.delenv("DVFS_WIDGETS", raising=False)
