"""The site, built once for all tests, whichever process they are in."""

import fcntl
import os
import subprocess
import sys

import pytest
from site_pages import Site
from small_model import small_model


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site-of-the-tests"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "built").exists():
            model = place / "small.tflite"
            model.write_bytes(small_model(48, 1))
            build(place / "site", model, place / "cache")
            (place / "built").touch()
    return Site(place / "site")


def build(folder, model, cache):
    """Run the command; warnings are errors, and of the notebooks there is one, for speed."""
    script = (
        "from dvfs_kernel.commands.cli import main\n"
        "from dvfs_kernel.widgets import gallery\n"
        "every = gallery.find_notebooks()\n"
        "gallery.find_notebooks = lambda: every[:1]\n"
        "main()\n"
    )
    words = ["docs", "-o", str(folder), "--check", "--no-open", "--network", str(model)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder / 'index.html'}\n"
    assert done.stderr == ""
