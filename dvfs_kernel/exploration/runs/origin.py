"""What makes runs: this package as it is installed here, by which results can be told apart."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import asdict, dataclass
from functools import cache
from typing import Self

from dvfs_kernel import __version__
from dvfs_kernel.exploration.runs.workload import model_digest
from dvfs_kernel.image.firmware import FIRMWARE
from dvfs_kernel.storage.sources import sources_digest

__all__ = ["Origin"]

_SOURCES = ("**/*.py", "**/*.toml")


@dataclass(frozen=True)
class Origin:
    """An installation of the package.

    Parameters
    ----------
    version
        Of the package.
    sources
        SHA-256 of its code.
    parameters
        SHA-256 of what decides over cycles and joules: the engine, the device models with all
        their parameters, and the version of Unicorn.
    firmware
        SHA-256 of the firmware that comes with it; empty where it is not built.
    python
        Version of the interpreter, for people: results do not depend on it.
    """

    version: str
    sources: str
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
        for name in ("version", "sources", "parameters", "firmware"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                return f"{name} {theirs[:12] or 'none'}, here {mine[:12] or 'none'}"
        return None

    def to_dict(self) -> dict[str, str]:
        """Return plain values."""
        return asdict(self)


@cache
def _here() -> dict[str, str]:
    firmware = FIRMWARE.read_bytes() if FIRMWARE.is_file() else b""
    return {
        "version": __version__,
        "sources": sources_digest(_SOURCES),
        "parameters": model_digest().hex(),
        "firmware": hashlib.sha256(firmware).hexdigest() if firmware else "",
        "python": ".".join(map(str, sys.version_info[:3])),
    }
