"""Looks into wheel and source archive: what has to be there, and what must not.

python .github/scripts/check_archives.py dist
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path

PACKAGES = ("dvfs_kernel/", "renode_platform/")
NOTEBOOKS = "dvfs_kernel/widgets/notebooks/"
ELFS = ("dvfs_kernel/image/firmware.elf", "dvfs_kernel/evidence/validation/benchmarks.elf")
ELF_MAGIC = b"\x7fELF"

IN_WHEEL = (
    *ELFS,
    "dvfs_kernel/__init__.pyi",
    "dvfs_kernel/approximation/data/fashion_mnist_sample.npz",
    "dvfs_kernel/commands/cli.py",
    "dvfs_kernel/link/abi.pyi",
    "dvfs_kernel/link/abi.toml",
    "dvfs_kernel/py.typed",
    "dvfs_kernel/report/report.schema.json",
    "dvfs_kernel/report/templates/report.html",
    "dvfs_kernel/report/templates/style.css",
    f"{NOTEBOOKS}1-clocks.ipynb",
    "renode_platform/devices/attach.py",
    "renode_platform/ironpython/host.py",
    "renode_platform/nucleo_f767zi.repl",
    "renode_platform/nucleo_f767zi.resc",
    "renode_platform/stm32f767.repl",
)
IN_SOURCE = (
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "benchmarks/results.py",
    "ci/compare_profiles.py",
    "docs/architecture.md",
    "docs/images/window-energy.svg",
    "firmware/benchmarks/harness.c",
    "firmware/build.py",
    "firmware/hatch_build.py",
    "firmware/kernels/kernels.c",
    "firmware/link.ld",
    "firmware/src/start/startup.c",
    "notebooks/1-clocks.ipynb",
    "pyproject.toml",
    "tests/conftest.py",
    "tests/support/device_host.py",
    "tests/unit/test_docs.py",
)
# Leftovers of work in a tree, and what serves the project's own forge alone.
NOT_THERE = re.compile(r"(^|/)(__pycache__|build|dist|\.(?!gitignore$)[^/]+)(/|$)")


def names_in_wheel(archive: Path) -> list[str]:
    """Return the files of a wheel."""
    with zipfile.ZipFile(archive) as wheel:
        return [name for name in wheel.namelist() if not name.endswith("/")]


def names_in_source(archive: Path) -> list[str]:
    """Return the files of a source archive, without the folder that holds all of them."""
    with tarfile.open(archive) as source:
        return [item.name.partition("/")[2] for item in source if item.isfile()]


def complaints(wheel: Path, source: Path) -> list[str]:
    """Return what is wrong with a pair of archives."""
    in_wheel, in_source = names_in_wheel(wheel), names_in_source(source)
    found = [f"the wheel lacks {name}" for name in IN_WHEEL if name not in in_wheel]
    found += [f"the source archive lacks {name}" for name in IN_SOURCE if name not in in_source]
    for name in in_source:
        place = name.replace("notebooks/", NOTEBOOKS) if name.startswith("notebooks/") else name
        if place.startswith(PACKAGES) and place not in in_wheel:
            found.append(f"the wheel lacks {place}, in the source archive {name}")
        if name.endswith(".elf") or NOT_THERE.search(name):
            found.append(f"the source archive has {name}")
    for name in in_wheel:
        if not name.startswith(PACKAGES) and ".dist-info/" not in name:
            found.append(f"the wheel has {name}, outside of its packages")
        elif NOT_THERE.search(name) or (name.endswith(".elf") and name not in ELFS):
            found.append(f"the wheel has {name}")
    with zipfile.ZipFile(wheel) as archive:
        for name in set(ELFS) & set(in_wheel):
            if not archive.read(name).startswith(ELF_MAGIC):
                found.append(f"{name} of the wheel is no ELF file")
    return found


def archives(folder: Path) -> tuple[Path, Path]:
    """Return the wheel and the source archive of a folder, of which it has one each."""
    wheels, sources = list(folder.glob("*.whl")), list(folder.glob("*.tar.gz"))
    if (len(wheels), len(sources)) != (1, 1):
        sys.exit(
            f"error: {folder} has {len(wheels)} wheels and {len(sources)} source archives; "
            "one of each is allowed"
        )
    return wheels[0], sources[0]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: check_archives.py FOLDER")
    pair = archives(Path(sys.argv[1]))
    if problems := complaints(*pair):
        sys.exit("error: " + "\nerror: ".join(problems))
    print(f"{pair[0].name} and {pair[1].name} hold what they should")
