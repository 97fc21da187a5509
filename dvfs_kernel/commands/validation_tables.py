"""Tables of published figures, and of a board beside the virtual one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.commands.text_table import TextTable, left, right

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["print_comparison", "print_validation"]


def print_validation(result: dvfs.ValidationResult) -> None:
    """Print every figure with its error and source, then the mean of each group."""
    _figures(result).print()
    _summaries(result).print()


def _figures(result: dvfs.ValidationResult) -> TextTable:
    table = TextTable(
        left("figure", folds=True),
        right("published"),
        right("found"),
        left(""),
        right("error"),
        left(""),
        left("source", folds=True, spare=1),
    )
    for figure in result.figures:
        published = f"{figure.published:.4g}"
        if figure.band is not None:
            published += f" to {figure.band:.4g}"
        table.add_row(
            figure.name,
            published,
            f"{figure.found:.4g}",
            figure.unit,
            f"{100 * figure.error:+.1f}%" if figure.error else "0",
            "excepted" if figure.excepted else figure.basis,
            figure.source,
        )
    return table


def _summaries(result: dvfs.ValidationResult) -> TextTable:
    table = TextTable(
        "group", right("figures"), right("mean error"), right("worst"), left("", folds=True)
    )
    for summary in result.summaries:
        table.add_row(
            summary.title,
            f"{summary.count}",
            f"{100 * summary.mean:.1f}%",
            f"{100 * summary.worst:.1f}%",
            summary.worst_name if summary.worst else "",
        )
    return table


def print_comparison(result: dvfs.ComparisonResult) -> None:
    """Print where two boards differ, schedule by schedule."""
    table = TextTable(
        left("schedule", folds=True),
        *map(right, (*result.boards, "time", "worst layer", "mJ", "energy")),
        "output",
    )
    for schedule in result.schedules:
        mine, other = schedule.runs
        measured, energy_off = schedule.measured, schedule.energy_off
        table.add_row(
            schedule.name,
            f"{mine.time_s * 1e3:.3f} ms",
            f"{other.time_s * 1e3:.3f} ms",
            f"{schedule.time_off:+.2%}",
            f"{max((layer.time_off for layer in schedule.layers), key=abs):+.2%}",
            "–" if measured is None else f"{measured.energy_j.mean * 1e3:.3f}",
            "–" if energy_off is None else f"{energy_off:+.2%}",
            "same" if schedule.same_output else "DIFFERS",
        )
    table.print()
