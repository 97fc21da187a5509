"""The tables behind the figures, as CSV and as rows of text for the page."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.report.numbers import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.report.charts import ChartTable

__all__ = ["ShownTable", "csv_text", "shown_tables"]

_ROWS_SHOWN: Final = 60  # on the page; the file has all


@dataclass(frozen=True)
class ShownTable:
    """The first rows of a table as text.

    Parameters
    ----------
    numeric
        Whether a column holds numbers.
    count
        How many rows there are in all.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    count: int


def shown_tables(tables: Sequence[ChartTable]) -> list[ShownTable]:
    """Return what the page shows of each table."""
    return [
        ShownTable(
            table.heads,
            tuple(tuple(_text(value) for value in row) for row in table.rows[:_ROWS_SHOWN]),
            tuple(
                _is_numeric([row[column] for row in table.rows])
                for column in range(len(table.heads))
            ),
            len(table.rows),
        )
        for table in tables
    ]


def csv_text(tables: Sequence[ChartTable]) -> str:
    """Return tables as CSV, an empty line between two of them; numbers keep all their digits."""
    parts = []
    for table in tables:
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.heads)
        writer.writerows(("" if value is None else value for value in row) for row in table.rows)
        parts.append(stream.getvalue())
    return "\n".join(parts)


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in known
    )


def _text(value: Any) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}".replace("-", "−")
    return str(value)
