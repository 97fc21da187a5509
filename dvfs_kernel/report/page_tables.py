"""The tables of a page as CSV: what a person reads there, for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

__all__ = ["page_tables"]

_UNKNOWN = "\u2013"
# Written for eyes: a space that does not break, and a true minus.
_PLAIN = {"\u202f": " ", "\u2212": "-"}


def page_tables(page: str) -> dict[str, str]:
    """Return the CSV of every table of a page, by a name for its file.

    A file has what the page shows, so the two cannot differ; a table is called what its frame is
    called to a screen reader. Tables behind figures are files of the figures.
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return {name: _csv(rows) for name, rows in reader.tables.items()}


def _csv(rows: list[list[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


class _Reader(HTMLParser):
    """Collects the cells of tables in labelled frames."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: dict[str, list[list[str]]] = {}
        self._label = ""
        self._figure = False
        self._rows: list[list[str]] | None = None
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "figure":
            self._figure = True
        elif tag == "div" and values.get("class") == "scroll":
            self._label = values.get("aria-label") or ""
        elif tag == "table" and self._label and not self._figure:
            self._rows = self.tables.setdefault(_slug(self._label), [])
        elif self._rows is not None and tag == "tr":
            self._rows.append([])
        elif self._rows is not None and tag in ("th", "td"):
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td") and self._cell is not None and self._rows:
            self._rows[-1].append(_plain("".join(self._cell)))
            self._cell = None
        elif tag == "table":
            self._rows = None
        elif tag == "figure":
            self._figure = False


def _plain(text: str) -> str:
    for shown, plain in _PLAIN.items():
        text = text.replace(shown, plain)
    text = " ".join(text.split())
    return "" if text == _UNKNOWN else text


def _slug(label: str) -> str:
    """Return a name for a file: letters and digits, with hyphens between."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
