"""How every file of others is read: size, then depth, then parsing, each with the file's name.

Whoever reads something takes these steps, in this order, by the functions here and in the modules
of single formats beside this one:

1. `read_content` looks at the size before anything else and returns bytes;
2. `check_depth` looks at how deeply text nests, where the format nests;
3. `parsing` runs the parser: whatever it raises becomes one message that names the file;
4. the reader checks what was parsed, and raises its own errors.

The firmware's build imports this module, so it needs the standard library alone.
"""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dvfs_kernel.errors import DvfsError, FileFormatError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["MOST_BYTES", "MOST_DEPTH", "check_depth", "parsing", "read_content", "read_text"]

#: The largest file that is read whole, in bytes, where a format has no limit of its own.
MOST_BYTES: Final = 64 << 20
#: How deeply lists and tables may stand in one another; documents of this package need eight.
MOST_DEPTH: Final = 64

_SHOWN = 200  # characters of what a parser of others says
# Strings whose brackets do not count, then brackets.
_NESTING: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def read_content(
    path: str | os.PathLike[str],
    *,
    most_bytes: int = MOST_BYTES,
    error: type[DvfsError] = FileFormatError,
    os_errors: bool = False,
) -> bytes:
    """Return the bytes of a file that is not too large.

    Parameters
    ----------
    path
        The file; a pipe or a device is read up to the limit.
    most_bytes
        The limit.
    error
        What is raised.
    os_errors
        Whether what the system says of a file that cannot be read is raised as it is.

    Raises
    ------
    DvfsError
        Of the kind `error`: the file is missing, cannot be read, or is larger.
    OSError
        It cannot be read, and that is raised as it is.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as reason:
        if os_errors:
            raise
        raise error(f"cannot read {path}: {reason.strerror or reason}") from reason
    except ValueError as reason:  # a name that no file can have
        raise error(f"cannot read {str(path)!r}: {reason}") from reason
    if len(content) > most_bytes:
        raise error(f"{path} has more than {most_bytes:,} bytes; at most that many are read")
    return content


def read_text(
    path: str | os.PathLike[str],
    *,
    most_bytes: int = MOST_BYTES,
    complaint: str = "",
    error: type[DvfsError] = FileFormatError,
) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Parameters
    ----------
    path, most_bytes, error
        As of `read_content`.
    complaint
        What is said of bytes that are no text, with the file's name.

    Raises
    ------
    DvfsError
        Of the kind `error`: as of `read_content`, or it is no UTF-8.
    """
    content = read_content(path, most_bytes=most_bytes, error=error)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        complaint = complaint or f"{path}: not UTF-8 text"
        raise error(f"{complaint}: byte {reason.start} is no part of UTF-8 text") from reason


def check_depth(text: str, most: int = MOST_DEPTH) -> None:
    """Refuse text whose brackets and braces stand too deeply in one another.

    Raises
    ------
    ValueError
        They do; to be told by `parsing`.
    """
    if text.count("[") + text.count("{") <= most:
        return
    depth = 0
    for match in _NESTING.finditer(text):
        first = match[0][0]
        depth += (first in "[{") - (first in "]}")
        if depth > most:
            raise ValueError(f"it nests more than {most} deep")


@contextmanager
def parsing(complaint: str, error: type[DvfsError] = FileFormatError) -> Iterator[None]:
    """Run a parser of others: whatever it raises becomes one message; its warnings are dropped.

    Parameters
    ----------
    complaint
        The file's name and what is said of it, such as "a.json: not a JSON file"; the parser's
        reason follows.
    error
        What is raised; errors of this package pass as they are.

    Raises
    ------
    DvfsError
        Of the kind `error`: the parser raised something.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DvfsError:
        raise
    # What parsers of others raise on damaged input has no common base.
    except Exception as reason:
        raise error(f"{complaint}: {_told(reason)}") from reason


def _told(reason: Exception) -> str:
    if isinstance(reason, MemoryError):
        return "it asks for more memory than there is"
    if isinstance(reason, RecursionError):
        return "it nests too deeply"
    text = " ".join(str(reason).split()) or type(reason).__name__
    if isinstance(reason, KeyError):
        text = f"it has no {text}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
