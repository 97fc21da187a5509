"""Significances are what their definitions say, computed the long way round."""

import networks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvfs_kernel.approximation.data.data_set import DataSet
from dvfs_kernel.approximation.significance.calibration import LEAST_IMAGES, calibrate
from dvfs_kernel.approximation.significance.moments import measure_moments
from dvfs_kernel.approximation.significance.pair_significance import order_for, pair_significance
from dvfs_kernel.approximation.significance.scores import (
    FORMS,
    pair_scores,
    partial_sum_scores,
    product_scores,
)
from dvfs_kernel.approximation.significance.surgeon import fitted_weights, removal_scores
from dvfs_kernel.approximation.skipping.pairs import natural_order, position_pairs
from dvfs_kernel.approximation.skipping.skippable import columns, weight_matrix
from dvfs_kernel.errors import ArgumentError, DataSetError, DvfsError


def data_of(images):
    return DataSet("made", images, np.zeros(len(images), int), part="train")


SEEDS = st.integers(0, 2**32 - 1)


def made(seed, channels=4, images=40, outputs=3):
    random = np.random.default_rng(seed)
    layer = networks.convolution(
        weights=random.integers(-20, 20, (outputs, 2, 2, channels), np.int8),
        weight_scales=np.full(outputs, 0.01),
        bias=random.integers(-99, 99, outputs, np.int32),
        padding=networks.Padding(0, 1, 0, 1),
    )
    values = random.integers(-128, 127, (images, 4, 4, channels), np.int8, endpoint=True)
    moments = measure_moments(layer, [values[:7], values[7:7], values[7:]], 3)
    seen = columns(layer, values, 3).reshape(-1, 4 * channels)
    return layer, moments, seen


@given(seed=SEEDS)
def test_moments_are_the_means_over_columns(seed):
    _, moments, seen = made(seed)
    exact = seen.astype(np.int64)
    assert moments.count == len(seen)
    assert (moments.mean == exact.sum(axis=0) / len(seen)).all()
    assert (moments.second == (exact.T @ exact) / len(seen)).all()


@settings(max_examples=30)
@given(seed=SEEDS)
def test_scores_of_products_are_the_errors_that_they_promise(seed):
    layer, moments, seen = made(seed)
    factors = np.array([0.5, 1.0, 2.0])
    products = seen[:, None, :] * weight_matrix(layer).astype(np.int64) * factors[:, None]
    energy = product_scores("energy", layer, moments, factors)
    np.testing.assert_allclose(energy, (products**2).mean(axis=0))
    variance = product_scores("variance", layer, moments, factors)
    np.testing.assert_allclose(variance, products.var(axis=0), rtol=1e-6, atol=1e-6)
    means = np.abs(products.mean(axis=0))
    share = product_scores("mean-share", layer, moments, factors)
    np.testing.assert_allclose(share, means / means.sum(axis=1, keepdims=True), atol=1e-12)


@settings(max_examples=30)
@given(seed=SEEDS, channels=st.sampled_from([3, 4]))
def test_scores_of_pairs_are_of_both_products_together(seed, channels):
    layer, moments, seen = made(seed, channels)
    pairs = position_pairs(layer, natural_order(layer))
    factors = np.ones(3)
    products = seen[:, None, :] * weight_matrix(layer).astype(np.int64)
    padded = np.concatenate([products, np.zeros((*products.shape[:2], 1))], axis=2)
    joint = padded[:, :, pairs].sum(axis=3)
    energy = pair_scores("energy", layer, moments, factors, pairs)
    np.testing.assert_allclose(energy, (joint**2).mean(axis=0), rtol=1e-6, atol=1e-6)
    variance = pair_scores("variance", layer, moments, factors, pairs)
    np.testing.assert_allclose(variance, joint.var(axis=0), rtol=1e-6, atol=1e-6)


def test_partial_sums_are_held_against_the_whole_sum():
    layer, _, seen = made(0)
    weights = weight_matrix(layer).astype(np.int64)
    found = partial_sum_scores(layer, seen)
    for channel in range(3):
        ratios = []
        for column in seen.astype(np.int64):
            sums = layer.bias[channel] + np.cumsum(column * weights[channel])
            if sums[-1]:
                ratios.append(np.abs(sums / sums[-1]))
        np.testing.assert_allclose(found[channel], np.mean(ratios, axis=0))


