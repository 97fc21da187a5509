"""One published figure beside the virtual board's, and what many of them come to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["GROUPS", "Figure", "Summary", "summarise"]

#: Groups in the order of the table, and what they hold.
GROUPS = {
    "rules": "pipeline rules, cycles of a loop with sixteen instances",
    "cycles": "published cycle figures",
    "times": "start-up, switching and wake-up times",
    "current": "supply current, data sheet's tables",
    "current in Stop": "supply current in Stop, copied from the data sheet",
    "whole network": "whole networks, published band",
}


@dataclass(frozen=True)
class Figure:
    """What is published, and what the virtual board gives.

    Parameters
    ----------
    group
        A key of `GROUPS`.
    name, unit
        What it is.
    published, found
        In that unit.
    source
        Where it is published.
    basis
        ``"fitted"``: parameters were chosen for this figure; ``"sourced"``: they were taken from
        it; ``"predicted"``: neither.
    band
        For figures that are published as a range: its other end.
    excepted
        Why it does not count in the means; empty: it counts.
    """

    group: str
    name: str
    published: float
    found: float
    unit: str
    source: str
    basis: str
    band: float | None = None
    excepted: str = ""

    @property
    def error(self) -> float:
        """How far off it is, of what is published; 0 inside a band."""
        if self.band is not None:
            low, high = sorted((self.published, self.band))
            if low <= self.found <= high:
                return 0.0
            edge = low if self.found < low else high
            return self.found / edge - 1
        return self.found / self.published - 1

    def to_dict(self) -> dict[str, Any]:
        """Return the fields and the error."""
        return asdict(self) | {"error": self.error}


@dataclass(frozen=True)
class Summary:
    """Of the figures of a group that count: how many, mean and largest absolute error."""

    group: str
    count: int
    mean: float
    worst: float
    worst_name: str

    @property
    def title(self) -> str:
        """What the group holds."""
        return GROUPS[self.group]

    def to_dict(self) -> dict[str, Any]:
        """Return what is told of the group."""
        return {
            "group": self.group,
            "count": self.count,
            "mean": self.mean,
            "worst": self.worst,
        }


def summarise(figures: Iterable[Figure]) -> list[Summary]:
    """Return the summary of each group that has figures, in the order of `GROUPS`."""
    found = list(figures)
    summaries = []
    for group in GROUPS:
        members = [figure for figure in found if figure.group == group and not figure.excepted]
        if not members:
            continue
        worst = max(members, key=lambda figure: abs(figure.error))
        mean = ordered_sum(abs(figure.error) for figure in members) / len(members)
        summaries.append(Summary(group, len(members), mean, abs(worst.error), worst.name))
    return summaries
