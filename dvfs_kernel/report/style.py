"""What all pages share: templates, the style sheet, and its colours."""

from __future__ import annotations

from typing import Final

import jinja2
from markupsafe import Markup

from dvfs_kernel.report.charts.theme import GRID, INK, MUTED
from dvfs_kernel.report.palette import BLUE

__all__ = ["environment", "style_sheet"]

# Colours of drawings that the style sheet exchanges in the dark.
_COLOURS: Final = {"INK": INK, "MUTED": MUTED, "GRID": GRID, "BLUE": BLUE}
_LOADER: Final = jinja2.PackageLoader("dvfs_kernel.report", "templates")


def environment() -> jinja2.Environment:
    """Return the templates, with every text escaped."""
    return jinja2.Environment(
        loader=_LOADER,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def style_sheet() -> Markup:
    """Return the style sheet of every page: light, dark, narrow and on paper."""
    style = _LOADER.get_source(environment(), "style.css")[0]
    for name, colour in _COLOURS.items():
        style = style.replace(f"${name}", colour)
    return Markup(style)  # noqa: S704  our own file
