"""Two reports side by side as one page with everything inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dvfs_kernel.report import difference_rows as rows
from dvfs_kernel.report.style import environment, style_sheet
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from dvfs_kernel.report.difference import Difference

__all__ = ["PAGE", "build", "write"]

#: The page's file.
PAGE: Final = "difference.html"


def build(found: Difference) -> str:
    """Return the page; the same difference gives the same bytes."""
    return (
        environment()
        .get_template("difference.html")
        .render(
            names=found.names,
            told=rows.told(found),
            style=style_sheet(),
            tables=rows.text_tables(found),
        )
    )


def write(folder: Path, found: Difference) -> Path:
    """Write the page into a folder, which is made where it is missing; return its path."""
    text = build(found)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / PAGE, text.encode())
    return folder / PAGE
