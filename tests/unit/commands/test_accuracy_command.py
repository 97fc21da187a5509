"""``dvfs accuracy`` on a network and on data made here."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from json_document import mistakes
from small_model import small_model
from tflite_writer import ModelWriter

from dvfs_kernel.commands.cli import cli


def classifier(classes=3):
    writer = ModelWriter()
    source = writer.tensor("image", (1, 4, 4, 1), "int8", (0.05,), (-128,))
    target = writer.tensor("classes", (1, classes), "int8", (0.5,), (0,))
    weights = np.random.default_rng(1).integers(-99, 100, (classes, 16), dtype=np.int8)
    inputs = (
        source,
        writer.constant(weights, (0.01,)),
        writer.constant(np.zeros(classes, np.int32), (0.0005,)),
    )
    writer.operator("FULLY_CONNECTED", inputs, (target,), ("FullyConnectedOptions", {}))
    writer.inputs, writer.outputs = (source,), (target,)
    return writer.finish()


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(2)
    images = random.integers(0, 256, (40, 4, 4), dtype=np.uint8)
    names = np.array(["left", "right", "[bold]"])
    np.savez("data.npz", x=images, y=np.arange(40) % 3, class_names=names)
    (tmp_path / "model.tflite").write_bytes(classifier())
    (tmp_path / "map.tflite").write_bytes(small_model())

    def run(*arguments):
        return CliRunner().invoke(cli, ["accuracy", *arguments])

    return run


def test_it_tells_shares_and_classes(call):
    done = call("model.tflite", "--data", "data.npz", "--cache", "kept")
    assert done.exit_code == 0, done.output
    assert "model on data, undivided, 40 images" in done.output
    assert "with 0.95 confidence" in done.output
    assert "Top-5" not in done.output  # of three classes
    assert "2 [bold]" in done.output
    printed = call("model.tflite", "--data", "data.npz", "--cache", "kept", "--json")
    document = json.loads(printed.stdout)
    assert mistakes(document) == []
    assert document["images"] == 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("model.tflite", "--data", "cifar-10"), "CIFAR-10 is to be had as cifar-10-python"),
        (("model.tflite",), "this network needs --data: the CIFAR-10 or CIFAR-100 archive"),
        (("model.tflite", "--data", "data.npz", "--part", "train"), "has no train part"),
        (("model.tflite", "--data", "data.npz", "--margin", "1"), "± 1 points need about"),
        (("map.tflite", "--data", "data.npz"), "'map' is no classifier: its output is 8 × 8 × 4"),
        (("model.tflite", "--data", "model.tflite"), "is no data set that is known"),
    ],
)
def test_what_goes_wrong_is_told_and_nothing_is_printed(arguments, message, call):
    done = call(*arguments, "--no-cache", "--json")
    assert done.exit_code == 1
    assert message in done.output
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments", [("--limit", "0"), ("--confidence", "1"), ("--margin", "0"), ("--part", "all")]
)
def test_wrong_usage(arguments, call):
    assert call("model.tflite", "--data", "data.npz", *arguments).exit_code == 2
