"""Pairs hold each position once, and an order never makes them worse."""

import networks
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvfs_kernel.approximation.skipping.pair_order import order_by_gain, pair_order, together
from dvfs_kernel.approximation.skipping.pairs import (
    NO_POSITION,
    gather,
    lane_pairs,
    natural_order,
    position_pairs,
    scatter,
)
from dvfs_kernel.errors import ArgumentError

CHANNELS = st.integers(1, 21)
SEEDS = st.integers(0, 2**32 - 1)


def convolution(channels, side=1, outputs=3):
    weights = np.zeros((outputs, side, side, channels), np.int8)
    return networks.convolution(
        weights=weights, weight_scales=np.ones(outputs), bias=np.zeros(outputs, np.int32)
    )


@given(count=st.integers(1, 50))
def test_lanes_hold_each_position_once(count):
    pairs = lane_pairs(count)
    assert sorted(pairs[pairs != NO_POSITION]) == list(range(count))
    assert (pairs[:, 0] != NO_POSITION).all()


@given(channels=CHANNELS, side=st.integers(1, 3), seed=SEEDS)
def test_pairs_of_any_order_hold_each_position_once(channels, side, seed):
    order = np.random.default_rng(seed).permutation(channels)
    pairs = position_pairs(convolution(channels, side), order)
    assert sorted(pairs[pairs != NO_POSITION]) == list(range(side * side * channels))


def test_four_bytes_give_the_pairs_of_a_rotated_word():
    layer = convolution(8)
    order = np.array([7, 6, 5, 4, 3, 2, 1, 0])
    assert position_pairs(layer, order).tolist() == [[7, 5], [6, 4], [3, 1], [2, 0]]


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 0, 1, 2], [0, 1, 2, 4]])
def test_an_order_names_each_channel_once(order):
    with pytest.raises(ArgumentError, match="each of 0 to 3 once"):
        position_pairs(convolution(4), np.array(order))


@given(channels=CHANNELS, seed=SEEDS)
def test_scatter_undoes_gather(channels, seed):
    random = np.random.default_rng(seed)
    pairs = position_pairs(convolution(channels), random.permutation(channels))
    chosen = random.random((3, len(pairs))) < 0.5
    marked = scatter(chosen, pairs, channels)
    there = pairs != NO_POSITION
    assert (gather(marked, pairs) == (chosen[:, :, None] & there)).all()


@given(channels=CHANNELS, side=st.integers(1, 2), seed=SEEDS)
def test_an_order_is_a_permutation_that_loses_no_pair(channels, side, seed):
    random = np.random.default_rng(seed)
    layer = convolution(channels, side)
    single = random.random((3, side * side * channels))

    def scores(pairs):
        return gather(single, pairs).max(axis=2)

    order = pair_order(layer, scores, 0.5)
    assert sorted(order) == list(range(channels))
    before = (scores(position_pairs(layer, natural_order(layer))) <= 0.5).sum()
    assert (scores(position_pairs(layer, order)) <= 0.5).sum() >= before


def test_channels_that_go_together_share_a_pair():
    single = np.ones((1, 8))
    single[:, [0, 1, 6, 7]] = 0
    layer = convolution(8)

    def scores(pairs):
        return gather(single, pairs).max(axis=2)

    assert (scores(position_pairs(layer, natural_order(layer))) <= 0).sum() == 0
    assert (scores(position_pairs(layer, pair_order(layer, scores, 0.0))) <= 0).sum() == 2


@given(channels=CHANNELS, seed=SEEDS)
def test_gain_is_the_number_of_pairs_below_the_threshold(channels, seed):
    random = np.random.default_rng(seed)
    layer = convolution(channels)
    single = random.random((3, channels))

    def scores(pairs):
        return gather(single, pairs).max(axis=2)

    gain = together(channels, 1, scores, 0.5)
    order = order_by_gain(gain)
    pairs = position_pairs(layer, order)
    expected = sum(gain[a, channels if b == NO_POSITION else b] for a, b in pairs)
    assert (scores(pairs) <= 0.5).sum() == expected
