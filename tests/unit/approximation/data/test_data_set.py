"""Labelled images: what is drawn from them, and what is no data set."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.approximation.data import DataSet
from dvfs_kernel.errors import DataSetError


def numbered(count):
    """As many images, each of which shows its number."""
    images = np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1)
    return DataSet("numbered", images, np.arange(count) % 3)


@given(count=st.integers(2, 200), seed=st.integers(0, 5), data=st.data())
def test_a_split_loses_and_repeats_nothing(count, seed, data):
    whole = numbered(count)
    first, rest = whole.split(data.draw(st.integers(1, count - 1)), seed)
    shown = [*first.images.ravel().tolist(), *rest.images.ravel().tolist()]
    assert sorted(shown) == list(range(count))
    assert (first.images.ravel() % 3 == first.labels).all()


def test_a_subset_is_the_same_every_time():
    whole = numbered(100)
    assert whole.subset(10).digest == whole.subset(10).digest
    assert whole.subset(10).digest != whole.subset(10, seed=1).digest
    assert whole.subset(100).digest == whole.digest
    assert whole.subset(10).class_names == ()


def test_the_digest_tells_labels_images_and_names():
    one = numbered(6)
    others = [
        DataSet("numbered", one.images, one.labels[::-1].copy()),
        DataSet("numbered", one.images[::-1].copy(), one.labels),
        DataSet("numbered", one.images, one.labels, ("a", "b", "c")),
        DataSet("numbered", one.images.reshape(3, 2, 1, 1), one.labels[:3]),
    ]
    assert len({data.digest for data in (one, *others)}) == 5
    assert DataSet("renamed", one.images, one.labels, part="test").digest == one.digest


def test_nothing_changes_it():
    data = numbered(6)
    with pytest.raises(ValueError, match="read-only"):
        data.images[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        data.labels[0] = 1
    assert repr(data) == "<DataSet numbered, all: 6 images of 1 × 1 × 1, 3 classes>"
    assert data.counts == (2, 2, 2)


@pytest.mark.parametrize("count", [0, 7, -1])
def test_more_than_there_are(count):
    with pytest.raises(DataSetError, match=r"has 6 images; .* cannot be drawn"):
        numbered(6).subset(count)
    with pytest.raises(DataSetError, match=r"has 6 images; 1 to 5 can be split off"):
        numbered(6).split(count)


def test_labels_are_whole_numbers():
    with pytest.raises(DataSetError, match=r"has labels of float64 and shape \(6,\)"):
        DataSet("real", numbered(6).images, np.zeros(6))
