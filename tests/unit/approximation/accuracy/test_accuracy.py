"""What is counted, what is kept, and what is refused."""

import json
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest
from json_document import mistakes
from networks import convolution, fully_connected, one_layer, tensor, two_layers

import dvfs_kernel as dvfs
from dvfs_kernel.approximation.accuracy import kept as kept_module
from dvfs_kernel.approximation.accuracy import measurement
from dvfs_kernel.approximation.accuracy.accuracy import Accuracy
from dvfs_kernel.approximation.accuracy.evaluator import Evaluator
from dvfs_kernel.approximation.accuracy.judgement import ranked
from dvfs_kernel.approximation.accuracy.kept import KeptJudgements, network_digest
from dvfs_kernel.approximation.accuracy.measurement import measure_accuracy
from dvfs_kernel.errors import (
    ArgumentError,
    CacheError,
    DataSetError,
    ExecutorError,
    NetworkError,
)

RANDOM = np.random.default_rng(8)


def classifier(classes=7, seed=0):
    random = np.random.default_rng(seed)
    weights = random.integers(-128, 128, (classes, 12), np.int8)
    layer = fully_connected(classes, 12, weights=weights)
    return one_layer(layer, tensor("a", (2, 2, 3)), tensor("b", (1, 1, classes)))


def some_data(count=1300, classes=7, names=()):
    images = RANDOM.integers(0, 256, (count, 2, 2, 3), dtype=np.uint8)
    return dvfs.DataSet("some", images, RANDOM.integers(0, classes, count), names, "test")


def test_ranks_are_places_in_a_sorted_list():
    outputs = RANDOM.integers(-3, 4, (200, 1, 1, 9), np.int8)
    labels = RANDOM.integers(0, 9, 200)
    predictions, ranks = ranked(outputs, labels)
    order = np.argsort(-outputs[:, 0, 0].astype(int), axis=1, kind="stable")
    assert predictions.tolist() == order[:, 0].tolist()
    places = [row.tolist().index(own) for row, own in zip(order, labels, strict=True)]
    assert ranks.tolist() == places
    assert ((ranks == 0) == (predictions == labels)).all()


def test_everything_is_counted():
    network, data = classifier(), some_data()
    result = measure_accuracy(network, data, executor="here")
    said = Evaluator(network).predictions(data.images)
    assert result.top1 == np.mean(said == data.labels)
    assert result.confusion.sum() == len(data)
    assert result.confusion[2, 5] == ((data.labels == 2) & (said == 5)).sum()
    assert result.top1 < result.top5 <= 1
    assert result.interval.low < result.top1 < result.interval.high
    recalls = [np.mean(said[data.labels == label] == label) for label in range(7)]
    assert result.recalls == pytest.approx(recalls)
    assert result.mean_recall == pytest.approx(np.mean(recalls))
    row = result.rows[3]
    assert (row["class"], row["images"], row["recall"]) == ("3", data.counts[3], recalls[3])
    assert row["recall_low"] < row["recall"] < row["recall_high"]
    assert row["mistaken"] == np.delete(result.confusion[3], 3).max()
    assert "of 1,300 images" in repr(result)
    assert list(result.to_pandas()["images"]) == list(data.counts)


def test_a_class_without_images_has_no_recall():
    data = some_data(50, classes=3, names=tuple("abcdefg"))
    result = measure_accuracy(classifier(), data, executor="here")
    assert result.recalls[3:] == (None,) * 4
    assert result.rows[6]["class"] == "g"
    assert 0 < result.mean_recall < 1
    assert mistakes(result.to_dict()) == []


def test_the_document_is_as_its_schema_says(tmp_path):
    result = measure_accuracy(classifier(), some_data(), executor="here", confidence=0.9)
    document = json.loads(result.save(tmp_path / "a.json").read_text())
    assert mistakes(document) == []
    assert document["confidence"] == 0.9
    assert document["top1_interval"] == list(result.interval)


def test_a_margin_that_the_images_do_not_give():
    result = measure_accuracy(classifier(), some_data(), executor="here")
    result.require(20)
    with pytest.raises(DataSetError, match=r"1,300 images of some .* ± 0\.1 points need about"):
        result.require(0.1)


# ---- kept --------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path):
    return KeptJudgements(tmp_path / "kept")


def files(folder):
    return sorted(path for path in folder.rglob("*.accuracy"))


def test_what_was_judged_is_not_judged_again(kept, tmp_path, monkeypatch):
    told = []
    data = some_data()
    first = measure_accuracy(
        classifier(), data, kept=kept, executor="here", progress=lambda *_: told.append(_)
    )
    assert told == [("images", done, 1300) for done in (0, 500, 1000, 1300)]
    assert len(files(tmp_path)) == 3
    monkeypatch.delattr(measurement, "judge")
    again = measure_accuracy(replace(classifier(), name="other"), data, kept=kept)
    assert again.to_dict() == {**first.to_dict(), "network": "other"}


def test_an_interruption_loses_only_what_is_not_finished(kept, tmp_path):
    def stop(_what, done, _total):
        if done == 1000:
            raise KeyboardInterrupt

    data = some_data()
    with pytest.raises(KeyboardInterrupt):
        measure_accuracy(classifier(), data, kept=kept, executor="here", progress=stop)
    assert len(files(tmp_path)) == 2
    told = []
    measure_accuracy(
        classifier(), data, kept=kept, executor="here", progress=lambda *_: told.append(_[1])
    )
    assert told == [1000, 1300]


