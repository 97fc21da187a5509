"""Wilson's interval, against its definition and against what is published."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.approximation.accuracy.wilson import images_needed, wilson_interval
from dvfs_kernel.errors import ArgumentError


@pytest.mark.parametrize(
    ("hits", "images", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_intervals(hits, images, low, high):
    assert wilson_interval(hits, images) == pytest.approx((low, high), abs=5e-5)


@given(images=st.integers(1, 10**6), data=st.data(), confidence=st.floats(0.5, 0.999))
def test_the_ends_are_the_shares_that_the_count_just_allows(images, data, confidence):
    hits = data.draw(st.integers(0, images))
    interval = wilson_interval(hits, images, confidence)
    share = hits / images
    assert 0 <= interval.low <= share + 1e-12
    assert share - 1e-12 <= interval.high <= 1
    # Its definition: at both ends the count is equally many standard errors away.
    away = [abs(share - end) / sqrt(end * (1 - end) / images) for end in interval if 0 < end < 1]
    if len(away) == 2:
        assert away[0] == pytest.approx(away[1], rel=1e-4)


@given(share=st.floats(0, 1), points=st.floats(0.05, 30), confidence=st.floats(0.5, 0.999))
def test_so_many_images_are_just_enough(share, points, confidence):
    margin = points / 100
    needed = images_needed(share, margin, confidence)
    assert wilson_interval(share * needed, needed, confidence).margin <= margin
    if needed > 1:
        fewer = needed - 1
        assert wilson_interval(share * fewer, fewer, confidence).margin > margin


@pytest.mark.parametrize("confidence", [0, 1, -1, 2, float("nan")])
def test_a_confidence_that_is_none(confidence):
    with pytest.raises(ArgumentError, match="it is above 0 and below 1"):
        wilson_interval(1, 2, confidence)


@pytest.mark.parametrize("margin", [0, -1, float("nan"), float("inf"), 1e-12])
def test_a_margin_that_is_none(margin):
    with pytest.raises(ArgumentError, match="margin"):
        images_needed(0.5, margin)
