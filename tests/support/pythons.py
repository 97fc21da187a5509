"""Every Python on this machine that the package supports, with what it needs to run the engine."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import platformdirs

ROOT = Path(__file__).parents[2]
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_LEAST = tuple(map(int, re.fullmatch(r">=(\d+)\.(\d+)", _PROJECT["requires-python"]).groups()))
#: Pages and charts: nothing that figures come from.
_NOT_NEEDED = ("altair", "jinja2", "vl-convert-python")


def needed():
    """Return the package's dependencies that the engine has."""
    return [d for d in _PROJECT["dependencies"] if not d.startswith(_NOT_NEEDED)]


def _places():
    yield from (sys.executable, sys._base_executable)
    names = [f"python{_LEAST[0]}.{minor}" for minor in range(_LEAST[1], _LEAST[1] + 12)]
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield from (Path(folder) / name for name in ("python3", *names))
    home = Path.home()
    for pattern in (
        ".pyenv/versions/*/bin/python3",
        ".local/share/uv/python/*/bin/python3",
        ".asdf/installs/python/*/bin/python3",
        "miniconda3/envs/*/bin/python3",
    ):
        yield from sorted(home.glob(pattern))


def _version(python):
    try:
        told = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:2], sys.version_info[3])"],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
    except OSError:
        return None
    found = re.fullmatch(r"(\d+) (\d+) final", told.stdout.strip())
    return None if found is None else tuple(map(int, found.groups()))


@cache
def installed():
    """Return the interpreter of each supported version that is installed, this one's first."""
    found = {}
    for place in dict.fromkeys(map(str, _places())):
        if Path(place).is_file() or shutil.which(place):
            version = _version(place)
            if version is not None and version >= _LEAST:
                found.setdefault(version, place)
    return found


def ready(version):
    """Return an interpreter of a version with the engine's dependencies; made once and kept.

    Raises
    ------
    subprocess.CalledProcessError
        They cannot be installed there.
    """
    python = installed()[version]
    if python == sys.executable:
        return python
    digest = hashlib.sha256("\n".join(needed()).encode()).hexdigest()[:12]
    name = f"{version[0]}.{version[1]}-{digest}"
    folder = platformdirs.user_cache_path("dvfs-kernel") / "test-pythons" / name
    done = folder / "done"
    if not done.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True, capture_output=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-compile"]
        subprocess.run([*pip, *needed()], check=True, capture_output=True, text=True)
        done.touch()
    return str(folder / "bin" / "python")
