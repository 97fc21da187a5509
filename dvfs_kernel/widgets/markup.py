"""Small pieces of HTML: tables, messages, links to download."""

from __future__ import annotations

import base64
import re
from html import escape
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Kind", "download", "message", "table"]

Kind = Literal["note", "good", "error"]

# As panels write them, some with a unit.
_NUMBER = re.compile(r"[+-]?\d[\d,.]*( (%|ms|mW|µJ))?|")
_WORDS = {"note": "", "good": "✓ ", "error": "✗ "}


def message(text: str, kind: Kind = "note") -> str:
    """Return a message; screen readers say it when it appears.

    Parameters
    ----------
    text
        Plain text; line breaks stay.
    """
    role = "alert" if kind == "error" else "status"
    return f'<div class="dvfs-message {kind}" role="{role}">{_WORDS[kind]}{escape(text)}</div>'


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str | float | int]],
    *,
    scrolls: bool = False,
) -> str:
    """Return a table; numbers stand right, formatted by the caller or with ``:,``."""
    numeric = [
        bool(rows) and all(_is_number(row[column]) for row in rows) for column in range(len(heads))
    ]

    def cell(tag: str, value: str | float, column: int) -> str:
        text = value if isinstance(value, str) else f"{value:,}"
        attributes = ' class="number"' if numeric[column] else ""
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{attributes}{scope}>{escape(text)}</{tag}>"

    head = "".join(cell("th", text, column) for column, text in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(cell("td", value, column) for column, value in enumerate(row)) + "</tr>"
        for row in rows
    )
    html = (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )
    return f'<div class="dvfs-scroll" tabindex="0">{html}</div>' if scrolls else html


def _is_number(value: str | float) -> bool:
    return not isinstance(value, str) or bool(_NUMBER.fullmatch(value))


def download(name: str, data: bytes, media_type: str, text: str) -> str:
    """Return a link that saves bytes under a name: they are in the page already."""
    content = base64.b64encode(data).decode()
    return (
        f'<a class="button" download="{escape(name)}" '
        f'href="data:{media_type};base64,{content}">{escape(text)}</a>'
    )
