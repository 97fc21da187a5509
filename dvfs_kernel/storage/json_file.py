"""Documents as JSON files."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dvfs_kernel.errors import DvfsError, FileFormatError
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.content import check_depth, parsing, read_content

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["load_json", "parse_json", "read_json", "write_json"]

# The largest document, of a study of a large network, has 3 MB; one of nothing but empty lists may
# take twenty times its size in memory.
_MOST_BYTES: Final = 32 << 20
_MOST_DIGITS: Final = 20  # of a whole number: 64 bits
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")

Made = TypeVar("Made")


def read_json(
    path: str | os.PathLike[str],
    *,
    complaint: str = "",
    error: type[DvfsError] = FileFormatError,
    os_errors: bool = False,
) -> Any:
    """Return the values of a JSON file.

    Parameters
    ----------
    complaint
        As of `parse_json`; by default that it is not a JSON file.
    error, os_errors
        As of `read_content`.

    Raises
    ------
    DvfsError
        Of the kind `error`: as of `read_content` and `parse_json`.
    OSError
        As of `read_content`.
    """
    content = read_content(path, most_bytes=_MOST_BYTES, error=error, os_errors=os_errors)
    return parse_json(content, complaint or f"{path}: not a JSON file", error)


def load_json(
    path: str | os.PathLike[str],
    make: Callable[[Any], Made],
    error: type[DvfsError] = FileFormatError,
) -> Made:
    """Return what is made of the values of a JSON file; an error of `make` names the file, too.

    Raises
    ------
    DvfsError
        Of the kind `error`: as of `read_json`, or what `make` says.
    OSError
        The file cannot be read.
    """
    data = read_json(path, error=error, os_errors=True)
    try:
        return make(data)
    except error as wrong:
        raise error(f"{path}: {wrong}") from wrong


def parse_json(
    data: str | bytes,
    complaint: str,
    error: type[DvfsError] = FileFormatError,
    *,
    constants: bool = False,
) -> Any:
    """Return the values of a JSON text.

    Parameters
    ----------
    complaint
        As of `parsing`.
    error
        What is raised.
    constants
        Whether NaN and infinities pass, as Python writes them; JSON has none.

    Raises
    ------
    DvfsError
        Of the kind `error`: it is no JSON, nests too deeply, or has a number that is beyond 64
        bits, infinite or none, or text that is none.
    """
    with parsing(complaint, error):
        text = data if isinstance(data, str) else data.decode()
        check_depth(text)
        constant = float if constants else _refuse_constant
        values = json.loads(text, parse_int=_whole, parse_float=_real, parse_constant=constant)
        if _SURROGATE.search(text):  # halves of a character, which nothing can write or show
            json.dumps(values, ensure_ascii=False).encode()
    return values


def write_json(path: str | os.PathLike[str], document: Any) -> Path:
    """Write plain values as a JSON file that appears whole or not at all; return its path."""
    target = Path(path)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(target, text.encode())
    return target


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(
            f"it has a number of {len(digits)} digits; at most {_MOST_DIGITS} are allowed"
        )
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits:.30} is beyond every number; at most 1.8e308 is allowed")
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number; null is allowed where a value is unknown")
