"""Installs wheel and source archive, each into a fresh environment, and runs what is installed.

python .github/scripts/try_archives.py dist

The commands run in an empty folder, so nothing of a checkout can stand in for a file that an
archive lacks. Both archives have to give the same cycles, joules and output bytes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

from check_archives import archives

WHERE = "import dvfs_kernel; print(dvfs_kernel.__version__, dvfs_kernel.__file__)"
BUILT_IN = ("vww", "person_detection", "mobilenet_v2", "lenet", "alexnet", "fashion")


def call(folder: Path, *command: str | Path) -> str:
    """Run a command in a folder, with the user's settings and caches out of reach."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    caches = {"XDG_CACHE_HOME": str(folder.parent / "cache")}
    began = time.monotonic()
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=kept | caches,
        capture_output=True,
        text=True,
        check=False,
    )
    words = " ".join([Path(command[0]).name, *map(str, command[1:])])
    print(f"{time.monotonic() - began:6.1f} s  {words}", flush=True)
    if done.returncode:
        sys.exit(f"error: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(condition: object, message: str) -> None:
    """End with a message where a condition does not hold."""
    if not condition:
        sys.exit(f"error: {message}")


def attempt(archive: Path) -> dict[str, Any]:
    """Install one archive and run it; return what an inference told."""
    print(archive.name)
    version = archive.name.removeprefix("dvfs_kernel-").split("-")[0].removesuffix(".tar.gz")
    with tempfile.TemporaryDirectory() as name:
        environment, empty = Path(name) / "env", Path(name) / "empty"
        venv.create(environment, with_pip=True)
        empty.mkdir()
        python, dvfs = environment / "bin" / "python", environment / "bin" / "dvfs"
        call(empty, python, "-m", "pip", "install", "--quiet", archive.resolve())
        found, place = call(empty, python, "-c", WHERE).split()
        expect(found == version, f"the package has version {found}, the archive {version}")
        expect(Path(place).is_relative_to(environment), f"the package was read from {place}")
        told = call(empty, dvfs, "--version")
        expect(version in told, f"dvfs --version says {told!r}")
        listed = call(empty, dvfs, "networks")
        expect(all(network in listed for network in BUILT_IN), f"dvfs networks says {listed!r}")
        document = json.loads(call(empty, dvfs, "infer", "vww", "--json"))
        left = sorted(path.name for path in empty.iterdir())
        expect(not left, f"files were left in the folder: {', '.join(left)}")
        return {key: document[key] for key in ("profile", "outputs")}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: try_archives.py FOLDER")
    of_wheel, of_source = (attempt(archive) for archive in archives(Path(sys.argv[1])))
    expect(of_wheel == of_source, "wheel and source archive do not compute the same")
    totals = of_wheel["profile"]["totals"]
    print(f"both run vww in {totals['cycles']} cycles and {totals['energy_j'] * 1e3:.3f} mJ")
