"""The grammar of platform descriptions: text with braces in, entries out."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple, Never

from dvfs_kernel.boards.emulator.repl_text import STRING, Statement, decorate, fail
from dvfs_kernel.storage.by_content import ByContent

__all__ = [
    "EMPTY",
    "Empty",
    "Entry",
    "EnumValue",
    "Interrupt",
    "NewObject",
    "NumberRange",
    "Reference",
    "RegistrationPoint",
    "Value",
    "parse",
]

_KEYWORDS = frozenset(
    (
        *("using", "new", "as", "preinit", "init", "reset", "local"),
        *("true", "True", "false", "False", "none", "empty"),
    )
)
_MAX_DEPTH = 64
_MAX_DIGITS = 24
_NUMBER = re.compile(r"-?0x[0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*|-?[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MAX_RANGE = 4096


class Reference(NamedTuple):
    """The name of another entry."""

    name: str


class EnumValue(NamedTuple):
    """An enumeration's member; a shorthand (``.F7``) has one part and an empty first."""

    parts: tuple[str, ...]


class NumberRange(NamedTuple):
    """Addresses from `begin` up to, not including, `end`."""

    begin: int
    end: int


@dataclass(frozen=True)
class Empty:
    """The value ``empty``: the default of whatever type is wanted."""


EMPTY = Empty()


class Interrupt(NamedTuple):
    """A connection from an output of a peripheral to a line of another.

    `source` is the output's name, its number, or None for the only one. `target` is the
    receiver's name, with ``#index`` where the receiver has several sets of lines. `line` is the
    receiver's line; a `target` of None disconnects the source.
    """

    source: str | int | None
    target: str | None
    line: int


@dataclass(frozen=True, eq=False)
class NewObject(ByContent):
    """An object made in place: ``new Type { ... }``."""

    type: str
    attributes: dict[str, Value]
    interrupts: tuple[Interrupt, ...] = ()


Value = (
    int | float | str | bool | None | Reference | EnumValue | NumberRange | Empty | NewObject
    | list["Value"] | dict["Value", "Value"]
)  # fmt: skip


class RegistrationPoint(NamedTuple):
    """Where an entry is attached: a parent's name (None for ``@ none``) and a point on it."""

    parent: str | None
    point: Value


@dataclass
class Entry:
    """One entry of one file, before entries of the same name are merged."""

    name: str
    line: int
    type: str | None = None
    local: bool = False
    alias: str | None = None
    registrations: list[RegistrationPoint] | None = None
    attributes: dict[str, Value] = field(default_factory=dict)
    attribute_lines: dict[str, int] = field(default_factory=dict)
    interrupts: list[tuple[Interrupt, int]] = field(default_factory=list)
    # section name ("preinit", "init", "reset") to (is an addition, statements)
    sections: dict[str, tuple[bool, list[Statement]]] = field(default_factory=dict)


def parse(source: str, path: str) -> tuple[list[tuple[str, int]], list[Entry]]:
    """Return the files used, with their lines, and the entries of one description.

    Raises
    ------
    PlatformDescriptionError
        Names the file, the line, what was expected and what was found.
    """
    return _Parser(decorate(source, path), path).description()