def test_the_digest_is_of_what_is_computed():
    network = classifier()
    layer = network.layers[0]
    assert network_digest(replace(network, name="x")) == network_digest(network)
    others = [
        classifier(seed=1),
        replace(network, layers=(replace(layer, bias=layer.bias + 1),)),
        replace(network, layers=(replace(layer, activation_max=9),)),
        replace(network, tensors=(network.tensors[0], replace(network.tensors[1], scale=0.25))),
        two_layers(),
    ]
    digests = {network_digest(other) for other in (network, *others)}
    assert len(digests) == 6


def test_other_images_labels_or_sources_are_another_name(kept, monkeypatch):
    data = some_data(10)
    names = {
        kept.key("a", data.images, data.labels),
        kept.key("b", data.images, data.labels),
        kept.key("a", data.images[::-1], data.labels),
        kept.key("a", data.images, data.labels[::-1]),
    }
    monkeypatch.setattr(kept_module, "sources_digest", lambda *_modules: "another")
    names.add(kept.key("a", data.images, data.labels))
    assert len(names) == 5


@pytest.mark.parametrize(("end", "more"), [(-1, b""), (-1, b"\7"), (0, b"")])
def test_a_damaged_file_is_told(end, more, kept, tmp_path):
    data = some_data(20)
    measure_accuracy(classifier(), data, kept=kept, executor="here")
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:end] + more)
    with pytest.raises(CacheError, match="is damaged, delete it"):
        measure_accuracy(classifier(), data, kept=kept)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match="cannot be written"):
        KeptJudgements(tmp_path / "file")


def test_a_lost_worker_is_told(monkeypatch):
    class Lost:
        def submit(self, *_):
            future = Future()
            future.cancel()
            return future

    class Opened:
        def __init__(self, _):
            pass

        def __enter__(self):
            return Lost()

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(measurement, "open_executor", Opened)
    with pytest.raises(ExecutorError, match="the same command goes on from there"):
        measure_accuracy(classifier(), some_data(20))


def test_processes_say_the_same():
    network, data = classifier(), some_data()
    there = measure_accuracy(network, data, executor="local:1")
    assert there.to_dict() == measure_accuracy(network, data, executor="here").to_dict()


# ---- refused -----------------------------------------------------------------------------------

FEATURE_MAP = one_layer(convolution(), tensor("a", (6, 5, 2)), tensor("b", (6, 5, 4)))
ONE_VALUE = one_layer(
    fully_connected(1, 12, weights=np.ones((1, 12), np.int8)),
    tensor("a", (2, 2, 3)),
    tensor("b", (1, 1, 1)),
)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (FEATURE_MAP, "its output is 6 × 5 × 4; a classifier's is 1 × 1 × n"),
        (ONE_VALUE, "its output is 1 × 1 × 1"),
        (replace(two_layers(), outputs=(1, 2)), "it has 2 outputs; a classifier has one"),
    ],
)
def test_a_network_that_is_no_classifier(network, message):
    with pytest.raises(NetworkError, match=message):
        dvfs.accuracy(network, data=some_data())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (some_data(classes=7, names=tuple("abcdefgh")), "has 8 classes, and 'one' tells 7 apart"),
        (some_data(classes=9), r"has label 8 at image \d+; 'one' tells 7 classes apart: 0 to 6"),
        (
            dvfs.DataSet("small", np.zeros((3, 1, 2, 3), np.uint8), np.zeros(3, int)),
            "images of small are 1 × 2 × 3; .* takes 2 × 2 × 3",
        ),
    ],
)
def test_data_that_is_not_of_the_networks_kind(data, message):
    with pytest.raises(DataSetError, match=message):
        measure_accuracy(classifier(), data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"limit": 0}, "limit is 0; at least one image"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"margin": -1.0}, "margin is -1.0; it is above 0"),
        ({"cache": "x", "no_cache": True}, "cache names a folder that no_cache says not to use"),
    ],
)
def test_arguments_that_cannot_be(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        dvfs.accuracy(classifier(), data=some_data(), **arguments)


# ---- the verb ----------------------------------------------------------------------------------


def test_the_verb(tmp_path):
    data = some_data()
    whole = dvfs.accuracy(classifier(), data=data, cache=tmp_path, progress=False)
    assert isinstance(whole, Accuracy)
    assert whole.images == 1300
    some = dvfs.accuracy(classifier(), data=data, no_cache=True, limit=100, progress=False)
    assert some.images == 100
    assert (some.labels == data.subset(100).labels).all()
    with pytest.raises(DataSetError, match="points need about"):
        dvfs.accuracy(classifier(), data=data, cache=tmp_path, margin=0.5)


def test_the_sample_is_the_default_of_what_takes_it():
    layer = fully_connected(10, 784, weights=np.ones((10, 784), np.int8))
    takes_it = one_layer(layer, tensor("a", (28, 28, 1)), tensor("b", (1, 1, 10)))
    result = dvfs.accuracy(takes_it, no_cache=True, limit=50, progress=False)
    assert (result.data, result.images) == ("fashion-mnist-sample", 50)
    with pytest.raises(DataSetError, match="this network needs data: the CIFAR-10"):
        dvfs.accuracy(classifier())
