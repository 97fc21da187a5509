"""What is installed without any extra starts, whatever the extras would bring."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What needs an extra as a whole: a room, and a module that is imported by those who have the extra.
CLOSED = ("dvfs_kernel.widgets", "dvfs_kernel.approximation.training.torch_training")

PROGRAM = """
import importlib, pkgutil, sys
class Without:
    def __init__(self, finder):
        self._finder = finder

    def __getattr__(self, name):
        return getattr(self._finder, name)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2:]:
            return None
        return self._finder.find_spec(name, path, target)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
import dvfs_kernel
tried = 0
for module in pkgutil.walk_packages(
    dvfs_kernel.__path__, "dvfs_kernel.", onerror=lambda _: None
):
    closed = module.name.startswith(tuple(sys.argv[1].split(",")))
    if not closed and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        tried += 1
from dvfs_kernel.commands.cli import cli
print(tried, flush=True)
cli(["--help"])
"""


def brought_by_extras():
    """Return the modules of the extras; `test` brings those of the others."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}
    named = {
        re.match(r"[\w-]+", line)[0] for key in extras if key != "test" for line in extras[key]
    }
    return sorted(named - needed)


def test_all_but_the_widgets_is_imported_without_an_extra():
    words = [sys.executable, "-c", PROGRAM, ",".join(CLOSED), *brought_by_extras()]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, _, printed = done.stdout.partition("\n")
    assert int(count) > 150
    assert "infer" in printed
