"""What the virtual board gives of everything that is published of the chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.evidence.validation.figure import summarise
from dvfs_kernel.storage import rows as tables
from dvfs_kernel.storage.json_file import write_json

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from dvfs_kernel.evidence.validation.figure import Figure, Summary
    from dvfs_kernel.storage.rows import Row

__all__ = ["ValidationResult"]

SCHEMA = "dvfs-kernel/validation"
SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False, repr=False)
class ValidationResult(tables.Tabled):
    """Published figures beside the virtual board's.

    Parameters
    ----------
    figures
        Group by group.
    left_out
        Names of benchmarks whose sources were not named, and where they come from.
    """

    figures: tuple[Figure, ...]
    left_out: dict[str, str]

    def __repr__(self) -> str:
        means = ", ".join(f"{one.group} {one.mean:.1%}" for one in self.summaries)
        return f"<Validation by {len(self.figures)} figures: {means} off>"

    @property
    def summaries(self) -> list[Summary]:
        """Mean and worst error of each group."""
        return summarise(self.figures)

    @property
    def rows(self) -> list[Row]:
        """One row a figure."""
        return [figure.to_dict() for figure in self.figures]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as ``dvfs validate --json`` prints it."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "figures": self.rows,
            "groups": [summary.to_dict() for summary in self.summaries],
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write what `to_dict` tells as JSON; return the path."""
        return write_json(path, self.to_dict())

    def _repr_html_(self) -> str:
        return tables.to_html(repr(self)[1:-1], [one.to_dict() for one in self.summaries])
