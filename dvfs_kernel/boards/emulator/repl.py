"""Reads Renode platform descriptions (``.repl``), the one description of the board.

The reader knows the whole grammar that platform files use: ``using``, both comment forms, entries
that update earlier ones, every registration form, attributes of every kind of value, interrupt
connections with ranges and several destinations, ``preinit``/``init``/``reset`` sections, and
nesting by indentation or by braces. It knows nothing of the types it reads about. The firmware's
build uses it too, so it needs the standard library alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dvfs_kernel.boards.emulator.repl_parser import (
    EMPTY,
    Empty,
    Entry,
    EnumValue,
    Interrupt,
    NewObject,
    NumberRange,
    Reference,
    RegistrationPoint,
    Value,
    parse,
)
from dvfs_kernel.boards.emulator.repl_text import Statement, fail
from dvfs_kernel.errors import DvfsError, PlatformDescriptionError
from dvfs_kernel.storage.content import read_content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "EMPTY",
    "Empty",
    "EnumValue",
    "Interrupt",
    "NewObject",
    "NumberRange",
    "Peripheral",
    "PlatformDescription",
    "Reference",
    "Registration",
    "Value",
]

_PLACE = "@"
_BUS = "sysbus"  # what nobody declares
_MOST_BYTES = 1 << 20
_MOST_FILES = 256


class Registration(NamedTuple):
    """A place on a parent.

    `address` is None where the parent takes no number (a core on ``sysbus``); `size` is in bytes
    and None where the peripheral's own type knows it.
    """

    parent: str
    address: int | None
    size: int | None


@dataclass
class Peripheral:
    """One named part of the platform, all its entries merged.

    Attributes
    ----------
    name, type : str
        As written, the type with its namespace (``UART.STM32F7_USART``).
    registrations : tuple of Registration
        Empty for a peripheral registered ``@ none`` or not at all.
    attributes : dict
        Attribute name to value.
    interrupts : tuple of Interrupt
        ``(source, target, line)``; disconnected outputs (``-> none``) are left out.
    preinit, init, reset : tuple of Statement
        Statements for Renode's monitor.
    alias : str or None
        The name that the machine gives it, where it differs.
    line, path : int, str
        Where it is declared.
    places : dict
        Path and line of each attribute, by its name, of each interrupt, and of ``"@"``, the entry
        that says where it is.
    """

    name: str
    type: str
    registrations: tuple[Registration, ...]
    attributes: dict[str, Value]
    interrupts: tuple[Interrupt, ...]
    line: int
    path: str
    preinit: tuple[Statement, ...] = ()
    init: tuple[Statement, ...] = ()
    reset: tuple[Statement, ...] = ()
    alias: str | None = None
    places: dict[str | Interrupt, tuple[str, int]] = field(default_factory=dict)

    def fail(self, message: str, at: str | Interrupt | None = None) -> PlatformDescriptionError:
        """Return the error for where the entry is put, or for an attribute or interrupt of it."""
        path, line = self.put_at if at is None else self.places.get(at, self.put_at)
        return fail(path, line, message)

    @property
    def put_at(self) -> tuple[str, int]:
        """Path and line of the entry that says where it is."""
        return self.places.get(_PLACE, (self.path, self.line))


@dataclass
class PlatformDescription:
    """A platform: its peripherals by name, in the order of their declaration.

    Attributes
    ----------
    peripherals : dict
    path : str
        Of the file.
    bus : Peripheral or None
        What is said of ``sysbus``, which nobody declares.
    """

    peripherals: dict[str, Peripheral] = field(default_factory=dict)
    path: str = ""
    bus: Peripheral | None = None

    @classmethod
    def load(cls, path: str | Path, search: Sequence[str | Path] = ()) -> PlatformDescription:
        """Read a file and the files that it uses.

        Parameters
        ----------
        path : str or Path
            The file.
        search : sequence of paths
            Folders for used files whose names do not begin with ``./`` or ``../``; the folder of
            the using file is searched last.

        Raises
        ------
        PlatformDescriptionError
            The file, or one that it uses, is missing, damaged or contradicts itself. The message
            begins with file and line.
        """
        merger = _Merger([Path(folder) for folder in search])
        merger.read(Path(path), ())
        return cls(merger.peripherals(), str(path), merger.bus())

    @classmethod
    def parse(cls, text: str, path: str = "<text>") -> PlatformDescription:
        """Read a description from a string; names it uses are relative to `path`."""
        merger = _Merger([])
        merger.take(text, path, ())
        return cls(merger.peripherals(), path, merger.bus())

    def find_type(self, type_name: str) -> list[Peripheral]:
        """Return the peripherals of a type, with or without its namespace."""
        return [
            peripheral
            for peripheral in self.peripherals.values()
            if type_name in (peripheral.type, peripheral.type.rpartition(".")[2])
        ]

    def __iter__(self) -> Iterator[Peripheral]:
        return iter(self.peripherals.values())


class _Merger:
    """Follows ``using`` and merges the entries of one name."""

    def __init__(self, search: list[Path]) -> None:
        self.search = search
        self.entries: list[tuple[str, str, Entry]] = []  # scoped name, path, entry
        self.files = 0

    def read(self, path: Path, chain: tuple[Path, ...], used_at: tuple[str, int] = ("", 0)) -> None:
        user, _ = used_at
        where = used_at if user else (str(path), 1)
        self.files += 1
        if self.files > _MOST_FILES:
            raise fail(*where, f"more than {_MOST_FILES} files are used")
        try:
            text = read_content(path, most_bytes=_MOST_BYTES).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise fail(str(path), 1, f"not UTF-8 text (byte {error.start})") from error
        except DvfsError as error:
            raise fail(*where, f"{error}{self._advice(used_at)}") from error
        self.take(text, str(path), (*chain, path.resolve()))

    def take(self, text: str, path: str, chain: tuple[Path, ...]) -> None:
        usings, entries = parse(text, path)
        seen = set()
        for name, line in usings:
            try:
                used = self.resolve(name, path)
                real = used.resolve()
            # A name that is too long or has a zero in it, or links in a circle.
            except (OSError, RuntimeError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise fail(path, line, f"cannot read {name!r:.80}: {reason}") from error
            if real in chain:
                raise fail(path, line, f"'{name}' uses itself, directly or through another file")
            if real in seen:
                raise fail(path, line, f"'{name}' is used twice")
            seen.add(real)
            self.read(used, chain, (path, line))
        for entry in entries:
            scope = f"{path}::" if entry.local else ""
            self.entries.append((scope + entry.name, path, entry))

    def _advice(self, used_at: tuple[str, int]) -> str:
        user, _ = used_at
        if not user:
            return ""
        searched = ", ".join(map(str, self.search)) or "none so far"
        return f"; --search (in Python: search) names folders to look in, {searched}"

    def bus(self) -> Peripheral | None:
        """Return what is said of the bus, which needs no declaration."""
        entries = [(path, entry) for name, path, entry in self.entries if name == _BUS]
        return _merge(*entries[0], entries) if entries else None

    def resolve(self, name: str, user: str) -> Path:
        folder = Path(user).parent
        if name.startswith(("./", "../")) or Path(name).is_absolute():
            return folder / name
        for candidate in self.search:
            if (candidate / name).is_file():
                return candidate / name
        return folder / name

    def peripherals(self) -> dict[str, Peripheral]:
        declared: dict[str, tuple[str, Entry]] = {}
        groups: dict[str, list[tuple[str, Entry]]] = {}
        for name, path, entry in self.entries:
            if entry.type is not None:
                if name in declared:
                    first_path, first = declared[name]
                    raise fail(
                        path,
                        entry.line,
                        f"'{entry.name}' is declared twice, first at {first_path}:{first.line}",
                    )
                declared[name] = (path, entry)
            groups.setdefault(name, []).append((path, entry))
        for name, entries in groups.items():
            path, entry = entries[0]
            if name not in declared and name != _BUS:
                raise fail(path, entry.line, f"'{entry.name}' is updated but nowhere declared")
        found = {}
        known = {name.rpartition("::")[2] for name in declared} | {_BUS}
        for name, (path, entry) in declared.items():
            found[name.rpartition("::")[2]] = _merge(path, entry, groups[name])
        for entries in groups.values():
            _check_references(entries, known)
        return found


def _merge(path: str, declaration: Entry, entries: list[tuple[str, Entry]]) -> Peripheral:
    points: list[RegistrationPoint] = []
    attributes: dict[str, Value] = {}
    by_source: dict[str | int | None, list[Interrupt]] = {}
    sections: dict[str, list[Statement]] = {"preinit": [], "init": [], "reset": []}
    places: dict[str | Interrupt, tuple[str, int]] = {}
    alias = None
    for file, entry in entries:
        if entry.registrations is not None:
            points = entry.registrations
            alias = entry.alias
            places[_PLACE] = file, entry.line
        attributes.update(entry.attributes)
        places.update({name: (file, line) for name, line in entry.attribute_lines.items()})
        fresh: dict[str | int | None, list[Interrupt]] = {}
        for interrupt, line in entry.interrupts:
            places[interrupt] = file, line
            fresh.setdefault(interrupt.source, []).append(interrupt)
        by_source.update(fresh)
        for section, (addition, statements) in entry.sections.items():
            sections[section] = (sections[section] if addition else []) + statements
    return Peripheral(
        name=declaration.name,
        type=declaration.type or "",
        registrations=tuple(_registration(p) for p in points if p.parent is not None),
        attributes=attributes,
        interrupts=tuple(i for each in by_source.values() for i in each if i.target is not None),
        line=declaration.line,
        path=path,
        preinit=tuple(sections["preinit"]),
        init=tuple(sections["init"]),
        reset=tuple(sections["reset"]),
        alias=alias,
        places=places,
    )


def _registration(point: RegistrationPoint) -> Registration:
    parent = str(point.parent)
    value = point.point
    if isinstance(value, NumberRange):
        return Registration(parent, value.begin, value.end - value.begin)
    if isinstance(value, int) and not isinstance(value, bool):
        return Registration(parent, value, None)
    if isinstance(value, NewObject):
        numbers = {
            key: number for key, number in value.attributes.items() if isinstance(number, int)
        }
        return Registration(parent, numbers.get("address"), numbers.get("size"))
    return Registration(parent, None, None)


def _check_references(entries: list[tuple[str, Entry]], known: set[str]) -> None:
    for path, entry in entries:
        for interrupt, line in entry.interrupts:
            target = (interrupt.target or "sysbus").partition("#")[0]
            if target not in known:
                raise fail(path, line, f"interrupt goes to '{target}', which is nowhere declared")
        for point in entry.registrations or ():
            if point.parent is not None and point.parent not in known:
                raise fail(
                    path, entry.line, f"registered at '{point.parent}', which is nowhere declared"
                )
        for name, value in entry.attributes.items():
            for reference in _references(value):
                if reference not in known:
                    raise fail(
                        path,
                        entry.attribute_lines[name],
                        f"'{name}' refers to '{reference}', which is nowhere declared",
                    )


def _references(value: Value) -> Iterator[str]:
    if isinstance(value, Reference):
        yield value.name
    elif isinstance(value, NewObject):
        for inner in value.attributes.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _references(key)
            yield from _references(inner)
