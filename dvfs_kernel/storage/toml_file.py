"""Tables as TOML files."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.errors import DvfsError, FileFormatError
from dvfs_kernel.storage.content import check_depth, parsing, read_text

if TYPE_CHECKING:
    import os

__all__ = ["read_toml"]

_MOST_BYTES: Final = 1 << 20  # people write them


def read_toml(
    path: str | os.PathLike[str], error: type[DvfsError] = FileFormatError
) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises
    ------
    DvfsError
        Of the kind `error`: as of `read_text`, or it is no TOML or nests too deeply.
    """
    text = read_text(path, most_bytes=_MOST_BYTES, error=error)
    with parsing(f"{path}: no TOML", error):
        check_depth(text)
        return tomllib.loads(text)
