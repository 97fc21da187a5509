"""Charts as files: SVG for pages, PNG for slides. No browser and no network."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from typing import Any

import altair as alt
import vl_convert

from dvfs_kernel.report.charts.narrow import COLUMN_PX, narrow
from dvfs_kernel.report.charts.theme import config

__all__ = ["on_background", "to_narrow_svg", "to_png", "to_svg"]

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
# The renderer carries several versions of Vega-Lite; "v6.4.1" is "6.4" to it.
_VEGA_LITE = alt.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]
_LONG_FRACTION = re.compile(r"(\d+\.\d{2})\d+")
# What XML has no way to say; a name of a layer may.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_PLOT_PX, _LEAST_PLOT_PX = 262, 60  # of a narrow drawing, beside axes
_GEOMETRY = ("transform", "d", "x", "y", "x1", "x2", "y1", "y2", "width", "height")


def to_svg(chart: alt.TopLevelMixin, prefix: str) -> str:
    """Return a chart as SVG text, transparent, that can stand alone or inside a page.

    Parameters
    ----------
    prefix
        Begins every identifier, so that several drawings fit into one page.

    Notes
    -----
    Marks keep their values as ``<title>``, which browsers show when the pointer rests on them. The
    same chart gives the same text every time.
    """
    return _drawn(chart.to_dict(validate=False), prefix)


def to_narrow_svg(chart: alt.TopLevelMixin, prefix: str) -> str:
    """Return a chart as `to_svg` does, for a screen as narrow as a telephone's.

    Marks keep no values: there is no pointer to rest on them.
    """
    plain = chart.to_dict(validate=False)
    drawn = _drawn(narrow(plain, _PLOT_PX), prefix, is_narrow=True)
    # What stands beside the plot is as wide as it is: only the plot can give way.
    beyond = _width(drawn) - COLUMN_PX
    if beyond > 0:
        drawn = _drawn(
            narrow(plain, max(_PLOT_PX - beyond, _LEAST_PLOT_PX)), prefix, is_narrow=True
        )
    return drawn


def _width(svg: str) -> int:
    return math.ceil(float(ET.fromstring(svg).attrib["width"]))  # noqa: S314  drawn by us


def _drawn(plain: dict[str, Any], prefix: str, *, is_narrow: bool = False) -> str:
    # The renderer tells of what it cannot draw, but text that is none ends the whole process.
    specification = _writable(plain)
    svg = vl_convert.vegalite_to_svg(
        specification, config=config(is_narrow=is_narrow), vl_version=_VEGA_LITE
    )
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(svg)  # noqa: S314  the drawing was made a line above
    _drop_invisible(root)
    _rename_identifiers(root, prefix)
    for element in root.iter():
        label = element.attrib.pop("aria-label", None)
        for name in ("role", "aria-roledescription", "aria-hidden"):
            element.attrib.pop(name, None)
        if label is not None and not is_narrow and element.tag == f"{{{_SVG}}}path":
            title = ET.Element(f"{{{_SVG}}}title")
            title.text = label
            element.insert(0, title)
        for name in _GEOMETRY:
            if name in element.attrib:
                element.set(name, _LONG_FRACTION.sub(r"\1", element.attrib[name]))
    root.set("role", "img")
    root.set("aria-label", str(specification.get("description", "")))
    return ET.tostring(root, encoding="unicode")


def _writable(value: Any) -> Any:
    """Return a specification in which no text has what XML cannot hold."""
    if isinstance(value, str):
        return _NOT_XML.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_writable(key): _writable(each) for key, each in value.items()}
    return [_writable(each) for each in value] if isinstance(value, list) else value


def to_png(svg: str, *, scale: float = 2.0) -> bytes:
    """Return a drawing that `to_svg` made as PNG."""
    data: bytes = vl_convert.svg_to_png(svg, scale=scale)
    return data


def on_background(svg: str, colour: str) -> str:
    """Return a drawing that `to_svg` made with a colour behind it."""
    root, bracket, rest = svg.partition(">")
    return f'{root}{bracket}<rect width="100%" height="100%" fill="{colour}"/>{rest}'


def _drop_invisible(root: ET.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            empty = child.tag == f"{{{_SVG}}}path" and child.get("d", "") in ("", "M0,0h0v0h0Z")
            clear = child.tag == f"{{{_SVG}}}rect" and child.get("fill") == "transparent"
            if child.get("display") == "none" or empty or clear:
                parent.remove(child)


def _rename_identifiers(root: ET.Element, prefix: str) -> None:
    """Count identifiers from 1: the renderer counts on from chart to chart."""
    names: dict[str, str] = {}
    for element in root.iter():
        if "id" in element.attrib:
            name = names.setdefault(element.attrib["id"], f"{prefix}-{len(names) + 1}")
            element.set("id", name)
    for element in root.iter():
        for key, value in element.attrib.items():
            if "url(#" in value:
                element.set(key, _REFERENCE.sub(lambda match: f"url(#{names[match[1]]})", value))
