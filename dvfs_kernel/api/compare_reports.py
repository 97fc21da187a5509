"""``dvfs.compare_reports``: two runs side by side, with the reason of what differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvfs_kernel.storage.rows import Tabled

if TYPE_CHECKING:
    import os

    from dvfs_kernel.report.difference import Difference
    from dvfs_kernel.report.difference_rows import TextTable
    from dvfs_kernel.storage.rows import Row

__all__ = ["ReportComparison", "compare_reports"]


@dataclass(frozen=True, eq=False, repr=False)
class ReportComparison(Tabled):
    """Two reports side by side.

    Parameters
    ----------
    difference
        What differs: causes, runs, layers.
    page
        The page, where it was written.
    """

    difference: Difference
    page: Path | None = None

    def __repr__(self) -> str:
        one, other = self.difference.names
        return (
            f"<Reports {one} and {other}: {len(self.difference.causes)} causes, "
            f"{len(self.difference.layers)} layers differ>"
        )

    @property
    def told(self) -> list[str]:
        """What changed, in sentences."""
        from dvfs_kernel.report.difference_rows import told

        return told(self.difference)

    def tables(self, most_layers: int | None = None) -> list[TextTable]:
        """Return what went in, the runs and the layers as tables of text.

        Parameters
        ----------
        most_layers
            How many at each bound, those with the largest change of energy; by default all.
        """
        from dvfs_kernel.report.difference_rows import text_tables

        return text_tables(self.difference, most_layers)

    @property
    def rows(self) -> list[Row]:
        """One row for each layer of the schedule of least energy that differs."""
        return [
            {
                "bound": layer.bound,
                "layer": layer.layer,
                "choice_before": layer.choice[0],
                "choice_after": layer.choice[1],
                "before_s": layer.time_s[0],
                "after_s": layer.time_s[1],
                "before_j": layer.energy_j[0],
                "after_j": layer.energy_j[1],
                "reason": layer.reason,
            }
            for layer in self.difference.layers
        ]


def compare_reports(
    before: str | os.PathLike[str] | dict[str, Any],
    after: str | os.PathLike[str] | dict[str, Any],
    *,
    output: str | os.PathLike[str] | None = None,
) -> ReportComparison:
    """Put two reports side by side: what changed, by run and by layer, and why where it is known.

    The command line calls it ``dvfs report --compare BEFORE AFTER``.

    Parameters
    ----------
    before, after
        Folders that `dvfs.study` wrote, paths of a ``report.json``, or what is in one.
    output
        Folder for the page; by default none is written.

    Raises
    ------
    ReportError
        The two have no layer or no bound in common.
    FileFormatError
        One of them is no report.
    OSError
        One cannot be read, or the page cannot be written.
    """
    from dvfs_kernel.report.difference import difference
    from dvfs_kernel.report.difference_page import write
    from dvfs_kernel.report.document import check, load
    from dvfs_kernel.report.folder import JSON

    documents, names = [], []
    for number, given in enumerate((before, after)):
        if isinstance(given, dict):
            documents.append(check(given))
            names.append(("before", "after")[number])
            continue
        path = Path(given)
        documents.append(load(path / JSON if path.is_dir() else path))
        names.append(str(given))
    found = difference(documents[0], documents[1], (names[0], names[1]))
    return ReportComparison(found, None if output is None else write(Path(output), found))
