"""The course from images to the file of a network."""

import importlib
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from dvfs_kernel.approximation.data.data_set import DataSet
from dvfs_kernel.approximation.training.course import make, split
from dvfs_kernel.approximation.training.recipe import NAMES, Recipe, Stage, recipe
from dvfs_kernel.errors import ArgumentError, MissingExtraError
from dvfs_kernel.networks.zoo import trained
from dvfs_kernel.networks.zoo.trained.weights_file import read, write

TINY = Recipe(
    name="tiny",
    data="stripes",
    shape=(8, 8, 1),
    stages=(Stage(4, padded=True, pooled=True), Stage(6, padded=False, pooled=False)),
    hidden=8,
    classes=2,
    epochs=3,
    batch=16,
    shift=1,
    sample=True,
)


def stripes(count, seed=0):
    """Make pictures with stripes across (0) or down (1)."""
    draws = np.random.default_rng(seed)
    labels = draws.integers(0, 2, count)
    images = draws.integers(0, 60, (count, 8, 8, 1))
    images[labels == 0, ::2] += 150
    images[labels == 1, :, ::2] += 150
    return DataSet("stripes", images.astype(np.uint8), labels)


@pytest.fixture
def without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(
        sys.modules, "dvfs_kernel.approximation.training.torch_training", raising=False
    )


@pytest.fixture
def program():
    return importlib.import_module("dvfs_kernel.approximation.training.__main__").main


@pytest.mark.usefixtures("without_torch")
def test_what_is_missing_is_told_with_its_remedy(tmp_path, program):
    with pytest.raises(MissingExtraError, match=r"pip install 'dvfs-kernel\[train\]'"):
        make(TINY, stripes(64), stripes(8), checkpoint=tmp_path / "c", say=print)
    done = CliRunner().invoke(program, ["lenet", "--data", "nowhere", "-o", str(tmp_path / "o")])
    assert done.exit_code == 1
    assert "training needs PyTorch" in done.output
    assert not list(tmp_path.iterdir())


def test_there_is_a_recipe_for_every_trained_network(program):
    assert NAMES == trained.NAMES
    assert CliRunner().invoke(program, ["resnet", "--data", "x"]).exit_code == 2
    with pytest.raises(ArgumentError, match="no recipe for 'resnet'; there are lenet"):
        recipe("resnet")


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_those_of_the_recipes(name):
    followed, made = recipe(name), trained.load(name)
    record = made.record
    assert (record.data, record.seed, record.epochs) == (
        followed.data,
        followed.seed,
        followed.epochs,
    )
    assert made.network.tensors[0].shape == followed.shape
    assert followed.map_shape in [t.shape for t in made.network.tensors]
    assert (made.sample is not None) == followed.sample


def test_no_image_is_held_out_and_learned_from():
    whole = stripes(400)
    held_out, learned = split(whole)
    assert (len(held_out), len(learned)) == (20, 380)
    parts = np.concatenate([held_out.images, learned.images]).reshape(400, -1)
    assert len(np.unique(parts, axis=0)) == len(np.unique(whole.images.reshape(400, -1), axis=0))
    again, _ = split(whole)
    assert (again.images == held_out.images).all()


def test_images_that_do_not_fit_are_refused(tmp_path):
    few, labels = stripes(10), np.full(64, 7)
    for training, message in (
        (few, "stripes has 10 training images; tiny needs 20 at least"),
        (replace(few, images=few.images[:, :4]), r"shape \(4, 8, 1\); tiny takes \(8, 8, 1\)"),
        (replace(stripes(64), labels=labels, class_names=()), "label 7; .* classes 0 to 1"),
    ):
        with pytest.raises(ArgumentError, match=message):
            make(TINY, training, stripes(9), checkpoint=tmp_path / "c", say=len)


class TestTraining:
    """With PyTorch alone."""

    @pytest.fixture(autouse=True)
    def torch(self):
        return pytest.importorskip("torch", reason="training needs PyTorch (extra 'train')")

    def test_stripes_are_learned_and_kept(self, tmp_path):
        lines = []
        checkpoint = tmp_path / "state"
        made = make(TINY, stripes(640), stripes(50, 1), checkpoint=checkpoint, say=lines.append)
        assert made.record.images == 50
        assert made.record.correct >= 48
        assert [line.split(":")[0] for line in lines] == [
            "epoch 1 of 3",
            "epoch 2 of 3",
            "epoch 3 of 3",
            "32 held-out images",
            "50 test images",
        ]
        write(tmp_path / "tiny.npz", made)
        kept = read(tmp_path / "tiny.npz")
        assert kept.record == made.record
        assert (kept.sample == stripes(50, 1).images[0]).all()

    def test_what_was_interrupted_gives_the_same_as_what_was_not(self, tmp_path):
        first, second = tmp_path / "first", tmp_path / "second"
        whole = make(TINY, stripes(320), stripes(9), checkpoint=first, say=len)

        def stop_after_two(line):
            if line.startswith("epoch 2"):
                # Told before the state is written: the second epoch is done again.
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make(TINY, stripes(320), stripes(9), checkpoint=second, say=stop_after_two)
        lines = []
        resumed = make(TINY, stripes(320), stripes(9), checkpoint=second, say=lines.append)
        assert lines[0].startswith("epoch 2")
        for one, other in zip(whole.network.layers, resumed.network.layers, strict=True):
            if hasattr(one, "weights"):
                assert (one.weights == other.weights).all()
                assert (one.bias == other.bias).all()

    @pytest.mark.parametrize("content", [b"", b"no state", None])
    def test_a_state_of_something_else_is_not_taken(self, tmp_path, content):
        checkpoint = tmp_path / "state"
        if content is None:
            make(replace(TINY, seed=2), stripes(64), stripes(9), checkpoint=checkpoint, say=len)
        else:
            checkpoint.write_bytes(content)
        lines = []
        make(TINY, stripes(64), stripes(9), checkpoint=checkpoint, say=lines.append)
        assert lines[0].startswith("epoch 1")
