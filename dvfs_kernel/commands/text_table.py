"""Tables that fit the terminal and lose no cell: they are stacked before anything is left out."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click
from rich.cells import cell_len

from dvfs_kernel.commands.console import printable, terminal_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Column", "TextTable", "left", "right"]

_GAP: Final = "  "
_INDENT: Final = "  "
# The least width of a column whose words are wrapped.
_LEAST_FOLD: Final = 20


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    name
        Its heading.
    is_right
        Whether cells stand at its right edge, as numbers do.
    folds
        Whether its words may go on in further lines.
    spare
        How soon it is left out of a narrow window, the largest first; 0: never.
    """

    name: str
    is_right: bool = False
    folds: bool = False
    spare: int = 0


def left(name: str, *, folds: bool = False, spare: int = 0) -> Column:
    """Return a column of words."""
    return Column(name, folds=folds, spare=spare)


def right(name: str, *, spare: int = 0) -> Column:
    """Return a column of numbers."""
    return Column(name, is_right=True, spare=spare)


class TextTable:
    """Rows under headings.

    In a file or a pipe a table is as wide as its cells. In a terminal that is narrower, words are
    wrapped where they may be. If that is not enough, the column that is least wanted is left out,
    and a last line says so; then the first columns get a line of their own above the others; then
    more is left out; and where even the rest has no room, each cell gets a line with its heading.

    Parameters
    ----------
    columns
        From left to right; a text is a column of words.
    titles
        How many of the first columns say what a row is about.
    heading
        Printed above the table.
    """

    def __init__(self, *columns: Column | str, titles: int = 1, heading: str = "") -> None:
        self._columns = [left(c) if isinstance(c, str) else c for c in columns]
        self._titles = titles
        self._heading = heading
        self._rows: list[tuple[list[str], bool]] = []

    def add_row(self, *cells: str, dim: bool = False) -> None:
        """Append a row, which may stand back behind the others."""
        assert len(cells) == len(self._columns)
        self._rows.append(([printable(cell) for cell in cells], dim))

    def print(self) -> None:
        """Print it."""
        for line in self.lines(terminal_width()):
            click.echo(line)

    def lines(self, width: int | None) -> list[str]:
        """Return the lines of the table, headings and rows with a terminal's colours.

        Parameters
        ----------
        width
            Room in columns; None: as much as it takes.
        """
        above = [self._heading] if self._heading else []
        every = list(range(len(self._columns)))
        spare = sorted((i for i in every if self._columns[i].spare), key=self._spare)
        for shown in (every, [i for i in every if i not in spare[-1:]]):
            if (widths := self._widths(shown, width)) is not None:
                return above + self._flat(shown, widths) + self._left_out(shown, width)
        shown, room = every[self._titles :], (0 if width is None else width) - len(_INDENT)
        while True:
            if shown and (widths := self._widths(shown, room)) is not None:
                return above + self._stacked(shown, widths, width) + self._left_out(shown, width)
            if not spare:
                return above + self._listed(width)
            shown.remove(spare.pop())

    def _spare(self, column: int) -> int:
        return self._columns[column].spare

    def _widths(self, columns: Sequence[int], room: int | None) -> list[int] | None:
        """Return the widths of columns, folded where that is needed; None: there is no room."""
        widths = [
            max(cell_len(self._columns[i].name), *(cell_len(row[i]) for row, _ in self._rows), 0)
            for i in columns
        ]
        if room is None:
            return widths
        over = sum(widths) + len(_GAP) * (len(widths) - 1) - room
        folding = [place for place, i in enumerate(columns) if self._columns[i].folds]
        while over > 0 and folding:
            widest = max(folding, key=lambda place: widths[place])
            if widths[widest] <= _LEAST_FOLD:
                return None
            widths[widest] -= 1
            over -= 1
        return widths if over <= 0 else None

    def _flat(self, columns: Sequence[int], widths: Sequence[int]) -> list[str]:
        lines = self._names(columns, widths)
        for row, dim in self._rows:
            lines += _styled(self._laid_out([row[i] for i in columns], columns, widths), dim=dim)
        return lines

    def _stacked(
        self, columns: Sequence[int], widths: Sequence[int], width: int | None
    ) -> list[str]:
        title = " ".join(c.name for c in self._columns[: self._titles] if c.name)
        lines = [click.style(title, bold=True)] if title else []
        lines += [_INDENT + line for line in self._names(columns, widths)]
        for row, dim in self._rows:
            about = " ".join(cell for cell in row[: self._titles] if cell)
            if about:
                lines += _styled(_wrapped(about, width), dim=dim)
            laid_out = self._laid_out([row[i] for i in columns], columns, widths)
            lines += _styled([_INDENT + line for line in laid_out], dim=dim)
        return lines

    def _listed(self, width: int | None) -> list[str]:
        lines: list[str] = []
        for row, dim in self._rows:
            about = " ".join(cell for cell in row[: self._titles] if cell)
            if about:
                lines += _styled(_wrapped(about, width), dim=dim)
            for column, cell in list(zip(self._columns, row, strict=True))[self._titles :]:
                if cell:
                    named = f"{_INDENT}{column.name}: {cell}" if column.name else _INDENT + cell
                    lines += _styled(_wrapped(named, width), dim=dim)
        return lines

    def _left_out(self, shown: Sequence[int], width: int | None) -> list[str]:
        missing = [
            column.name
            for number, column in enumerate(self._columns)
            if number >= self._titles and number not in shown
        ]
        if not missing:
            return []
        return _wrapped(f"no room for {', '.join(missing)}: a wider window shows them", width)

    def _names(self, columns: Sequence[int], widths: Sequence[int]) -> list[str]:
        names = [self._columns[i].name for i in columns]
        if not any(names):
            return []
        return [click.style(line, bold=True) for line in self._laid_out(names, columns, widths)]

    def _laid_out(
        self, cells: Sequence[str], columns: Sequence[int], widths: Sequence[int]
    ) -> list[str]:
        """Return the lines of a row: one, or more where words are wrapped."""
        parts = [
            _wrapped(cell, width) if cell_len(cell) > width else [cell]
            for cell, width in zip(cells, widths, strict=True)
        ]
        lines = []
        for number in range(max(map(len, parts))):
            padded = []
            for part, i, width in zip(parts, columns, widths, strict=True):
                text = part[number] if number < len(part) else ""
                space = " " * (width - cell_len(text))
                padded.append(space + text if self._columns[i].is_right else text + space)
            lines.append(_GAP.join(padded).rstrip())
        return lines


def _wrapped(text: str, width: int | None) -> list[str]:
    if width is None or cell_len(text) <= width:
        return [text]
    indent = " " * (len(text) - len(text.lstrip()) + len(_INDENT)) if text[0] == " " else ""
    return textwrap.wrap(text, width, subsequent_indent=indent) or [""]


def _styled(lines: Iterable[str], *, dim: bool) -> list[str]:
    return [click.style(line, dim=True) for line in lines] if dim else list(lines)