def test_products_of_a_sum_that_is_always_zero_are_never_left_out():
    layer = networks.fully_connected(2, 3, bias=np.array([0, 1], np.int32))
    found = partial_sum_scores(layer, np.zeros((5, 3), np.int16))
    assert np.isinf(found[0]).all()
    assert (found[1] == 1).all()


@settings(max_examples=20)
@given(seed=SEEDS, channels=st.sampled_from([3, 4]))
def test_the_first_removal_costs_what_the_best_fit_loses(seed, channels):
    layer, moments, _ = made(seed, channels)
    pairs = position_pairs(layer, natural_order(layer))
    scores = removal_scores(layer, moments, np.ones(3), pairs)
    assert (scores >= 0).all()
    covariance = moments.covariance
    covariance = covariance + 1e-2 * np.diag(covariance).mean() * np.eye(len(covariance))
    for channel, row in enumerate(weight_matrix(layer).astype(float)):
        losses = []
        for pair in pairs:
            gone = pair[pair >= 0]
            stays = np.setdiff1d(np.arange(len(row)), gone)
            fit = np.linalg.solve(covariance[np.ix_(stays, stays)], covariance[stays] @ row)
            change = row.copy()
            change[stays] -= fit
            losses.append(change @ covariance @ change)
        assert scores[channel].min() == pytest.approx(min(losses), rel=1e-6, abs=1e-6)


def test_removal_tells_channels_done():
    layer, moments, _ = made(1)
    done = []
    pairs = position_pairs(layer, natural_order(layer))
    removal_scores(layer, moments, np.ones(3), pairs, done.append)
    assert done == [1, 2, 3]


def test_weights_that_stay_make_up_for_those_that_go():
    """Two inputs that are always equal: one weight can do the work of both."""
    random = np.random.default_rng(0)
    values = random.integers(-128, 127, (99, 1, 1, 4), np.int8, endpoint=True)
    values[..., 1] = values[..., 0]
    layer = networks.fully_connected(1, 4, weights=np.array([[10, 20, 30, 40]], np.int8))
    moments = measure_moments(layer, [values], 0)
    dropped = np.array([[True, False, False, False]])
    assert fitted_weights(layer, moments, dropped).tolist() == [[0, 30, 30, 40]]
    nothing = np.zeros((1, 4), bool)
    assert fitted_weights(layer, moments, nothing).tolist() == [[10, 20, 30, 40]]
    assert fitted_weights(layer, moments, ~nothing).tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pairing", ["both", "joint"])
def test_every_form_has_a_score_for_each_pair_and_an_order(form, pairing):
    network = networks.one_layer(
        networks.convolution(), networks.tensor("a", (6, 5, 2)), networks.tensor("b", (6, 5, 4))
    )
    images = np.random.default_rng(0).integers(0, 256, (LEAST_IMAGES, 6, 5, 2), np.uint8)
    (statistics,) = calibrate(network, data_of(images), first=True)
    order = order_for(form, statistics, pairing)
    assert sorted(order) == [0, 1]
    pairs = position_pairs(statistics.layer, order)
    assert pair_significance(form, statistics, pairs, pairing).shape == (4, len(pairs))


def test_what_cannot_be_asked():
    layer, moments, _ = made(0)
    with pytest.raises(ArgumentError, match="no significance 'size'; known are partial-sum"):
        product_scores("size", layer, moments, np.ones(3))
    with pytest.raises(ArgumentError, match="do not tell the significance 'partial-sum'"):
        product_scores("partial-sum", layer, moments, np.ones(3))
    with pytest.raises(ArgumentError, match="at least one image"):
        measure_moments(layer, [], 0)


def test_too_few_calibration_images():
    network = networks.one_layer(
        networks.fully_connected(4, 70),
        networks.tensor("a", (1, 1, 70)),
        networks.tensor("b", (1, 1, 4)),
    )
    for images, message in ((31, "31 calibration images"), (70, "71 are the least: layer")):
        with pytest.raises(DataSetError, match=message) as raised:
            calibrate(network, data_of(np.zeros((images, 1, 1, 70), np.uint8)), ["fully_connected"])
        assert isinstance(raised.value, DvfsError)
