"""How often a classifier is right, and about what it is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.approximation.accuracy.wilson import Interval, images_needed, wilson_interval
from dvfs_kernel.errors import DataSetError
from dvfs_kernel.storage.json_file import write_json
from dvfs_kernel.storage.ordered_sum import ordered_sum
from dvfs_kernel.storage.rows import Tabled

if TYPE_CHECKING:
    import os
    from pathlib import Path

    import numpy.typing as npt

    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.storage.rows import Row

__all__ = ["Accuracy"]

SCHEMA = "dvfs-kernel/accuracy"
SCHEMA_VERSION = 1

_TOP = 5


@dataclass(frozen=True, eq=False, repr=False)
class Accuracy(Tabled):
    """What a classifier said of labelled images.

    Parameters
    ----------
    network, data, part
        Names of the network, of the data set and of its part.
    class_names
        One a class.
    predictions, labels, ranks
        The class that the network says, the right one, and how many classes the network finds more
        likely than the right one; one an image.
    confidence
        Of the intervals.
    """

    network: str
    data: str
    part: str
    class_names: tuple[str, ...]
    predictions: npt.NDArray[np.int32]
    labels: npt.NDArray[np.int64]
    ranks: npt.NDArray[np.int32]
    confidence: float = 0.95

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"<Accuracy of {self.network} on {self.data}, {self.part}: {self.top1:.2%} "
            f"({low:.2%} to {high:.2%}) of {self.images:,} images>"
        )

    @classmethod
    def of(
        cls,
        network: str,
        data: DataSet,
        judgement: npt.NDArray[np.int32],
        classes: int,
        confidence: float = 0.95,
    ) -> Accuracy:
        """Make the result of what `judgement.judge` returned for a data set."""
        names = data.class_names or tuple(map(str, range(classes)))
        return cls(
            network,
            data.name,
            data.part,
            names,
            judgement[0],
            data.labels,
            judgement[1],
            confidence,
        )

    @property
    def images(self) -> int:
        """How many images there were."""
        return len(self.labels)

    @property
    def correct(self) -> int:
        """How many of them the network is right about."""
        return int((self.ranks == 0).sum())

    @property
    def top1(self) -> float:
        """Share of images of which the network is right."""
        return self.correct / self.images

    @property
    def top5(self) -> float:
        """Share of images whose class is among the five likeliest."""
        return int((self.ranks < _TOP).sum()) / self.images

    @cached_property
    def interval(self) -> Interval:
        """Where the true Top-1 lies, with `confidence`: Wilson's interval."""
        return wilson_interval(self.correct, self.images, self.confidence)

    @cached_property
    def top5_interval(self) -> Interval:
        """Where the true Top-5 lies, with `confidence`: Wilson's interval."""
        return wilson_interval(self.top5 * self.images, self.images, self.confidence)

    @cached_property
    def confusion(self) -> npt.NDArray[np.int64]:
        """Images by their class (row) and by the class that the network says (column)."""
        count = len(self.class_names)
        places = self.labels * count + self.predictions
        return np.bincount(places, minlength=count * count).reshape(count, count)

    @property
    def recalls(self) -> tuple[float | None, ...]:
        """Share of each class that is found; None for a class of which there are no images."""
        return tuple(
            int(row[number]) / int(row.sum()) if row.any() else None
            for number, row in enumerate(self.confusion)
        )

    @property
    def mean_recall(self) -> float:
        """Mean of the recalls: what Top-1 would be with equally many images of each class."""
        found = [recall for recall in self.recalls if recall is not None]
        return ordered_sum(found) / len(found)

    @property
    def rows(self) -> list[Row]:
        """One row a class; ``mistaken_for`` is the class that is said most often instead."""
        rows = []
        for number, (name, recall) in enumerate(zip(self.class_names, self.recalls, strict=True)):
            row = self.confusion[number].copy()
            images, correct = int(row.sum()), int(row[number])
            interval = wilson_interval(correct, images, self.confidence) if images else None
            row[number] = 0
            rows.append(
                {
                    "class": name,
                    "images": images,
                    "correct": correct,
                    "recall": recall,
                    "recall_low": None if interval is None else interval.low,
                    "recall_high": None if interval is None else interval.high,
                    "mistaken_for": self.class_names[int(row.argmax())] if row.any() else "",
                    "mistaken": int(row.max()),
                }
            )
        return rows

    def require(self, margin: float) -> None:
        """Refuse a Top-1 that is not known as precisely as that.

        Parameters
        ----------
        margin
            Half of the interval's width, in points of a hundred.

        Raises
        ------
        DataSetError
            There are too few images; the message says how many are needed.
        ArgumentError
            The margin is not above 0.
        """
        needed = images_needed(self.top1, margin / 100, self.confidence)
        if needed > self.images:
            raise DataSetError(
                f"{self.images:,} images of {self.data} give Top-1 to ± "
                f"{100 * self.interval.margin:.2f} points with {self.confidence:g} confidence; "
                f"± {margin:g} points need about {needed:,} images"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the single images, as ``dvfs accuracy --json`` prints it."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "network": self.network,
            "data": self.data,
            "part": self.part,
            "images": self.images,
            "confidence": self.confidence,
            "top1": self.top1,
            "top1_interval": list(self.interval),
            "top5": self.top5,
            "top5_interval": list(self.top5_interval),
            "mean_recall": self.mean_recall,
            "classes": self.rows,
            "confusion": self.confusion.tolist(),
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write `to_dict` as JSON; return the path."""
        return write_json(path, self.to_dict())
