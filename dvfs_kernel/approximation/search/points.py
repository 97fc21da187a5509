"""What a search for plans finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    from dvfs_kernel.approximation.search.assessment import Assessment
    from dvfs_kernel.approximation.search.space import Levels
    from dvfs_kernel.approximation.skipping.plan import SkipPlan

__all__ = ["SearchResult", "SkipPoint"]


@dataclass(frozen=True)
class SkipPoint:
    """A plan, what it costs and what it loses on the search images.

    Parameters
    ----------
    levels
        Of each ladder of the space.
    plan
        What is left out.
    cost
        As the search was asked to count it.
    assessment
        On all search images.
    """

    levels: Levels
    plan: SkipPlan
    cost: float
    assessment: Assessment

    def __repr__(self) -> str:
        found = self.assessment
        return (
            f"<SkipPoint {self.plan.name}: cost {self.cost:,.6g}, accuracy {found.accuracy:.2%}, "
            f"loss {found.loss_points:.2f} points>"
        )


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Parameters
    ----------
    points
        The frontier, by falling cost. The first one leaves nothing out, even if another one is
        better at less cost.
    tried
        Different levels that were looked at on at least one block of images.
    evaluated
        Evaluations of a block that were made; others were kept from before.
    finished
        Whether nothing was left to try; False where a budget ended the search.
    """

    points: tuple[SkipPoint, ...]
    tried: int
    evaluated: int
    finished: bool

    def __repr__(self) -> str:
        end = "finished" if self.finished else "stopped"
        return f"<SearchResult: {len(self.points)} points of {self.tried} tried, {end}>"

    def within(self, loss_points: float, errors: float = 0.0) -> SkipPoint:
        """Return the point of least cost that loses at most so much on the search images.

        Parameters
        ----------
        loss_points
            Accuracy in percentage points.
        errors
            So many standard errors are added to what a point loses. Above 0 this is caution, as
            the best of many points is lucky in part. Below 0 it takes a point that does not lose
            more by more than chance: training images, on which a network is better than on others,
            tend to lose more than these.

        Raises
        ------
        ArgumentError
            The loss is negative, or more than the accuracy without skipping.
        """
        exact = 100 * self.points[0].assessment.accuracy
        if not 0 <= loss_points <= exact:
            raise ArgumentError(
                f"a loss of {loss_points} points cannot be allowed: "
                f"0 to {exact:.2f}, the accuracy without skipping, is possible"
            )
        fitting = [
            point
            for point in self.points
            if point.assessment.loss_points + errors * point.assessment.error_points <= loss_points
        ]
        return min([*fitting, self.points[0]], key=lambda point: point.cost)
