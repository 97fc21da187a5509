"""Tables of an accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.commands.console import say
from dvfs_kernel.commands.text_table import TextTable, left, right

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["print_accuracy"]

# A confusion of more classes is for programs.
_SHOWN_CLASSES = 20


def print_accuracy(result: dvfs.Accuracy) -> None:
    """Print Top-1 and Top-5 with their intervals, each class, and the confusion of few."""
    say(f"{result.network} on {result.data}, {_PARTS[result.part]}, {result.images:,} images")
    _shares(result).print()
    if len(result.class_names) <= _SHOWN_CLASSES:
        _classes(result).print()


_PARTS = {"train": "training part", "test": "test part", "all": "undivided"}


def _shares(result: dvfs.Accuracy) -> TextTable:
    table = TextTable("", right(""), left("", folds=True))
    kinds = [("Top-1", result.top1, result.interval)]
    if len(result.class_names) > 5:  # of five classes every one is among the first five
        kinds.append(("Top-5", result.top5, result.top5_interval))
    for name, share, (low, high) in kinds:
        interval = f"{low:.2%} to {high:.2%} with {result.confidence:.4g} confidence"
        table.add_row(name, f"{share:.2%}", interval)
    table.add_row("mean recall", f"{result.mean_recall:.2%}", "")
    return table


def _classes(result: dvfs.Accuracy) -> TextTable:
    table = TextTable(
        "class",
        right("images"),
        right("recall"),
        left("said instead: class number and times", folds=True),
    )
    for number, (row, said) in enumerate(zip(result.rows, result.confusion, strict=True)):
        recall = "–" if row["recall"] is None else f"{row['recall']:.1%}"
        others = sorted(
            ((int(times), other) for other, times in enumerate(said) if other != number and times),
            key=lambda pair: (-pair[0], pair[1]),
        )
        instead = ", ".join(f"{other}: {times}" for times, other in others)
        name = row["class"] if row["class"] == str(number) else f"{number} {row['class']}"
        table.add_row(name, f"{row['images']:,}", recall, instead)
    return table
