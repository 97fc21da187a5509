"""Live widgets for a browser, or still pictures for a page without Python."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["STATIC", "is_static"]

#: Name of the environment variable that asks for still pictures where it is set to ``static``.
VARIABLE: Final = "DVFS_WIDGETS"
STATIC: Final = "static"


def is_static() -> bool:
    """Say whether every panel shows itself as HTML, and works while its cell runs."""
    return os.environ.get(VARIABLE) == STATIC
