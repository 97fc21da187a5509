"""What makes runs: this package as it is installed here, by which results can be told apart."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import asdict, dataclass
from functools import cache
from typing import Self

from dvfs_kernel import __version__
from dvfs_kernel.image.firmware import FIRMWARE
from dvfs_kernel.storage.sources import libraries_behind, package_digest, sources_digest

__all__ = ["Origin", "model_digest"]

# What makes a run; and Renode finds by itself what it hosts.
_MAKERS = ("dvfs_kernel.exploration.runs.worker", "renode_platform.*")


def model_digest() -> str:
    """Return the SHA-256 of what decides over cycles and joules, in hexadecimal digits.

    All sources that make a run, with all their parameters, and the libraries that they use.
    """
    return sources_digest(*_MAKERS)


@dataclass(frozen=True)
class Origin:
    """An installation of the package.

    Parameters
    ----------
    version
        Of the package.
    sources
        SHA-256 of its code.
    libraries
        Names and versions of the libraries that runs are made with.
    parameters
        SHA-256 of what decides over cycles and joules, as `model_digest` tells it.
    firmware
        SHA-256 of the firmware that comes with it; empty where it is not built.
    python
        Version of the interpreter, for people: results do not depend on it.
    """

    version: str
    sources: str
    libraries: str
    parameters: str
    firmware: str
    python: str

    @classmethod
    def here(cls) -> Self:
        """Return this process's."""
        found = _here()
        return cls(**found)

    def difference(self, other: Origin) -> str | None:
        """Tell in what another one would make other results, with both values; None: in nothing."""
        for name in ("version", "sources", "libraries", "parameters", "firmware"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                if name == "libraries":
                    mine, theirs = _only(mine, theirs), _only(theirs, mine)
                return f"{name} {_short(theirs)}, here {_short(mine)}"
        return None

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)


def _only(these: str, those: str) -> str:
    """Return the libraries that are in these and not in those."""
    return ", ".join(name for name in these.split(", ") if name not in those.split(", "))


def _short(value: str) -> str:
    """Return a value for people: of a digest the beginning."""
    return (value if " " in value else value[:12]) or "none"


@cache
def _here() -> dict[str, str]:
    firmware = FIRMWARE.read_bytes() if FIRMWARE.is_file() else b""
    return {
        "version": __version__,
        "sources": package_digest(),
        "libraries": ", ".join(
            f"{name} {found}" for name, found in libraries_behind(*_MAKERS).items()
        ),
        "parameters": model_digest(),
        "firmware": hashlib.sha256(firmware).hexdigest() if firmware else "",
        "python": ".".join(map(str, sys.version_info[:3])),
    }
