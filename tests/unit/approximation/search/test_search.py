"""A search finds plans whose accuracy is true, keeps what it found, and ends when it has to."""

from dataclasses import replace
from itertools import pairwise

import networks
import numpy as np
import pytest

from dvfs_kernel.approximation.data.data_set import DataSet
from dvfs_kernel.approximation.search.assessment import Assessor
from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
from dvfs_kernel.approximation.search.ladder import SkipRule
from dvfs_kernel.approximation.search.point_report import report_points
from dvfs_kernel.approximation.search.search import mac_cost, pair_cost, search
from dvfs_kernel.approximation.search.space import build_space
from dvfs_kernel.approximation.significance.calibration import calibrate
from dvfs_kernel.approximation.skipping.thinning import thin
from dvfs_kernel.errors import (
    ArgumentError,
    CacheError,
    DataSetError,
    DvfsError,
    NetworkError,
    UnknownLayerError,
)
from dvfs_kernel.networks import reference
from dvfs_kernel.networks.network import Network, Padding, Softmax

FEW = SkipRule(levels=5)


def classifier(*, softmax=True):
    """Three convolutions and a fully connected layer over 6 by 6 pixels, ten classes."""
    random = np.random.default_rng(5)

    def weights(*shape):
        return np.clip(random.normal(0, 40, shape), -127, 127).round().astype(np.int8)

    def layer(number, outputs, inputs):
        return networks.convolution(
            name=f"conv{number}",
            inputs=(number,),
            output=number + 1,
            weights=weights(outputs, 3, 3, inputs),
            weight_scales=np.full(outputs, 0.004),
            bias=random.integers(-300, 300, outputs, np.int32),
            padding=Padding(1, 1, 1, 1),
            activation_min=1,
        )

    tensors = [networks.tensor("image", (6, 6, 2))]
    tensors += [networks.tensor(f"map{n}", (6, 6, c)) for n, c in enumerate((4, 8, 6))]
    tensors.append(networks.tensor("logits", (1, 1, 10)))
    layers = [layer(0, 4, 2), layer(1, 8, 4), layer(2, 6, 8)]
    layers.append(
        networks.fully_connected(
            10, 216, inputs=(3,), output=4, weights=weights(10, 216), bias=np.zeros(10, np.int32)
        )
    )
    layers[-1] = replace(layers[-1], weight_scales=np.array([0.0006]))
    if softmax:
        tensors.append(networks.tensor("shares", (1, 1, 10), scale=1 / 256, zero_point=-128))
        layers.append(Softmax(name="softmax", inputs=(4,), output=5))
    last = len(tensors) - 1
    return Network("made", tuple(tensors), tuple(layers), 0, (last,))


