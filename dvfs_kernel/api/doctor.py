"""``dvfs.doctor``: what is installed here, and what each part that is missing would add."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvfs_kernel.errors import DvfsError, MissingExtraError
from dvfs_kernel.storage import rows as tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dvfs_kernel.storage.rows import Row

__all__ = ["Component", "DoctorResult", "doctor"]

# Distributions that compute results: their versions are worth a line in a report of a fault.
_COMPUTING = ("numpy", "numba", "networkx", "unicorn", "capstone", "tflite")
# Extras of this package, the distribution that tells whether one is there, and what it adds.
_EXTRAS = (
    ("notebooks", "jupyterlab", "the notebooks: dvfs lab, dvfs gallery"),
    ("nucleo", "pyocd", "programming a Nucleo, where OpenOCD and st-flash are missing"),
    ("dask", "distributed", "runs on other computers: --executor dask://host:port"),
    ("parquet", "pyarrow", "current samples as Parquet files"),
    ("joulescope", "pyjls", "a Joulescope's own files in dvfs trace"),
    ("pandas", "pandas", "results as data frames"),
    ("docs", "sphinx", "this documentation as a site: dvfs docs"),
)
_COMPILERS = ("arm-none-eabi-gcc",)
_PROGRAMMERS = ("openocd", "st-flash", "pyocd")
_GIB = 1 << 30


@dataclass(frozen=True)
class Component:
    """Something that is there, or is not.

    Parameters
    ----------
    name
        What it is.
    is_there
        Whether it is.
    found
        Version, place or size; empty where it is not there.
    adds
        What it is for, or how it is had.
    """

    name: str
    is_there: bool
    found: str
    adds: str = ""


@dataclass(frozen=True, repr=False)
class DoctorResult(tables.Tabled):
    """What was found.

    Parameters
    ----------
    components
        What is needed first, then what may be there.
    """

    components: tuple[Component, ...]

    def __repr__(self) -> str:
        there = len([component for component in self.components if component.is_there])
        return f"<Doctor: {there} of {len(self.components)} are there>"

    @property
    def rows(self) -> list[Row]:
        """One row a component."""
        return [asdict(component) for component in self.components]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {"components": self.rows}

    def __getitem__(self, name: str) -> Component:
        return next(component for component in self.components if component.name == name)


def doctor() -> DoctorResult:
    """Tell what is installed here: for a look after installing, and to paste into a report.

    Nothing is opened, programmed or written. Names of users and computers are not told; places
    below the home folder begin with ``~``.
    """
    return DoctorResult((*_machine(), *_parts(), *_boards(), *_extras()))


def _machine() -> Iterator[Component]:
    from dvfs_kernel import __version__

    yield Component("dvfs-kernel", True, f"{__version__}, in {_short(Path(__file__).parents[1])}")
    yield Component("Python", True, f"{platform.python_version()}, {_short(Path(sys.executable))}")
    yield Component("system", True, platform.platform())
    cores = os.cpu_count() or 1
    yield Component("cores", True, str(cores), "so many processes make runs: --executor local:N")
    yield Component("memory", True, _memory(), "each of them takes some 250 MiB")
    versions = ", ".join(f"{name} {_version(name) or '–'}" for name in _COMPUTING)
    yield Component("computes with", True, versions)
    yield _cache()


def _cache() -> Component:
    from dvfs_kernel.api.arguments.making import default_cache

    folder = default_cache()
    count = size_bytes = 0
    for place, _, names in os.walk(folder):
        for name in names:
            count += 1
            size_bytes += (Path(place) / name).lstat().st_size
    found = f"{_short(folder)}: {count:,} files, {size_bytes / (1 << 20):.1f} MiB" if count else ""
    adds = "runs are made once; the folder may be deleted at any time"
    return Component("kept runs", count > 0, found, adds)


def _parts() -> Iterator[Component]:
    """Yield what other programs bring."""
    from dvfs_kernel.boards.renode import installation

    adds = "the same firmware on another engine: --board renode, dvfs cross-check"
    try:
        found = installation.find()
    except DvfsError as error:
        yield Component("Renode", False, "", f"{adds}. {error}")
    else:
        yield Component("Renode", True, found.where, adds)
    compilers = _on_path(_COMPILERS)
    has_zig = _version("ziglang")
    found_all = ([f"ziglang {has_zig}"] if has_zig else []) + compilers
    yield Component(
        "compiler",
        bool(found_all),
        ", ".join(found_all),
        "only for building the firmware anew: the package brings it built",
    )


def _boards() -> Iterator[Component]:
    from dvfs_kernel.api.boards import list_boards

    found = [f"{board.board} at {board.port}" for board in list_boards().boards if board.port]
    adds = "measuring on silicon: --board nucleo, dvfs measure"
    yield Component("Nucleo", bool(found), ", ".join(found), adds)
    programmers = _on_path(_PROGRAMMERS)
    adds = "programming a Nucleo: dvfs flash, --board nucleo"
    yield Component("programmer", bool(programmers), ", ".join(programmers), adds)


def _extras() -> Iterator[Component]:
    for extra, distribution, adds in _EXTRAS:
        version = _version(distribution)
        how = "" if version else f": {MissingExtraError.remedy(extra)}"
        found = f"{distribution} {version}" if version else ""
        yield Component(f"[{extra}]", version is not None, found, adds + how)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _on_path(names: tuple[str, ...]) -> list[str]:
    return [_short(Path(place)) for name in names if (place := shutil.which(name))]


def _short(path: Path) -> str:
    """Return a path that tells nobody's name."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):  # elsewhere; there is no home
        return str(path)


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on every system
        return "unknown"
    return f"{total / _GIB:.1f} GiB"
