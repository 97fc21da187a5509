"""Finding Renode and pyrenode3, and telling what to install where one is missing."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from dvfs_kernel.errors import RenodeUnavailableError
from dvfs_kernel.storage.by_content import ByContent

__all__ = ["Installation", "check_version", "find", "find_command", "installed_version"]

#: The first version whose translation blocks, skipped time and UARTs the glue was tried with.
LEAST_VERSION = (1, 16)

_LOCATIONS = ("PYRENODE_BIN", "PYRENODE_PKG", "PYRENODE_BUILD_DIR")
# Where the official mono package installs, and the only place where pyrenode3 looks for it.
_PACKAGE = Path("/opt/renode")
# Where portable builds are unpacked.
_PORTABLE_PLACES = (Path.home(), Path("/opt"), Path("/usr/local"))
_ELF_MAGIC = b"\x7fELF"
_VERSION_TIMEOUT_S = 60.0
_HOW = (
    "Install Renode 1.16 or later from https://github.com/renode/renode/releases (a .deb, .rpm or "
    "pkg.tar.xz package with mono, or the portable .NET build) and pyrenode3 with: "
    "pip install 'pyrenode3 @ git+https://github.com/antmicro/pyrenode3.git'"
)


@dataclass(frozen=True, eq=False)
class Installation(ByContent):
    """A Renode that pyrenode3 can load.

    Parameters
    ----------
    where
        What was found, for messages.
    environment
        Variables that make pyrenode3 load it.
    """

    where: str
    environment: dict[str, str] = field(default_factory=dict)


def find() -> Installation:
    """Return the Renode to use: what pyrenode3's variables name, else what is installed.

    Raises
    ------
    RenodeUnavailableError
        Renode or pyrenode3 is absent, too old, or only half there.
    """
    if importlib.util.find_spec("pyrenode3") is None:
        raise RenodeUnavailableError(f"pyrenode3 is not installed. {_HOW}")
    named = [name for name in _LOCATIONS if os.environ.get(name)]
    if len(named) > 1:
        raise RenodeUnavailableError(
            f"{' and '.join(named)} are set; pyrenode3 takes one of {', '.join(_LOCATIONS)}"
        )
    if named:
        return _named(named[0])
    if shutil.which("renode") is None and (portable := _without_command()) is not None:
        return portable
    command = find_command()
    if Path(command).resolve().read_bytes()[:4] == _ELF_MAGIC:
        environment = {"PYRENODE_BIN": str(Path(command).resolve()), "PYRENODE_RUNTIME": "coreclr"}
        return Installation(f"the portable build {command}", environment)
    _check_mono_package(command)
    return Installation(str(_PACKAGE))


@cache
def installed_version() -> str:
    """Return what tells this Renode from others, for keys; empty where there is none.

    What it says of itself, or for one that pyrenode3's variables name the file and its time.
    """
    try:
        found = find()
    except RenodeUnavailableError:
        return ""
    variable = next((name for name in _LOCATIONS if os.environ.get(name)), None)
    if variable is None:
        program = found.environment.get("PYRENODE_BIN") or find_command()
        return _version_text(program).strip()
    place = Path(os.environ[variable]).resolve()
    return f"{place} of {place.stat().st_mtime_ns}"


def find_command() -> str:
    """Return the command ``renode`` that is on PATH.

    Raises
    ------
    RenodeUnavailableError
        There is none, it does not run, or it is too old.
    """
    command = shutil.which("renode")
    if command is None:
        raise RenodeUnavailableError(f"Renode is not installed: there is no renode on PATH. {_HOW}")
    check_version(_version_text(command))
    return command


def _named(variable: str) -> Installation:
    value = os.environ[variable]
    if not Path(value).exists():
        raise RenodeUnavailableError(f"{variable} is {value!r}, which does not exist. {_HOW}")
    runtime = os.environ.get("PYRENODE_RUNTIME", "mono")
    if runtime not in ("mono", "coreclr"):
        raise RenodeUnavailableError(f"PYRENODE_RUNTIME is {runtime!r}; allowed: mono, coreclr")
    if variable == "PYRENODE_BIN" and runtime != "coreclr":
        raise RenodeUnavailableError(
            "PYRENODE_BIN names a portable build, which needs PYRENODE_RUNTIME=coreclr; "
            f"it is {runtime}"
        )
    _check_runtime(runtime)
    return Installation(f"{variable}={value}")


def _without_command() -> Installation | None:
    """Look where portable builds usually are; a package without its command is an error."""
    if (_PACKAGE / "bin" / "Renode.exe").exists():
        raise RenodeUnavailableError(
            f"{_PACKAGE} is there, but the command renode is not on PATH: the package is only half "
            f"installed. {_HOW}"
        )
    for place in _PORTABLE_PLACES:
        for binary in sorted(place.glob("renode*/renode")):
            if binary.is_file() and binary.read_bytes()[:4] == _ELF_MAGIC:
                environment = {"PYRENODE_BIN": str(binary), "PYRENODE_RUNTIME": "coreclr"}
                check_version(_version_text(str(binary)))
                return Installation(f"the portable build {binary}", environment)
    return None


def _check_mono_package(command: str) -> None:
    if not (_PACKAGE / "bin" / "Renode.exe").exists():
        raise RenodeUnavailableError(
            f"{command} runs, but {_PACKAGE}/bin/Renode.exe is missing, where pyrenode3 looks for "
            f"it. {_HOW}"
        )
    _check_runtime("mono")


def _check_runtime(runtime: str) -> None:
    if runtime == "mono" and shutil.which("mono") is None:
        raise RenodeUnavailableError(
            "this Renode needs mono, and there is no mono on PATH; Debian and Ubuntu have it as "
            "mono-complete"
        )


def _version_text(command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own installation
            [command, "--version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RenodeUnavailableError(
            f"{command} --version does not run: {error}. {_HOW}"
        ) from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise RenodeUnavailableError(
            f"{command} --version ended with code {done.returncode}"
            f"{': ' + said[-1] if said else ''}. {_HOW}"
        )
    return done.stdout


def check_version(text: str) -> None:
    """Verify what Renode says of its version.

    Raises
    ------
    RenodeUnavailableError
        It is too old, or says none.
    """
    found = re.search(r"(?P<major>\d+)\.(?P<minor>\d+)(?:\.\d+)*", text)
    if found is None:
        raise RenodeUnavailableError(f"Renode tells no version, but {text.strip()!r}. {_HOW}")
    if (int(found["major"]), int(found["minor"])) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise RenodeUnavailableError(
            f"Renode {found[0]} is too old: {least} or later is needed. {_HOW}"
        )
