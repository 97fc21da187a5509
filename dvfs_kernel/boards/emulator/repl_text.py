"""First pass over a platform description: comments out, indentation turned into braces.

The format lets a writer mark nesting by four spaces of indentation or by braces. This pass leaves
only braces, keeps every character's line, and so gives the parser one form to read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from dvfs_kernel.errors import PlatformDescriptionError

__all__ = ["SPACES_PER_INDENT", "STRING", "Statement", "decorate", "fail"]

SPACES_PER_INDENT = 4
#: A string: of one line in double quotes, of several in three single ones.
STRING = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*\'\'\'', re.DOTALL)


def fail(path: str, line: int, message: str) -> PlatformDescriptionError:
    """Return the error for one place of a file, with its line number from 1."""
    return PlatformDescriptionError(f"{path}:{line}: {message}")


class Statement(str):
    """A statement for Renode's monitor, and where it stands.

    Attributes
    ----------
    path, line : str, int
    """

    __slots__ = ("line", "path")
    path: str
    line: int

    def __new__(cls, text: str, path: str, line: int) -> Self:
        """Keep the place beside the text."""
        self = super().__new__(cls, text)
        self.path, self.line = path, line
        return self


@dataclass
class _Line:
    """A logical line: a physical one, or several that a multi-line string joins."""

    number: int
    text: str
    depth_after: int  # braces open at its end


def decorate(source: str, path: str) -> str:
    """Return the source without comments and with all nesting shown by braces.

    Raises
    ------
    PlatformDescriptionError
        For an open string or comment, unbalanced braces and indentation that is not a multiple of
        four spaces.
    """
    lines = _logical_lines(source.replace("\r\n", "\n").replace("\r", "\n"), path)
    written: list[str] = []
    blank = 0
    previous: _Line | None = None
    previous_indent = 0
    for line in lines:
        if not line.text.strip():
            blank += line.text.count("\n") + 1
            continue
        if previous is None:
            if _indent(line, path) != 0:
                raise fail(path, line.number, "the first entry must not be indented")
        elif previous.depth_after > 0:
            written.append(previous.text)
        else:
            indent = _indent(line, path)
            step = indent - previous_indent
            suffix = "{" * step if step > 0 else "}" * -step + ";"
            written.append(previous.text + suffix)
            previous_indent = indent
        written.extend([""] * blank)
        blank = 0
        previous = line
    if previous is not None:
        closing = "" if previous.depth_after > 0 else "}" * previous_indent
        written.append(previous.text + closing)
    return "\n".join(written)


def _indent(line: _Line, path: str) -> int:
    margin = line.text[: len(line.text) - len(line.text.lstrip())]
    if margin.strip(" "):
        raise fail(path, line.number, "indent with spaces; this line begins with another blank")
    if len(margin) % SPACES_PER_INDENT:
        raise fail(
            path,
            line.number,
            f"indentation of {len(margin)} spaces; it must be a multiple of {SPACES_PER_INDENT}",
        )
    return len(margin) // SPACES_PER_INDENT


def _logical_lines(source: str, path: str) -> list[_Line]:
    """Blank out comments and split into lines, strings kept whole, braces counted."""
    lines: list[_Line] = []
    kept: list[str] = []
    number = first_line = 1
    depth = 0
    at = 0
    while at < len(source):
        char = source[at]
        if char == "\n":
            lines.append(_Line(first_line, "".join(kept), depth))
            kept = []
            number += 1
            first_line = number
            at += 1
            continue
        if char == '"' or source.startswith("'''", at):
            end = _string_end(source, at, number, path)
            kept.append(source[at:end])
            number += source.count("\n", at, end)
            at = end
            continue
        if source.startswith("//", at) and (at == 0 or source[at - 1] in " \t\n/"):
            end = source.find("\n", at)
            at = len(source) if end < 0 else end
            continue
        if source.startswith("/*", at):
            end = source.find("*/", at + 2)
            if end < 0:
                raise fail(path, number, "comment opened with /* is never closed")
            comment = source[at : end + 2]
            at = end + 2
            rest = source[at:].split("\n", 1)[0].strip()
            leads_line = not "".join(kept).strip() or "\n" in comment
            if depth == 0 and leads_line and rest and not rest.startswith("//"):
                line = number + comment.count("\n")
                raise fail(path, line, "outside braces nothing may follow a comment on its line")
            for _ in range(comment.count("\n")):
                lines.append(_Line(first_line, "".join(kept), depth))
                kept = []
                number += 1
                first_line = number
            kept.append(" " * (len(comment) - comment.rfind("\n") - 1))
            continue
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth < 0:
                raise fail(path, number, "closing brace without an opening one")
        kept.append(char)
        at += 1
    lines.append(_Line(first_line, "".join(kept), depth))
    if depth:
        raise fail(path, number, f"{depth} opening brace(s) never closed")
    return lines


def _string_end(source: str, start: int, line: int, path: str) -> int:
    """Return the index behind the string that begins at `start`."""
    match = STRING.match(source, start)
    if match is None:
        raise fail(path, line, "string is never closed")
    return match.end()
