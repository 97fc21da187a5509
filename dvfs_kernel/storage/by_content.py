"""Equality, hash and digest of values by what they hold, arrays and tables among it.

The firmware's build imports this module, so it needs the standard library alone.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["ByContent", "content_digest"]


class ByContent:
    """A dataclass with arrays or tables, whose own comparison would raise.

    It is ``@dataclass(frozen=True, eq=False)``. Two are equal where they are of one class and equal
    to the last bit.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self is other or content_digest(self) == content_digest(other)

    def __hash__(self) -> int:
        return hash(content_digest(self))


def content_digest(value: object, without: Collection[str] = ()) -> str:
    """Return the SHA-256 of a value, in hexadecimal digits: equal for equal values and no others.

    Parameters
    ----------
    value
        Dataclasses, tuples, lists, tables, arrays, and what its text tells.
    without
        Fields of dataclasses that do not count.
    """
    digest = hashlib.sha256()
    for piece in _content(value, without):
        digest.update(piece)
    return digest.hexdigest()


def _content(value: Any, without: Collection[str]) -> Iterator[bytes]:
    if is_dataclass(value):
        yield type(value).__name__.encode()
        for field in fields(value):
            if field.name not in without:
                yield from _content(getattr(value, field.name), without)
    elif isinstance(value, tuple | list):
        yield f"{'(' if isinstance(value, tuple) else '['}{len(value)}".encode()
        for entry in value:
            yield from _content(entry, without)
    elif isinstance(value, Mapping):
        # Tables are equal in any order.
        yield f"{{{len(value)}".encode()
        entries = (content_digest(entry, without).encode() for entry in value.items())
        yield from sorted(entries)
    elif _is_array(value):
        yield f"{value.dtype.str}{value.shape}".encode()
        yield value.tobytes()
    else:
        yield f"{value!r};".encode()


def _is_array(value: object) -> bool:
    # Who has one has loaded NumPy.
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)
