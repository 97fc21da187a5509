"""How far a share that was counted may be from the true one.

The score interval of E. B. Wilson, Probable inference, the law of succession, and statistical
inference, Journal of the American Statistical Association 22 (1927), 209-212. L. D. Brown,
T. T. Cai and A. DasGupta, Interval estimation for a binomial proportion, Statistical Science 16
(2001), 101-133, compare it with others: it keeps its promise for few images and for shares near 0
and 1, where the usual ± z × standard error does not.
"""

from __future__ import annotations

from math import isfinite, sqrt
from statistics import NormalDist
from typing import NamedTuple

from dvfs_kernel.errors import ArgumentError

__all__ = ["Interval", "images_needed", "wilson_interval"]

# Nobody has more images; a search has to end somewhere.
_MOST_IMAGES = 1 << 62


class Interval(NamedTuple):
    """Where the true share lies, with the confidence that was asked for."""

    low: float
    high: float

    @property
    def margin(self) -> float:
        """Half of the width."""
        return (self.high - self.low) / 2


def wilson_interval(hits: float, images: int, confidence: float = 0.95) -> Interval:
    """Return the interval of a share.

    Parameters
    ----------
    hits, images
        How many of how many.
    confidence
        Share of such intervals that hold the true value; above 0, below 1.

    Raises
    ------
    ArgumentError
        The confidence is none.

    Examples
    --------
    >>> low, high = wilson_interval(7175, 10_000)
    >>> f"{low:.4f} {high:.4f}"
    '0.7086 0.7262'
    """
    squared = _quantile(confidence) ** 2
    share = hits / images
    middle = (share + squared / (2 * images)) / (1 + squared / images)
    half = sqrt(squared * (share * (1 - share) / images + squared / (4 * images * images))) / (
        1 + squared / images
    )
    # At these two the interval ends where shares do, but for rounding.
    low = middle - half if hits > 0 else 0.0
    return Interval(low, middle + half if hits < images else 1.0)


def images_needed(share: float, margin: float, confidence: float = 0.95) -> int:
    """Return the least number of images at which a share has an interval of ± margin.

    Parameters
    ----------
    share
        The share that is expected, such as one that was counted on fewer images.
    margin
        Half of the interval's width, above 0.

    Raises
    ------
    ArgumentError
        Margin or confidence are none.
    """
    if not (isfinite(margin) and margin > 0):
        raise ArgumentError(f"{{margin}} is {margin!r}; it is above 0")
    low, high = 0, 1
    while wilson_interval(share * high, high, confidence).margin > margin:
        low, high = high, 2 * high
        if high > _MOST_IMAGES:
            raise ArgumentError(f"{{margin}} of {margin!r} is finer than any data can give")
    while high - low > 1:
        middle = (low + high) // 2
        enough = wilson_interval(share * middle, middle, confidence).margin <= margin
        low, high = (low, middle) if enough else (middle, high)
    return high


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ArgumentError(f"{{confidence}} is {confidence!r}; it is above 0 and below 1")
    return NormalDist().inv_cdf((1 + confidence) / 2)
