"""The layout of every byte that firmware and host share, read from ``abi.toml``.

Standard library only: the firmware's build runs it where nothing else is installed. Programs use
`dvfs_kernel.link.abi`, which makes NumPy dtypes and enums from the same layout.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.storage.by_content import ByContent

__all__ = ["SCALAR_BYTES", "Field", "Layout", "Struct", "load_layout", "parse_layout"]

SCALAR_BYTES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i8": 1, "i16": 2, "i32": 4}
_WORD_BYTES = 4
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_TYPE = re.compile(r"(?P<base>[a-z][a-z0-9_]*)(?:\[(?P<count>[1-9][0-9]*)\])?\Z")
_PATH = Path(__file__).with_name("abi.toml")


@dataclass(frozen=True)
class Field:
    """A member of a struct.

    Parameters
    ----------
    name
        As in ``abi.toml``.
    base
        A key of `SCALAR_BYTES`, or the name of a struct described earlier.
    count
        Length of the array, None where it is none.
    offset
        Bytes from the start of the struct.
    """

    name: str
    base: str
    count: int | None
    offset: int


@dataclass(frozen=True)
class Struct:
    """A packed little-endian record; `size` in bytes."""

    name: str
    fields: tuple[Field, ...]
    size: int


@dataclass(frozen=True, eq=False)
class Layout(ByContent):
    """All that ``abi.toml`` says, checked; dictionaries keep the order of the file."""

    version: int
    constants: dict[str, int]
    enums: dict[str, dict[str, int]]
    structs: dict[str, Struct]


def load_layout() -> Layout:
    """Read the package's ``abi.toml``."""
    return parse_layout(_PATH.read_text(encoding="utf-8"))


def parse_layout(text: str) -> Layout:
    """Read a layout.

    Raises
    ------
    FileFormatError
        The text is no TOML, a value has the wrong type, or a struct would need padding.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(f"the layout is not TOML: {error}") from error
    structs: dict[str, Struct] = {}
    for name, members in _tables(document, "structs").items():
        structs[_name(name)] = _struct(name, members, structs)
    return Layout(
        version=_number("version", document.get("version")),
        constants=_numbers(document.get("constants", {})),
        enums={
            _name(name): _numbers(members) for name, members in _tables(document, "enums").items()
        },
        structs=structs,
    )


def _tables(document: dict[str, Any], key: str) -> dict[str, dict[str, Any]]:
    tables = document.get(key, {})
    for name, members in tables.items():
        if not isinstance(members, dict) or not members:
            raise FileFormatError(f"{key}.{name} is {members!r}: a table with members is needed")
    return dict(tables)


def _name(name: str) -> str:
    if not _NAME.match(name):
        raise FileFormatError(f"{name!r} is no name: lower-case letters, digits and _ are allowed")
    return name


def _number(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise FileFormatError(f"{name} is {value!r}: an integer in 0 ... 2**32 - 1 is needed")
    return value


def _numbers(members: dict[str, object]) -> dict[str, int]:
    return {_name(name): _number(name, value) for name, value in members.items()}


def _struct(name: str, members: dict[str, object], known: dict[str, Struct]) -> Struct:
    fields = []
    offset = 0
    for member, text in members.items():
        match = _TYPE.match(text) if isinstance(text, str) else None
        base = match["base"] if match else ""
        if match is None or (base not in SCALAR_BYTES and base not in known):
            allowed = ", ".join([*SCALAR_BYTES, *known])
            raise FileFormatError(
                f"{name}.{member} has type {text!r}: "
                f"allowed are {allowed}, each with [n] for an array"
            )
        size = SCALAR_BYTES[base] if base in SCALAR_BYTES else known[base].size
        alignment = min(size, _WORD_BYTES)
        if offset % alignment:
            raise FileFormatError(
                f"{name}.{member} lies at byte {offset}: a multiple of {alignment} is needed"
            )
        count = int(match["count"]) if match["count"] else None
        fields.append(Field(_name(member), base, count, offset))
        offset += size * (count or 1)
    if offset % _WORD_BYTES:
        raise FileFormatError(f"{name} has {offset} bytes: a multiple of {_WORD_BYTES} is needed")
    return Struct(name, tuple(fields), offset)
