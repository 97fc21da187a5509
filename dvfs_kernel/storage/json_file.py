"""Documents as JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    import os

__all__ = ["write_json"]


def write_json(path: str | os.PathLike[str], document: Any) -> Path:
    """Write plain values as a JSON file that appears whole or not at all; return its path."""
    target = Path(path)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(target, text.encode())
    return target
