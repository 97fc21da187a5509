"""Words of a page that lead to the glossary, where they first stand."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from dvfs_kernel.report.glossary import TERMS, Term

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["linked"]

_TAG = re.compile(r"(<[^>]*>)")
_NAME = re.compile(r"</?([a-zA-Z0-9]+)")
# Where a word is no text of ours, or where a link cannot be.
_OPAQUE = frozenset(
    {"a", "code", "dfn", "h1", "h2", "h3", "option", "style", "summary", "svg", "title"}
)
# Where a reader may begin, led there by a link.
_BEGINNINGS = frozenset({"section", "footer"})


def linked(page: str) -> str:
    """Return a page with a link to the glossary at the first place of each word in each section.

    A link's title is the meaning, so that it shows under the pointer; from the keyboard the link
    leads to the entry. A page without an entry of a word keeps the word as it is.
    """
    anchors = {form: term for form, term in _forms().items() if f'id="{term.anchor}"' in page}
    if not anchors:
        return page
    pattern = _pattern(tuple(anchors))
    seen: set[str] = set()
    opaque: list[str] = []
    parts = []
    for part in _TAG.split(page):
        is_tag = part.startswith("<")
        if is_tag:
            _follow(part, opaque, seen)
        is_text = not is_tag and not opaque
        parts.append(
            pattern.sub(lambda match: _link(match, anchors, seen), part) if is_text else part
        )
    return "".join(parts)


def _follow(tag: str, opaque: list[str], seen: set[str]) -> None:
    """Note what a tag opens and closes."""
    named = _NAME.match(tag)
    name = named[1].lower() if named else ""
    if name in _BEGINNINGS and not tag.startswith("</"):
        seen.clear()
    if name not in _OPAQUE or tag.endswith("/>"):
        return
    if not tag.startswith("</"):
        opaque.append(name)
    elif opaque and opaque[-1] == name:
        opaque.pop()


def _link(match: re.Match[str], anchors: Mapping[str, Term], seen: set[str]) -> str:
    term = anchors[match[0]]
    if term.name in seen:
        return match[0]
    seen.add(term.name)
    return f'<a class="term" href="#{term.anchor}" title="{escape(term.meaning)}">{match[0]}</a>'


@cache
def _forms() -> dict[str, Term]:
    return {form: term for term in TERMS for form in (term.name, *term.forms)}


@cache
def _pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile(rf"(?<![\w&-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")
