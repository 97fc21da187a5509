"""Tables of a cross-check, for a terminal and for a page of Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.ordered_sum import ordered_sum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dvfs_kernel.evidence.cross_check.check import CrossCheck
    from dvfs_kernel.evidence.cross_check.comparison import Comparison, Part

__all__ = ["Sheet", "check_page", "sheets_of", "update_page"]

_BEGIN, _END = "<!-- dvfs cross-check -->", "<!-- end -->"


@dataclass(frozen=True)
class Sheet:
    """A table: title, headings, and rows of text; columns from `words` on are numbers."""

    title: str
    headings: tuple[str, ...]
    words: int
    rows: tuple[tuple[str, ...], ...]


def check_page(page: Path) -> None:
    """Verify that a page has a place for the tables.

    Raises
    ------
    FileFormatError
        It has not.
    """
    _split(page)


def update_page(page: Path, checked: CrossCheck) -> None:
    """Put the tables into a page of Markdown, between its two comments for them."""
    before, after = _split(page)
    body = "\n\n".join(_markdown(sheet) for sheet in sheets_of(checked))
    write_atomically(page, f"{before}{_BEGIN}\n\n{body}\n\n{_END}{after}".encode())


def _split(page: Path) -> tuple[str, str]:
    before, begun, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, ended, after = rest.partition(_END)
    if not begun or not ended:
        raise FileFormatError(f"{page} has no place for the tables: {_BEGIN} and {_END} are wanted")
    return before, after


def _markdown(sheet: Sheet) -> str:
    numbers = len(sheet.headings) - sheet.words
    lines: list[Iterable[str]] = [sheet.headings, ["---"] * sheet.words + ["---:"] * numbers]
    lines += sheet.rows
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return f"### {sheet.title}\n\n{table}"


def sheets_of(checked: CrossCheck) -> Iterable[Sheet]:
    """Tell what agrees, time and energy by segment, and speed."""
    comparisons = checked.comparisons
    yield Sheet(
        "What has to be the same",
        ("schedule", "level", "output bytes", "clock accesses", "segments", "of equal count",
         "largest difference", "instructions", "difference"),
        4,
        tuple(_same(comparison) for comparison in comparisons),
    )  # fmt: skip
    yield Sheet(
        "Time and energy",
        ("schedule", "level", "segment", "stretches", "ms", "deviation", "worst", "mJ", "deviation",
         "worst"),
        3,
        tuple(row for comparison in comparisons for row in _deviations(comparison)),
    )  # fmt: skip
    yield Sheet(
        "Speed",
        ("schedule", "engine", "seconds", "MIPS"),
        2,
        tuple(_speeds(comparisons)),
    )


def _same(comparison: Comparison) -> tuple[str, ...]:
    differences = [part.instruction_difference for part in comparison.parts]
    here, there = comparison.instructions
    return (
        comparison.schedule,
        comparison.fidelity,
        "the same" if comparison.outputs_equal else "DIFFERENT",
        "DIFFERENT" if comparison.traffic_difference else "the same",
        f"{len(differences)}",
        f"{differences.count(0)}",
        f"{max(map(abs, differences)):,}",
        f"{here:,}",
        f"{there - here:+,}".replace("-", "−"),
    )


def _deviations(comparison: Comparison) -> Iterable[tuple[str, ...]]:
    segments = dict.fromkeys(part.segment for part in comparison.parts)
    head = comparison.schedule, comparison.fidelity
    for segment in segments:
        parts = [part for part in comparison.parts if part.segment is segment]
        yield *head, segment.name.lower(), *_sums(parts)
    yield *head, "all", *_sums(comparison.parts)


def _sums(parts: Sequence[Part]) -> tuple[str, ...]:
    cells = [f"{sum(part.stretches for part in parts):,}"]
    for factor, pairs in (
        (1e3, [part.time_s for part in parts]),
        (1e3, [part.energy_j for part in parts]),
    ):
        here, there = (ordered_sum(side) for side in zip(*pairs, strict=True))
        worst = max((theirs / ours - 1 for ours, theirs in pairs if ours), key=abs, default=0.0)
        cells += [f"{here * factor:,.4f}", _percent(there / here - 1), _percent(worst)]
    return tuple(cells)


def _percent(ratio: float) -> str:
    text = f"{ratio:+.3%}"
    return "0" if text.strip("+-0.%") == "" else text.replace("-", "−")


def _speeds(comparisons: Sequence[Comparison]) -> Iterable[tuple[str, ...]]:
    for schedule in dict.fromkeys(comparison.schedule for comparison in comparisons):
        found = [c for c in comparisons if c.schedule == schedule]
        engines = [("embedded", found[0].emulation[0])]
        engines += [(f"renode:{c.fidelity}", c.emulation[1]) for c in found]
        for engine, emulation in engines:
            yield schedule, engine, f"{emulation.wall_s:.2f}", f"{emulation.mips:.0f}"
