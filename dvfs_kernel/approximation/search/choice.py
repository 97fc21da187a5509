"""What is left out at each allowed loss: chosen on training images, judged on test images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.approximation.accuracy.classifier import check_data
from dvfs_kernel.approximation.search.assessment import Assessor
from dvfs_kernel.approximation.search.code_cost import CodeCost
from dvfs_kernel.approximation.search.point_report import report_points
from dvfs_kernel.approximation.search.search import search
from dvfs_kernel.approximation.search.space import build_space
from dvfs_kernel.errors import ArgumentError, DataSetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
    from dvfs_kernel.approximation.search.point_report import ReportedPoint
    from dvfs_kernel.approximation.search.points import SearchResult, SkipPoint
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["SkipChoice", "choose_skips"]

_CALIBRATION_IMAGES = 2048
_SEARCH_IMAGES = 10_000
#: Below this a share of right answers is hardly known to a point.
LEAST_SEARCH_IMAGES = 200
# Points of the frontier that are looked at on test images and on the board, beside the chosen ones.
_SHOWN_POINTS = 6
# How much more than the largest allowed loss the frontier shows, in points and at least.
_BEYOND_POINTS = 1.0


@dataclass(frozen=True)
class SkipChoice:
    """What was found and chosen.

    Parameters
    ----------
    data
        The name of the data.
    calibration_images, search_images, test_images
        How many were used; none of them twice.
    found
        The search.
    points
        Those of the frontier that are shown, on test images; the first leaves nothing out.
    losses
        Allowed losses in percentage points, and the name of the plan that was chosen for each.
    """

    data: str
    calibration_images: int
    search_images: int
    test_images: int
    found: SearchResult
    points: tuple[ReportedPoint, ...]
    losses: tuple[tuple[float, str], ...]

    def chosen(self, loss_points: float) -> ReportedPoint:
        """Return the point that was chosen for an allowed loss."""
        name = dict(self.losses)[loss_points]
        return next(point for point in self.points if point.point.plan.name == name)


def choose_skips(
    network: Network,
    train: DataSet,
    test: DataSet,
    losses_points: Sequence[float],
    *,
    slack_errors: float = 1.0,
    budget_s: float = 120.0,
    seed: int = 0,
    kept: KeptArrays | None = None,
    progress: Progress | None = None,
) -> SkipChoice:
    """Search for what may be left out, and choose for each allowed loss.

    Parameters
    ----------
    network
        Exact, a classifier.
    train, test
        Significance and losses are of different images of the training part; accuracies that are
        told are of the test part.
    losses_points
        Top-1 that may be lost on search images, in percentage points.
    slack_errors
        A plan may lose more on search images by so many standard errors: a network is better on the
        images that it was trained on, and loses more there than on others.
    budget_s
        Of the search.
    seed
        Which training images are for what.
    kept
        Where is found again what takes long.

    Raises
    ------
    NetworkError
        The network is no classifier, or has nothing that could be left out.
    DataSetError
        The data is of another kind, or too little.
    ArgumentError
        A loss is negative, or not below the accuracy.
    """
    if not np.isfinite(slack_errors):
        raise ArgumentError(f"{{slack}} is {slack_errors}; a number of standard errors is allowed")
    for data in (train, test):
        check_data(network, data)
    if not losses_points or min(losses_points) < 0 or not np.isfinite(losses_points).all():
        raise ArgumentError(
            f"{{loss}} is {', '.join(f'{loss:g}' for loss in losses_points) or 'empty'}; "
            "percentage points from 0 to the network's accuracy are allowed"
        )
    calibration = min(_CALIBRATION_IMAGES, len(train) // 3)
    if len(train) - calibration < LEAST_SEARCH_IMAGES:
        least = LEAST_SEARCH_IMAGES * 3 // 2
        raise DataSetError(
            f"the training part of {train.name} has {len(train)} images; at least {least} are "
            "needed, a third of them for significance and the rest to search on"
        )
    first, rest = train.split(calibration, seed)
    looked_at = rest if len(rest) <= _SEARCH_IMAGES else rest.subset(_SEARCH_IMAGES, seed)
    space = build_space(network, first, kept=kept, progress=progress)
    found = search(
        Assessor(space, looked_at, kept),
        cost=CodeCost(network),
        largest_loss_points=max(losses_points) + _BEYOND_POINTS,
        budget_s=budget_s,
        progress=progress,
    )
    chosen = {loss: found.within(loss, errors=-slack_errors) for loss in sorted(set(losses_points))}
    shown = _shown(found, list(chosen.values()))
    report = report_points(space, shown, test, kept=kept, progress=progress)
    return SkipChoice(
        train.name,
        len(first),
        len(looked_at),
        len(test),
        found,
        report.points,
        tuple((loss, point.plan.name) for loss, point in chosen.items()),
    )


def _shown(found: SearchResult, chosen: list[SkipPoint]) -> list[SkipPoint]:
    """Return the exact point, the chosen ones and others evenly between, by falling cost."""
    others = len(found.points) - 1
    places = {0, *np.linspace(1, others, min(others, _SHOWN_POINTS)).round().astype(int).tolist()}
    places |= {found.points.index(point) for point in chosen}
    return [found.points[place] for place in sorted(places)]
