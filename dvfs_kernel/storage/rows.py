"""Rows of plain values: as CSV, as a data frame, as a table in a notebook."""

from __future__ import annotations

import csv
import io
from html import escape
from typing import TYPE_CHECKING, Any

from dvfs_kernel.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Row", "Tabled", "to_csv", "to_html", "to_pandas"]

#: One row; a quantity's name ends with its unit: ``_s``, ``_j``, ``_a``, ``_w``, ``_hz``.
Row = dict[str, Any]

# What a person reads in place of the SI unit, and the factor to it.
_UNITS = {
    "_s": ("ms", 1e3),
    "_j": ("mJ", 1e3),
    "_a": ("mA", 1e3),
    "_w": ("mW", 1e3),
    "_hz": ("MHz", 1e-6),
}
_SHOWN_ROWS = 60


class Tabled:
    """What has rows: they are a data frame where one is wanted, and a table in a notebook."""

    @property
    def rows(self) -> Sequence[Row]:
        """The rows, all with the same keys; a quantity is in the unit that its name ends with."""
        raise NotImplementedError

    def to_pandas(self) -> Any:
        """Return `rows` as a data frame.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        return to_pandas(self.rows)

    def _repr_html_(self) -> str:
        return to_html(repr(self).strip("<>"), self.rows)


def to_csv(rows: Iterable[Row]) -> str:
    """Return rows as CSV with a header; no rows are no text."""
    file = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            # The module quotes what its own end of a line is made of, but readers take both.
            quoting = csv.DictWriter(
                file, list(row), lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC
            )
            writer.writeheader()
        odd = any("\r" in value for value in row.values() if isinstance(value, str))
        (quoting if odd else writer).writerow(row)
    return file.getvalue()


def to_pandas(rows: Iterable[Row]) -> Any:
    """Return rows as a data frame.

    Raises
    ------
    MissingExtraError
        pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise MissingExtraError(
            f"a data frame needs pandas; install it with {MissingExtraError.remedy('pandas')}"
        ) from error
    return pd.DataFrame(list(rows))


def to_html(caption: str, rows: Sequence[Row]) -> str:
    """Return the first rows as a table of HTML, with units that people read.

    Parameters
    ----------
    caption
        What stands above the table.
    rows
        All with the same keys; what is beyond the first sixty is counted, not shown.
    """
    parts = [f"<table><caption>{escape(caption)}</caption>"]
    if rows:
        heads = "".join(f"<th>{escape(_heading(name))}</th>" for name in rows[0])
        parts.append(f"<thead><tr>{heads}</tr></thead>")
    parts += [f"<tr>{_cells(row)}</tr>" for row in rows[:_SHOWN_ROWS]]
    if len(rows) > _SHOWN_ROWS:
        more = f"… {len(rows) - _SHOWN_ROWS:,} more rows"
        parts.append(f"<tr><td colspan='{len(rows[0])}'>{more}</td></tr>")
    return "".join([*parts, "</table>"])


def _heading(name: str) -> str:
    for suffix, (unit, _) in _UNITS.items():
        if name.endswith(suffix):
            return f"{name.removesuffix(suffix).replace('_', ' ')} ({unit})"
    return name.replace("_", " ")


def _cells(row: Mapping[str, Any]) -> str:
    cells = []
    for name, value in row.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        style = " style='text-align:right'" if number else ""
        cells.append(f"<td{style}>{escape(_text(name, value))}</td>")
    return "".join(cells)


def _text(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    factor = next((factor for suffix, (_, factor) in _UNITS.items() if name.endswith(suffix)), None)
    if factor is not None and isinstance(value, int | float):
        return f"{value * factor:,.4f}" if factor > 1 else f"{value * factor:g}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
