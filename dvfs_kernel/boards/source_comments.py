"""The comments beside numbers in a source: what a number is, and where it comes from."""

from __future__ import annotations

import ast
import io
import re
import tokenize

__all__ = ["comments_of", "groups_of", "tags_of"]

_HEADING = re.compile(r"^\s*#\s*-{4,}\s*(.+?)\s*-{4,}\s*$")
_ASSIGNED = re.compile(r"^\s*(\w+)\s*[:=]")


def comments_of(source: str) -> dict[str, str]:
    """Return the comment of each assigned name: the lines right above it, and the one behind it.

    A name without one shares that of the name before it, as long as no empty line comes between. A
    comment behind a key of a dictionary is that of ``NAME.key``.
    """
    found: dict[str, str] = {}
    above: list[str] = []
    name, shared, key = "", "", ""
    at_start, is_shared = True, False
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("#: ").strip()
            if text.startswith(("fmt:", "----")):
                continue
            if at_start:
                above.append(text)
            elif name:
                place = f"{name}.{key}" if key else name
                before = "" if is_shared and not key else found.get(place)
                found[place] = " ".join([*filter(None, [before]), text])
                is_shared = is_shared and bool(key)
        elif token.type == tokenize.NL and not token.line.strip():
            above, shared = [], ""
        elif token.type == tokenize.NEWLINE:
            shared = found.get(name, "")
            at_start, above, name, key = True, [], "", ""
        elif token.type == tokenize.STRING and name:
            key = str(ast.literal_eval(token.string))
        elif token.type == tokenize.NAME and at_start:
            name, at_start = token.string, False
            found[name], is_shared = " ".join(above) or shared, not above
    return found


def groups_of(source: str) -> dict[str, str]:
    """Return the heading (``# ---- caches ----``) under which each name is assigned."""
    found: dict[str, str] = {}
    heading = ""
    for line in source.splitlines():
        if titled := _HEADING.match(line):
            heading = titled.group(1)
        elif heading and (assigned := _ASSIGNED.match(line)):
            found.setdefault(assigned.group(1), heading)
    return found


def tags_of(docstring: str) -> dict[str, str]:
    """Return what tags stand for: ``[TAG] meaning.`` and ``**TAG** is meaning;`` of a docstring."""
    text = " ".join(docstring.replace("``", "").split())
    found = dict(re.findall(r"\[(\w+)\] ([^\[]+?)\.?(?= \[|$)", text))
    found |= dict(re.findall(r"\*\*(\w+)\*\* is ((?:[^;.]|\.(?! ))+)", text))
    return found
