"""Two reports side by side, at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dvfs_kernel.commands.console import say
from dvfs_kernel.commands.text_table import TextTable, left

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["print_comparison"]

_LAYERS_SHOWN: Final = 12  # at each bound; the page has all


def print_comparison(found: dvfs.ReportComparison) -> None:
    """Print what differs, the sentences first."""
    before, after = found.difference.names
    say(f"before: {before}\nafter:  {after}\n")
    for sentence in found.told:
        say(sentence)
    for table in found.tables(_LAYERS_SHOWN):
        if table.rows:
            say(f"\n{table.title}. {table.note}")
            shown = TextTable(*(left(head, folds=True) for head in table.heads))
            for row in table.rows:
                shown.add_row(*row)
            shown.print()
