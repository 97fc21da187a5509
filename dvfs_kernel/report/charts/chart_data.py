"""The table behind a chart: what it draws, in rows, under the titles of its axes and legends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.report.charts.narrow import ROOMY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import altair as alt

__all__ = ["BARE", "ChartTable", "chart_tables"]

#: Style of a mark whose rows are those of another one, drawn otherwise.
BARE: Final = "bare"

_PARTS = ("layer", "vconcat", "hconcat", "concat")


@dataclass(frozen=True)
class ChartTable:
    """Rows of one kind: text, numbers, truths, or None.

    Parameters
    ----------
    heads
        What each column is, with its unit.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def chart_tables(chart: alt.TopLevelMixin | Mapping[str, Any]) -> list[ChartTable]:
    """Return the data of every mark of a chart, one table for each set of columns.

    Parameters
    ----------
    chart
        A chart, or its Vega-Lite specification with the rows in it.
    """
    plain = chart if isinstance(chart, dict) else chart.to_dict(validate=False)  # type: ignore[union-attr]
    found: dict[tuple[str, ...], dict[str, tuple[Any, ...]]] = {}
    heads: dict[tuple[str, ...], dict[str, str]] = {}
    named = plain.get("datasets", {})
    for unit, data in _units(plain, {}):
        values = data.get("values") or named.get(data.get("name"))
        names = _heads(unit.get("encoding", {}))
        if not values or not names:
            continue
        fields = tuple(values[0])
        heads.setdefault(fields, {}).update(
            {name: title for name, title in names.items() if name in values[0]}
        )
        kept = found.setdefault(fields, {})
        for row in values:
            kept.setdefault(json.dumps(row, default=str), tuple(row.get(f) for f in fields))
    tables = []
    for fields, rows in found.items():
        shown = [place for place, field in enumerate(fields) if field in heads[fields]]
        if shown:
            tables.append(
                ChartTable(
                    tuple(heads[fields][fields[place]] for place in shown),
                    tuple(dict.fromkeys(tuple(row[k] for k in shown) for row in rows.values())),
                )
            )
    return sorted(tables, key=lambda table: -len(table.heads))


def _units(value: Mapping[str, Any], data: Any) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Yield each view with a mark, and where its rows are."""
    data = value.get("data") or data
    mark = value.get("mark")
    if mark is not None and not (isinstance(mark, dict) and mark.get("style") in (BARE, ROOMY)):
        yield value, data
    if "spec" in value:
        yield from _units(value["spec"], data)
    for part in _PARTS:
        for each in value.get(part, ()):
            yield from _units(each, data)


def _heads(encoding: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a view and what each is called; a tooltip's name is the plainest."""
    found: dict[str, str] = {}
    channels = [
        each
        for name, channel in encoding.items()
        if name != "tooltip"
        for each in (channel if isinstance(channel, list) else [channel])
    ]
    tips = encoding.get("tooltip", [])
    for channel in [*(tips if isinstance(tips, list) else [tips]), *channels]:
        field = channel.get("field")
        if field and (channel.get("title") or field not in found):
            found.setdefault(field, channel.get("title") or field)
            if "(" in str(channel.get("title") or ""):
                found[field] = channel["title"]  # the one with a unit
    return found
