"""The package's own sources, as part of the name under which what they compute is kept."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["sources_digest"]

_PACKAGE = Path(__file__).parents[1]


@cache
def sources_digest(patterns: tuple[str, ...]) -> str:
    """Return the SHA-256 of files of the package, in hexadecimal digits.

    Parameters
    ----------
    patterns
        Paths within the package, with wildcards.
    """
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(_PACKAGE.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
