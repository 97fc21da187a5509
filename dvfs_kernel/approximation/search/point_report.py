"""What plans lose on images that nothing was chosen on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dvfs_kernel.approximation.accuracy.wilson import Interval, wilson_interval
from dvfs_kernel.approximation.data.data_set import TRAIN
from dvfs_kernel.approximation.search.assessment import Assessment, Assessor
from dvfs_kernel.errors import DataSetError
from dvfs_kernel.storage.rows import Tabled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
    from dvfs_kernel.approximation.search.points import SkipPoint
    from dvfs_kernel.approximation.search.space import SkipSpace
    from dvfs_kernel.approximation.skipping.skip_counts import SkipCounts
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.storage.rows import Row

__all__ = ["PointReport", "ReportedPoint", "report_points"]


@dataclass(frozen=True)
class ReportedPoint:
    """A point of a search, on test images.

    Parameters
    ----------
    point
        What the search found.
    counts
        What the network takes under its plan.
    test
        How the test images fare.
    interval
        Where its true accuracy lies: Wilson's interval.
    """

    point: SkipPoint
    counts: SkipCounts
    test: Assessment
    interval: Interval


@dataclass(frozen=True, repr=False)
class PointReport(Tabled):
    """Points of a search, on test images."""

    points: tuple[ReportedPoint, ...]

    def __repr__(self) -> str:
        return f"<PointReport: {len(self.points)} points>"

    @property
    def rows(self) -> Sequence[Row]:
        """One row a point: what is left out, and the accuracy on search and test images."""
        return [
            {
                "plan": item.point.plan.name,
                "cost": item.point.cost,
                "skipped_share": item.counts.skipped_share,
                "zero_share": item.counts.zero_share,
                "search_accuracy": item.point.assessment.accuracy,
                "search_loss_points": item.point.assessment.loss_points,
                "test_accuracy": item.test.accuracy,
                "test_low": item.interval[0],
                "test_high": item.interval[1],
                "test_loss_points": item.test.loss_points,
                "test_loss_error_points": item.test.error_points,
            }
            for item in self.points
        ]


def report_points(
    space: SkipSpace,
    points: Iterable[SkipPoint],
    test: DataSet,
    *,
    confidence: float = 0.95,
    kept: KeptArrays | None = None,
    progress: Progress | None = None,
) -> PointReport:
    """Evaluate points on images that nothing was chosen on.

    Parameters
    ----------
    space
        That the points are of.
    test
        Labelled images.
    confidence
        Of the intervals, between 0 and 1.
    kept
        Where evaluations are found again.

    Raises
    ------
    DataSetError
        The images are training images, or do not fit the network.
    """
    if test.part == TRAIN:
        raise DataSetError(
            f"the accuracy of a choice cannot be told from the training images of {test.name!r}, "
            "on which it was made; take test images"
        )
    assessor = Assessor(space, test, kept)
    points = list(points)
    found = []
    for number, point in enumerate(points):
        result = assessor.whole(point.levels)
        interval = wilson_interval(result.correct, result.images, confidence)
        found.append(ReportedPoint(point, space.counts_of(point.plan), result, interval))
        if progress is not None:
            progress("testing", number + 1, len(points))
    return PointReport(tuple(found))
