"""``dvfs approximate`` refuses what cannot be, before anything runs."""

import numpy as np
import pytest
from click.testing import CliRunner
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
    images = random.integers(0, 256, (700, 4, 4), dtype=np.uint8)
    labels = np.arange(700) % 3
    np.savez("data.npz", x=images, y=labels)
    np.savez("few.npz", x=images[:50], y=labels[:50])
    np.savez("wrong.npz", x=images, y=labels + 5)
    (tmp_path / "model.tflite").write_bytes(classifier())
    (tmp_path / "map.tflite").write_bytes(small_model())

    def run(*arguments):
        return CliRunner().invoke(cli, ["approximate", *arguments, "--cache", "kept", "-o", "out"])

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["map.tflite", "--data", "data.npz"], "is no classifier"),
        (["model.tflite"], "this network needs --data"),
        (["model.tflite", "--data", "nothing.npz"], "no such file"),
        (["model.tflite", "--data", "few.npz"], "at least 300 are needed"),
        (["model.tflite", "--data", "wrong.npz"], "0 to 2 is allowed"),
        (["model.tflite", "--data", "data.npz"], "no layer to leave products out of"),
        (["model.tflite", "--exact", "--flash", "100B"], "a budget of 100 bytes is below that"),
        (["model.tflite", "--exact", "--qos", "30", "30"], "a bound stands twice"),
    ],
)
def test_what_cannot_be_is_one_message(call, arguments, message, tmp_path):
    done = call(*arguments)
    assert done.exit_code == 1, done.output
    assert message in " ".join(done.output.split())
    assert done.output.count("Error") == 1
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--exact", "--data", "data.npz"], "neither --data nor --loss"),
        (["--exact", "--loss", "1"], "neither --data nor --loss"),
        (["--data", "data.npz", "--loss", "-1"], "--loss"),
        (["--data", "data.npz", "--search-time", "0s"], "--search-time"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(call, arguments, message):
    done = call("model.tflite", *arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