class _Parser:
    """Recursive descent over decorated text."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.at = 0
        self.depth = 0
        self.line_starts = [0] + [i + 1 for i, char in enumerate(text) if char == "\n"]

    # ---- tokens ----

    def line(self) -> int:
        return bisect_right(self.line_starts, self.at)

    def fail(self, expected: str) -> Never:
        self.skip_blanks()
        # Indentation has become braces; the writer has not written those at the end of a line.
        rest = self.text[self.at :].split("\n", 1)[0].strip().rstrip("{};").rstrip()
        found = f"'{rest[:40]}'" if rest else "the end of the line"
        raise fail(self.path, self.line(), f"expected {expected}, found {found}")

    def skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def peek(self, symbol: str) -> bool:
        self.skip_blanks()
        return self.text.startswith(symbol, self.at)

    def accept(self, symbol: str) -> bool:
        if not self.peek(symbol):
            return False
        self.at += len(symbol)
        return True

    def expect(self, symbol: str, where: str) -> None:
        if not self.accept(symbol):
            self.fail(f"'{symbol}' {where}")

    def peek_word(self) -> str | None:
        self.skip_blanks()
        match = _IDENTIFIER.match(self.text, self.at)
        return match.group() if match else None

    def accept_word(self, word: str) -> bool:
        if self.peek_word() != word:
            return False
        self.at += len(word)
        return True

    def identifier(self, what: str) -> str:
        word = self.peek_word()
        if word is None or word in _KEYWORDS:
            self.fail(what)
        self.at += len(word)
        return word

    def number(self, what: str) -> int | float:
        self.skip_blanks()
        match = _NUMBER.match(self.text, self.at)
        if not match:
            self.fail(what)
        digits = match.group().replace("_", "")
        if len(digits) > _MAX_DIGITS:
            self.fail(f"{what} of at most {_MAX_DIGITS} digits")
        self.at = match.end()
        if "0x" in digits:
            return int(digits, 16)
        return float(digits) if "." in digits else int(digits)

    def natural(self, what: str) -> int:
        number = self.number(what)
        if not isinstance(number, int) or number < 0:
            self.fail(f"{what}, a non-negative whole number,")
        return number

    def string(self) -> str:
        self.skip_blanks()
        match = STRING.match(self.text, self.at)
        if match is None:
            self.fail("'\"' that opens a string")
        self.at = match.end()
        if match[0][0] == '"':
            return re.sub(r'\\(["\\])', r"\1", match[0][1:-1])
        return match[0][3:-3].replace("\\'''", "'''")

    def type_name(self) -> str:
        parts = [self.identifier("a type name")]
        while self.text.startswith(".", self.at):
            self.at += 1
            parts.append(self.identifier("the rest of the type name"))
        return ".".join(parts)

    # ---- grammar ----

    def description(self) -> tuple[list[tuple[str, int]], list[Entry]]:
        usings = []
        while self.accept_word("using"):
            line = self.line()
            usings.append((self.string(), line))
            self.skip_blanks()
            if self.at < len(self.text):
                self.expect(";", "after a using")
        entries: list[Entry] = []
        self.skip_blanks()
        while self.at < len(self.text):
            if entries:
                self.expect(";", "or a new line between entries")
            entries.append(self.entry())
            self.skip_blanks()
        return usings, entries

    def entry(self) -> Entry:
        local = self.accept_word("local")
        self.skip_blanks()
        line = self.line()
        entry = Entry(self.identifier("the name of an entry"), line, local=local)
        self.expect(":", f"after the name '{entry.name}'")
        word = self.peek_word()
        if word is not None and word != "as":
            entry.type = self.type_name()
        if self.accept("@"):
            entry.registrations = self.registrations()
        if self.accept_word("as"):
            entry.alias = self.string()
        if self.peek("{"):
            self.attributes(entry)
        elif entry.type is None and entry.registrations is None:
            self.fail(f"a type, a registration or attributes for '{entry.name}'")
        return entry

    def registrations(self) -> list[RegistrationPoint]:
        if self.accept_word("none"):
            return [RegistrationPoint(None, None)]
        if not self.accept("{"):
            return [self.registration()]
        points = [self.registration()]
        while self.accept(";"):
            if self.peek("}"):
                break
            points.append(self.registration())
        self.expect("}", "after the registrations")
        return points

    def registration(self) -> RegistrationPoint:
        parent = self.identifier("the peripheral to register at")
        self.skip_blanks()
        end_of_point = self.at >= len(self.text) or self.text[self.at] in ";{}"
        if end_of_point or self.peek_word() == "as":
            return RegistrationPoint(parent, None)
        return RegistrationPoint(parent, self.value(dictionary=False))

    def attributes(self, entry: Entry) -> None:
        self.expect("{", "before the attributes")
        while not self.accept("}"):
            self.attribute(entry)
            if not self.accept(";"):
                self.expect("}", "or ';' after an attribute")
                return

    def attribute(self, entry: Entry) -> None:
        self.skip_blanks()
        line = self.line()
        word = self.peek_word()
        if word in ("preinit", "init", "reset"):
            self.section(entry, word)
            return
        if word is not None and word not in _KEYWORDS:
            start = self.at
            self.at += len(word)
            if self.accept(":"):
                if word in entry.attributes:
                    raise fail(self.path, line, f"attribute '{word}' is given twice")
                entry.attributes[word] = self.attribute_value()
                entry.attribute_lines[word] = line
                return
            self.at = start
        for interrupt in self.interrupts():
            entry.interrupts.append((interrupt, line))

    def attribute_value(self) -> Value:
        if self.accept_word("none"):
            return None
        if self.accept_word("empty"):
            return EMPTY
        return self.value()

    def section(self, entry: Entry, word: str) -> None:
        line = self.line()
        self.at += len(word)
        addition = self.accept_word("add")
        self.expect(":", f"after '{word}'")
        self.expect("{", f"before the statements of '{word}'")
        if word in entry.sections:
            raise fail(self.path, line, f"section '{word}' is given twice")
        statements = []
        while True:
            statements.append(self.statement())
            if not self.accept(";"):
                break
        self.expect("}", f"after the statements of '{word}'")
        entry.sections[word] = (addition, [text for text in statements if text])

    def statement(self) -> Statement:
        """Return the text of one monitor statement; only quotes have a meaning in it."""
        self.skip_blanks()
        start, line = self.at, self.line()
        while self.at < len(self.text) and self.text[self.at] not in ";{}":
            if self.text[self.at] == '"':
                self.string()
            else:
                self.at += 1
        return Statement(self.text[start : self.at].strip(), self.path, line)

    def value(self, *, dictionary: bool = True) -> Value:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise fail(self.path, self.line(), f"values nest deeper than {_MAX_DEPTH}")
        try:
            return self._value(dictionary=dictionary)
        finally:
            self.depth -= 1

    def _value(self, *, dictionary: bool) -> Value:
        if self.peek('"') or self.peek("'''"):
            return self.string()
        for opening, read in (
            ("<", self.number_range),
            ("[", self.list_value),
            ("{", self.dictionary),
        ):
            if (dictionary or opening != "{") and self.accept(opening):
                return read()
        word = self.peek_word()
        if word == "new":
            return self.new_object()
        if word is not None or self.peek("."):
            return self.word_value()
        return self.number("a value")

    def word_value(self) -> Value:
        for word in ("true", "True", "false", "False"):
            if self.accept_word(word):
                return word in {"true", "True"}
        first = "" if self.peek(".") else self.identifier("a value")
        parts = [first]
        while self.text.startswith(".", self.at):
            self.at += 1
            parts.append(self.identifier("the rest of the enumeration value"))
        return EnumValue(tuple(parts)) if len(parts) > 1 else Reference(first)

    def number_range(self) -> NumberRange:
        begin = self.natural("the begin of a range")
        self.expect(",", "between the ends of a range")
        relative = self.accept("+")
        end = self.natural("the end of a range")
        if relative:
            end += begin
        if end < begin:
            raise fail(
                self.path, self.line(), f"range <{begin:#x}, {end:#x}> ends before it begins"
            )
        self.expect(">", "after a range")
        return NumberRange(begin, end)

    def list_value(self) -> Value:
        values: list[Value] = []
        while not self.accept("]"):
            values.append(EMPTY if self.accept_word("empty") else self.value())
            if not self.accept(","):
                self.expect("]", "or ',' in a list")
                break
        return values

    def dictionary(self) -> Value:
        pairs: dict[Value, Value] = {}
        while not self.accept("}"):
            line = self.line()
            key = self.value(dictionary=False)
            if isinstance(key, (list, NewObject)):
                raise fail(self.path, line, "a dictionary's key must be a plain value")
            self.expect(":", "after a dictionary's key")
            pairs[key] = self.value()
            if not self.accept(";"):
                self.expect("}", "or ';' in a dictionary")
                break
        return pairs

    def new_object(self) -> NewObject:
        self.accept_word("new")
        entry = Entry("", self.line(), type=self.type_name())
        if self.peek("{"):
            self.attributes(entry)
        interrupts = tuple(interrupt for interrupt, _ in entry.interrupts)
        return NewObject(str(entry.type), entry.attributes, interrupts)

    # ---- interrupts ----

    def interrupts(self) -> list[Interrupt]:
        line = self.line()
        sources: list[str | int | None] = [None]
        if not self.peek("->"):
            sources = self.ends("an attribute or an interrupt output", names=True)
        self.expect("->", "before an interrupt's destination")
        if self.accept_word("none"):
            return [Interrupt(source, None, 0) for source in sources]
        found = self.destination(sources, line)
        while self.accept("|") or self.peek_word() is not None:
            found += self.destination(sources, line)
        return found

    def destination(self, sources: list[str | int | None], line: int) -> list[Interrupt]:
        target = self.identifier("the peripheral that receives the interrupt")
        if self.accept("#"):
            target += f"#{self.natural('the set of lines')}"
        self.expect("@", f"between '{target}' and its line")
        lines = self.ends("the line of the interrupt", names=False)
        if len(lines) != len(sources):
            raise fail(
                self.path,
                line,
                f"{len(sources)} interrupt output(s) but {len(lines)} line(s) of '{target}'",
            )
        return [
            Interrupt(source, target, int(end or 0))
            for source, end in zip(sources, lines, strict=True)
        ]

    def ends(self, what: str, *, names: bool) -> list[str | int | None]:
        if not self.accept("["):
            return self.end(what, names=names)
        found = self.end(what, names=names)
        while self.accept(","):
            found += self.end(what, names=names)
            if len(found) > _MAX_RANGE:
                raise fail(self.path, self.line(), f"more than {_MAX_RANGE} interrupts in a list")
        self.expect("]", "after a list of interrupts")
        return found

    def end(self, what: str, *, names: bool) -> list[str | int | None]:
        if names and self.peek_word() is not None:
            return [self.identifier(what)]
        first = self.natural(what)
        if self.peek("->") or not self.accept("-"):
            return [first]
        last = self.natural("the last of a range of interrupts")
        if abs(last - first) > _MAX_RANGE:
            raise fail(self.path, self.line(), f"range of interrupts {first}-{last} is too long")
        step = 1 if last >= first else -1
        return list(range(first, last + step, step))