def pictures(count, seed, part="train"):
    """Pictures with the classes that the exact network gives them, but for some that are wrong."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 6, 6, 2), np.uint8)
    network = classifier()
    stored = (images.astype(np.int16) - 128).astype(np.int8)
    labels = [int(reference.run(network, x)[network.outputs[0]].argmax()) for x in stored]
    wrong = random.random(count) < 0.1
    return DataSet("made", images, np.where(wrong, 3, labels), tuple("abcdefghij"), part)


@pytest.fixture(scope="module")
def space():
    return build_space(classifier(), pictures(40, 1), FEW)


@pytest.fixture(scope="module")
def chosen_on():
    return pictures(80, 2)


def accuracy(network, data):
    stored = (data.images.astype(np.int16) - 128).astype(np.int8)
    outputs = [reference.run(network, image)[network.outputs[0]] for image in stored]
    classes = np.array([output.argmax() for output in outputs])
    return float((classes == data.labels).mean())


def test_points_have_the_accuracy_of_the_interpreter(space, chosen_on):
    found = search(Assessor(space, chosen_on), largest_loss_points=40, most_points=25)
    assert len(found.points) > 2
    assert found.points[0].levels == space.exact
    for point in found.points:
        thinned = thin(space.network, point.plan)
        assert point.assessment.images == 80
        assert point.assessment.accuracy == pytest.approx(accuracy(thinned, chosen_on))
        assert point.cost == space.counts(point.levels).pair_units
    losses = [point.assessment.loss_points for point in found.points[1:]]
    costs = [point.cost for point in found.points]
    assert losses == sorted(losses)
    assert costs == sorted(costs, reverse=True)


def test_loss_is_what_accuracy_changes_by(space, chosen_on):
    assessor = Assessor(space, chosen_on)
    exact, found = (assessor.whole(levels) for levels in (space.exact, (3, 2)))
    assert (exact.gained, exact.lost, exact.squared_error) == (0, 0, 0)
    assert found.loss_points == pytest.approx(100 * (exact.accuracy - found.accuracy))
    assert found.mean_squared_error > 0
    assert sum(assessor.block_sizes) == 80


@pytest.mark.parametrize("levels", [(0, 0), (2, 0), (0, 4), (5, 5)])
def test_what_is_kept_in_memory_changes_nothing(space, chosen_on, levels):
    used = Assessor(space, chosen_on)
    for before in ((1, 1), (2, 3), (0, 1)):
        used.whole(before)
    assert used.whole(levels) == Assessor(space, chosen_on).whole(levels)


def test_a_network_without_a_softmax(chosen_on):
    space = build_space(classifier(softmax=False), pictures(40, 1), FEW, names=["conv2"])
    found = Assessor(space, chosen_on).whole((3,))
    assert found.accuracy == accuracy(thin(space.network, space.plan((3,))), chosen_on)


def test_a_search_goes_on_where_one_ended(space, chosen_on, tmp_path):
    def told(what, done, whole):  # noqa: ARG001  the form of a progress callback
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(Assessor(space, chosen_on, KeptArrays(tmp_path)), most_points=20, progress=told)
    again = search(Assessor(space, chosen_on, KeptArrays(tmp_path)), most_points=20)
    fresh = search(Assessor(space, chosen_on), most_points=20)
    assert again.points[-1].plan == fresh.points[-1].plan
    assert 0 < again.evaluated < fresh.evaluated
    third = search(Assessor(space, chosen_on, KeptArrays(tmp_path)), most_points=20)
    assert (third.evaluated, third.tried) == (0, again.tried)
    other = Assessor(space, pictures(80, 3), KeptArrays(tmp_path))
    other.whole((1, 1))
    assert other.evaluated > 0


def test_budgets_of_points_and_time(space, chosen_on):
    few = search(Assessor(space, chosen_on), most_points=3)
    assert few.tried == 3
    assert not few.finished
    none = search(Assessor(space, chosen_on), budget_s=1e-9)
    assert [point.levels for point in none.points] == [space.exact]
    assert not none.finished
    assert repr(none) == "<SearchResult: 1 points of 2 tried, stopped>"


def test_a_search_that_finds_no_more_is_finished(chosen_on):
    space = build_space(classifier(), pictures(40, 1), replace(FEW, levels=2), names=["conv1"])
    found = search(Assessor(space, chosen_on), largest_loss_points=60)
    assert found.finished
    assert found.tried == 3


def test_a_better_network_at_less_cost_leaves_the_exact_one_first(space, chosen_on):
    levels = (2, 2)
    thinned = thin(space.network, space.plan(levels))
    stored = (chosen_on.images.astype(np.int16) - 128).astype(np.int8)
    outputs = [reference.run(thinned, image)[thinned.outputs[0]] for image in stored]
    labels = np.array([output.argmax() for output in outputs])
    found = search(Assessor(space, replace(chosen_on, labels=labels)), most_points=60)
    assert found.points[0].levels == space.exact
    assert found.points[1].assessment.loss_points < 0
    assert found.within(0).cost < found.points[0].cost


def test_the_least_cost_within_a_loss(space, chosen_on):
    found = search(Assessor(space, chosen_on), largest_loss_points=40, most_points=25)
    for loss in (0, 1.5, 30):
        point = found.within(loss)
        assert point.assessment.loss_points <= loss
        others = [p for p in found.points if p.assessment.loss_points <= loss]
        assert point.cost == min(p.cost for p in others)
        assert found.within(loss, errors=2).cost >= point.cost
    with pytest.raises(ArgumentError, match="the accuracy without skipping, is possible"):
        found.within(-0.5)
    with pytest.raises(ArgumentError, match="a loss of 100 points cannot be allowed"):
        found.within(100)


def test_cost_is_asked_for(space, chosen_on):
    cost = mac_cost(space)
    found = search(Assessor(space, chosen_on), cost=cost, largest_loss_points=40, most_points=12)
    assert all(point.cost == cost(point.plan) for point in found.points)
    assert cost(space.plan(space.exact)) <= sum(space.network.macs)
    assert pair_cost(space)(space.plan((5, 5))) < pair_cost(space)(space.plan(space.exact))


@pytest.mark.parametrize(
    "options",
    [
        {"largest_loss_points": -1},
        {"largest_loss_points": 101},
        {"largest_loss_points": float("nan")},
        {"budget_s": 0},
        {"budget_s": float("nan")},
        {"most_points": 0},
    ],
)
def test_what_cannot_be_searched(space, chosen_on, options):
    with pytest.raises(ArgumentError) as raised:
        search(Assessor(space, chosen_on), **options)
    assert isinstance(raised.value, DvfsError)


def test_parts_of_data_are_held_apart(space, chosen_on):
    test = pictures(40, 9, "test")
    with pytest.raises(DataSetError, match="cannot be computed from the test images"):
        build_space(classifier(), test)
    with pytest.raises(DataSetError, match="nothing can be chosen on the test images"):
        search(Assessor(space, test))
    with pytest.raises(DataSetError, match="on which it was made; take test images"):
        report_points(space, [], chosen_on)


def test_points_on_test_images(space, chosen_on):
    found = search(Assessor(space, chosen_on), largest_loss_points=40, most_points=12)
    test = pictures(60, 9, "test")
    told = []
    report = report_points(space, found.points, test, progress=lambda *what: told.append(what))
    for row, point in zip(report.rows, found.points, strict=True):
        assert row["test_accuracy"] == accuracy(thin(space.network, point.plan), test)
        assert row["test_low"] <= row["test_accuracy"] <= row["test_high"]
        assert row["skipped_share"] <= row["zero_share"]
    assert report.rows[0]["test_loss_points"] == 0
    assert told[-1] == ("testing", len(found.points), len(found.points))


def test_levels_leave_out_more_and_more():
    network = classifier()
    for rule in (FEW, SkipRule("energy", "both", compensation="none", levels=5)):
        space = build_space(network, pictures(40, 1), rule)
        for ladder in space.ladders:
            assert list(ladder.thresholds) == sorted(ladder.thresholds)
            masks = [ladder.skip(level).dropped for level in range(1, len(ladder))]
            for less, more in pairwise(masks):
                assert (less <= more).all()
            pairs = [ladder.count(level).skipped_pairs for level in range(len(ladder))]
            assert pairs[0] < pairs[-1]


@pytest.mark.parametrize("compensation", ["none", "bias", "weights"])
def test_compensation_changes_what_it_says(compensation):
    rule = replace(FEW, compensation=compensation)
    (ladder,) = build_space(classifier(), pictures(40, 1), rule, names=["conv2"]).ladders
    skip = ladder.skip(2)
    assert (skip.bias is None) == (compensation == "none")
    assert (skip.weights is None) == (compensation != "weights")
    assert (ladder.thinned(2).weights.reshape(6, -1)[skip.dropped] == 0).all()


def test_weights_that_make_up_lose_less_than_none(chosen_on):
    errors = []
    for compensation in ("none", "bias", "weights"):
        rule = replace(FEW, form="variance", compensation=compensation)
        space = build_space(classifier(), pictures(60, 1), rule)
        errors.append(Assessor(space, chosen_on).whole((3, 3)).mean_squared_error)
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"form": "size"}, "no significance 'size'"),
        ({"pairing": "one"}, "no pairing 'one'; known are both, joint"),
        ({"compensation": "all"}, "no compensation 'all'; known are none, bias, weights"),
        ({"levels": 0}, "1 is the least"),
    ],
)
def test_rules_that_are_none(change, message):
    with pytest.raises(ArgumentError, match=message):
        SkipRule(**change)


def test_spaces_that_cannot_be(space):
    network = classifier()
    with pytest.raises(UnknownLayerError, match="no layer has the name 'none'"):
        build_space(network, pictures(40, 1), names=["none"])
    with pytest.raises(NetworkError, match="has no products that could be left out"):
        build_space(network, pictures(40, 1), names=["softmax"])
    with pytest.raises(ArgumentError, match="3 levels do not fit 2 layers"):
        space.plan((1, 1, 1))
    with pytest.raises(ArgumentError, match="no level 6; 0 to 5 is allowed"):
        space.plan((6, 0))


def test_data_that_is_not_for_the_network(space):
    labels = np.full(3, 10)
    data = DataSet("made", np.zeros((3, 6, 6, 2), np.uint8), labels, part="train")
    with pytest.raises(DataSetError, match="has label 10; 'made' knows classes 0 to 9"):
        Assessor(space, data)
    two = replace(space.network, outputs=(4, 5))
    with pytest.raises(NetworkError, match="has 2 outputs; a classifier has one"):
        Assessor(build_space(two, pictures(40, 1), FEW, names=["conv2"]), pictures(3, 1))


def test_kept_arrays_on_disk(tmp_path):
    kept = KeptArrays(tmp_path / "new" / "folder")
    assert kept.load("a", 1) is None
    kept.save(np.arange(3), "a", 1)
    assert kept.load("a", 1).tolist() == [0, 1, 2]
    assert kept.load("a", 2) is None
    (path,) = (tmp_path / "new").rglob("*.array")
    content = path.read_bytes()
    for damaged in (b"", content[:70], content[:-4], b"x" + content[1:]):
        path.write_bytes(damaged)
        with pytest.raises(CacheError, match="is damaged"):
            kept.load("a", 1)
    with pytest.raises(CacheError, match="cannot be written"):
        KeptArrays(path / "below")
    KeptArrays(None).save(np.arange(3), "a")
    assert KeptArrays(None).load("a") is None


def test_calibration_is_kept_and_found_again(tmp_path, monkeypatch):
    """Of other images or layers nothing is found."""
    kept, data = KeptArrays(tmp_path), pictures(40, 1)
    made = build_space(classifier(), data, FEW, kept=kept)
    calls = []

    def calibrated(network, *arguments, **options):
        calls.append(arguments)
        return calibrate(network, *arguments, **options)

    monkeypatch.setattr("dvfs_kernel.approximation.search.space.calibrate", calibrated)
    assert build_space(classifier(), data, FEW, kept=kept).digest == made.digest
    assert not calls
    build_space(classifier(), pictures(40, 2), FEW, kept=kept)
    build_space(classifier(), data, FEW, names=["conv2"], kept=kept)
    assert len(calls) == 2
