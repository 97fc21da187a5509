"""Two reports side by side, at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from dvfs_kernel.commands.console import open_console

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["print_comparison"]

_LAYERS_SHOWN: Final = 12  # at each bound; the page has all


def print_comparison(found: dvfs.ReportComparison) -> None:
    """Print what differs, the sentences first."""
    console = open_console()
    before, after = found.difference.names
    console.print(f"before: {before}\nafter:  {after}\n")
    for sentence in found.told:
        console.print(sentence)
    for table in found.tables(_LAYERS_SHOWN):
        if table.rows:
            console.print(f"\n{table.title}. {table.note}")
            shown = Table(box=None, padding=(0, 2, 0, 0), header_style="")
            for head in table.heads:
                shown.add_column(head, overflow="fold")
            for row in table.rows:
                shown.add_row(*row)
            console.print(shown)
