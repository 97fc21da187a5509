"""Tables of an approximation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.commands.console import say
from dvfs_kernel.commands.text_table import TextTable, right

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["print_approximation"]


def print_approximation(result: dvfs.ApproximationResult) -> None:
    """Print what was found, the points of the frontier, and what was run at each bound."""
    choice = result.choice
    if choice is not None:
        say(
            f"{choice.data}: {choice.calibration_images:,} training images for significance, "
            f"{choice.search_images:,} to search on, {choice.test_images:,} test images; "
            f"{choice.found.tried} plans tried"
            f"{'' if choice.found.finished else ', the search was stopped'}"
        )
    _points(result).print()
    for bound in result.study.bounds:
        say(f"\n{bound.bound.name}: window of {bound.bound_s * 1e3:.3f} ms")
        _runs(result, bound.bound.name).print()


def _points(result: dvfs.ApproximationResult) -> TextTable:
    table = TextTable(
        "point",
        right("for loss", spare=1),
        right("skipped"),
        right("search loss", spare=2),
        right("test Top-1"),
        right("95 %", spare=1),
        *map(right, ("test loss", "ms", "faster", "KiB")),
    )
    for row in result.points:
        known = row["accuracy"] is not None
        table.add_row(
            row["name"],
            ", ".join(f"{loss:g}" for loss in row["chosen_for"]),
            f"{row['skipped_share']:.1%}",
            f"{row['search_loss_points']:.2f}" if known else "–",
            f"{row['accuracy']:.2%}" if known else "–",
            f"{row['low']:.2%} to {row['high']:.2%}" if known else "–",
            f"{row['loss_points']:.2f}" if known else "–",
            f"{row['latency_s'] * 1e3:.3f}",
            f"{row['saved_time']:.1%}",
            f"{row['flash_bytes'] / 1024:.0f}",
        )
    return table


def _runs(result: dvfs.ApproximationResult, bound: str) -> TextTable:
    names = ("loss", "ms", "mJ in window", "saved", "KiB", "predicted", "bytes")
    table = TextTable("run", *map(right, names))
    for row in result.rows:
        if row["bound"] != bound:
            continue
        table.add_row(
            row["title"],
            "" if row["loss_points"] is None else f"{row['loss_points']:g}",
            f"{row['latency_s'] * 1e3:.3f}" + ("" if row["kept"] else " late"),
            f"{row['window_j'] * 1e3:.4f}",
            f"{row['saved']:.1%}",
            f"{row['flash_bytes'] / 1024:.0f}",
            f"{row['predicted_off']:+.2%}",
            "equal" if row["same_output"] else "differ",
        )
    return table
