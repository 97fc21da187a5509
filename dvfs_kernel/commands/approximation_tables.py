"""Tables of an approximation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from dvfs_kernel.commands.console import open_console

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["print_approximation"]


def print_approximation(result: dvfs.ApproximationResult) -> None:
    """Print what was found, the points of the frontier, and what was run at each bound."""
    console = open_console()
    choice = result.choice
    if choice is not None:
        console.print(
            f"{choice.data}: {choice.calibration_images:,} training images for significance, "
            f"{choice.search_images:,} to search on, {choice.test_images:,} test images; "
            f"{choice.found.tried} plans tried"
            f"{'' if choice.found.finished else ', the search was stopped'}",
            highlight=False,
        )
    console.print(_points(result))
    for bound in result.study.bounds:
        console.print(
            f"\n{bound.bound.name}: window of {bound.bound_s * 1e3:.3f} ms", highlight=False
        )
        console.print(_runs(result, bound.bound.name))


def _points(result: dvfs.ApproximationResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("point", no_wrap=True)
    names = ("for loss", "skipped", "search loss", "test Top-1", "95 %", "test loss")
    for name in (*names, "ms", "faster", "KiB"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result.points:
        known = row["accuracy"] is not None
        table.add_row(
            Text(row["name"]),
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


def _runs(result: dvfs.ApproximationResult, bound: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("run", no_wrap=True)
    for name in ("loss", "ms", "mJ in window", "saved", "KiB", "predicted", "bytes"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in result.rows:
        if row["bound"] != bound:
            continue
        table.add_row(
            Text(row["title"]),
            "" if row["loss_points"] is None else f"{row['loss_points']:g}",
            f"{row['latency_s'] * 1e3:.3f}" + ("" if row["kept"] else " late"),
            f"{row['window_j'] * 1e3:.4f}",
            f"{row['saved']:.1%}",
            f"{row['flash_bytes'] / 1024:.0f}",
            f"{row['predicted_off']:+.2%}",
            "equal" if row["same_output"] else "differ",
        )
    return table
