"""Frontiers and walks along hulls, against all there is."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.approximation.search.frontier import hull_walk, not_dominated
from dvfs_kernel.approximation.search.guide import Guide, moves

NUMBERS = st.integers(0, 20)


@given(points=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=12))
def test_what_is_kept_dominates_all_else(points):
    kept = not_dominated(points, lambda p: p[0], lambda p: p[1])
    assert kept == sorted(kept, key=lambda p: (-p[0], p[1]))
    for x, y in points:
        assert any(a <= x and b <= y for a, b in kept)
    for one in kept:
        for other in set(kept) - {one}:
            assert not (other[0] <= one[0] and other[1] <= one[1])


@st.composite
def layers(draw):
    found = []
    for _ in range(draw(st.integers(1, 3))):
        count = draw(st.integers(0, 4))
        saved = np.cumsum([0] + [draw(st.integers(1, 9)) for _ in range(count)])
        loss = np.cumsum([0] + [draw(st.integers(0, 9)) for _ in range(count)])
        found.append((-saved.astype(float), loss.astype(float)))
    return [list(values) for values in zip(*found, strict=True)]


@given(both=layers())
def test_a_walk_has_the_least_of_all_sums_for_some_price(both):
    costs, losses = both

    def total(values, levels):
        return sum(value[level] for value, level in zip(values, levels, strict=True))

    every = list(product(*(range(len(cost)) for cost in costs)))
    walk = hull_walk(costs, losses)
    assert walk[0] == (0,) * len(costs)
    assert total(costs, walk[-1]) == min(total(costs, levels) for levels in every)
    for levels in walk:
        # None has less loss at no more cost.
        cost, loss = total(costs, levels), total(losses, levels)
        assert loss == min(total(losses, x) for x in every if total(costs, x) <= cost)


@given(both=layers())
def test_the_walk_has_no_regret(both):
    guide = Guide(*both)
    for levels in hull_walk(*both):
        assert guide.has(levels)
        assert guide.regret(levels) <= 1 + 1e-9


def test_moves_change_one_layer_or_trade_two():
    found = set(moves((2, 2)))
    assert {(0, 2), (1, 2), (3, 2), (4, 2), (2, 1), (3, 1), (1, 3)} <= found
    assert (2, 2) not in found
    assert not Guide([np.zeros(3)], [np.zeros(3)]).has((-1,))
