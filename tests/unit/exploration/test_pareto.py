"""Pareto points against the definition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.exploration import pareto

value = st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0, 7.0]) | st.floats(0, 1e3)
points = st.lists(st.tuples(value, value), max_size=30)


def beats(one, other):
    return one[0] <= other[0] and one[1] <= other[1] and one != other


@given(points)
def test_marked_are_those_that_nothing_beats(drawn):
    marked = pareto.efficient([p[0] for p in drawn], [p[1] for p in drawn])
    kept = [p for p, mark in zip(drawn, marked, strict=True) if mark]
    assert sorted(kept) == sorted({p for p in drawn if not any(beats(other, p) for other in drawn)})
    # Of equal points the first is the one.
    assert all(drawn.index(p) == i for i, p in enumerate(drawn) if marked[i])


@given(points, st.randoms())
def test_the_order_of_the_options_does_not_matter(drawn, random):
    shuffled = drawn.copy()
    random.shuffle(shuffled)

    def chosen(options):
        array = np.array(options).reshape(-1, 2)
        return sorted(map(tuple, array[pareto.efficient(array[:, 0], array[:, 1])]))

    assert chosen(drawn) == chosen(shuffled)
