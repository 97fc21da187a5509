"""A chart for a column as narrow as a telephone: panels one below another, words in lines."""

from __future__ import annotations

import textwrap
from typing import Any, Final

__all__ = ["COLUMN_PX", "ROOMY", "narrow"]

#: How wide a drawing may be: a screen of 360 pixels less a page's margins.
COLUMN_PX: Final = 328
#: Style of a mark that a narrow drawing has no room for.
ROOMY: Final = "roomy"

_LINE = 52  # characters of a line of text
_GRADIENT_PX = 200
_BAND_PX = 52  # of a bar whose name takes up to four lines
_TITLE = 34  # characters of a line below a plot
_TICKS = 5
_LEGENDS = ("color", "fill", "stroke", "shape", "size", "opacity", "strokeDash")
# Vega's expression: a name of several words gets a line break about every twelve characters.
_WRAPPED = r"split(replace(datum.label, regexp('(.{9,14}?) ', 'g'), '$1\n'), '\n')"


def narrow(value: Any, width: int) -> Any:
    """Return a Vega-Lite specification whose panels are all so wide and stand below each other.

    Parameters
    ----------
    value
        The specification, or a part of one.
    width
        Of the plot in pixels, without axes and what stands beside it.
    """
    if isinstance(value, list):
        kept = [part for part in value if not _is_roomy(part)]
        return [narrow(part, width) for part in kept]
    if not isinstance(value, dict):
        return value
    found = {key: narrow(part, width) for key, part in value.items() if key != "data"}
    if "data" in value:
        found["data"] = value["data"]  # rows are not looked into
    if "hconcat" in found:
        found = {"vconcat" if key == "hconcat" else key: part for key, part in found.items()}
    if isinstance(found.get("width"), (int, float)):
        found["width"] = width
    if "facet" in found and "columns" in found:
        found["columns"] = 1
    if isinstance(found.get("height"), dict) and "step" in found["height"]:
        found["height"] = {"step": max(found["height"]["step"], _BAND_PX)}
    if "encoding" in found:
        found["encoding"] = _encoding(found["encoding"])
    if "title" in found and ("mark" in found or _is_view(found)):
        found["title"] = _title(found["title"])
    return found


def _is_roomy(part: Any) -> bool:
    mark = part.get("mark") if isinstance(part, dict) else None
    return isinstance(mark, dict) and mark.get("style") == ROOMY


def _is_view(value: dict[str, Any]) -> bool:
    return any(key in value for key in ("layer", "vconcat", "spec", "facet"))


def _title(title: Any) -> Any:
    if isinstance(title, str):
        return textwrap.wrap(title, _LINE) or title
    if not isinstance(title, dict):
        return title
    return {
        **title,
        **{part: _lines(title[part]) for part in ("text", "subtitle") if part in title},
    }


def _lines(text: str | list[str]) -> list[str]:
    lines = [text] if isinstance(text, str) else text
    return [part for line in lines for part in textwrap.wrap(line, _LINE)]


def _encoding(encoding: dict[str, Any]) -> dict[str, Any]:
    found = dict(encoding)
    for channel in _LEGENDS:
        given = found.get(channel)
        if isinstance(given, dict) and "field" in given and given.get("legend", {}) is not None:
            legend = dict(given.get("legend") or {})
            if given.get("type") == "quantitative":
                legend["gradientLength"] = _GRADIENT_PX
            if isinstance(given.get("title"), str):
                found[channel] = given = {**given, "title": textwrap.wrap(given["title"], _LINE)}
            legend.update(columns=1 if channel != "size" else 3, titleLimit=300, labelLimit=270)
            found[channel] = {**given, "legend": legend}
    x = found.get("x")
    if isinstance(x, dict) and isinstance(x.get("title"), str):
        found["x"] = {**x, "title": textwrap.wrap(x["title"], _TITLE)}
        if x.get("type") == "quantitative" and x.get("axis", {}) is not None:
            found["x"]["axis"] = {"tickCount": _TICKS, **(x.get("axis") or {})}
    y = found.get("y")
    if isinstance(y, dict) and y.get("type") == "nominal" and y.get("axis", {}) is not None:
        found["y"] = {**y, "axis": {"labelExpr": _WRAPPED, **(y.get("axis") or {})}}
    return found
