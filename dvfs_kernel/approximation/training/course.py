"""The whole course: held-out images, training, quantisation, and one look at the test images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.approximation.accuracy.evaluator import Evaluator
from dvfs_kernel.approximation.training.quantiser import quantise
from dvfs_kernel.errors import ArgumentError, MissingExtraError
from dvfs_kernel.networks.zoo.trained.weights_file import Trained, TrainingRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    import numpy.typing as npt

    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.approximation.training.recipe import Recipe

__all__ = ["make", "pytorch", "split"]

# One image in so many of the training part is held out, for whatever there is to choose.
_HELD_OUT = 20
_CALIBRATION_IMAGES = 512


def pytorch() -> ModuleType:
    """Return the module that trains.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    """
    try:
        from dvfs_kernel.approximation.training import torch_training  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError(
            f"training needs PyTorch; install it with {MissingExtraError.remedy('train')}"
        ) from error
    return torch_training


def make(
    recipe: Recipe,
    training: DataSet,
    test: DataSet,
    *,
    checkpoint: Path,
    say: Callable[[str], None],
) -> Trained:
    """Train a classifier, quantise it, and count what it tells right.

    Parameters
    ----------
    recipe
        Which, and how.
    training
        Images to train on; one in twenty of them is held out.
    test
        Images that nothing is chosen on. The last step looks at them, once.
    checkpoint
        As of `torch_training.train`.
    say
        Is told each step, for people.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    ArgumentError
        The images do not fit the recipe, or there are too few for one step.
    """
    for part in (training, test):
        _check(recipe, part)
    least = max(_HELD_OUT, -(-recipe.batch * _HELD_OUT // (_HELD_OUT - 1)))
    if len(training) < least:
        raise ArgumentError(
            f"{training.name} has {len(training)} training images; {recipe.name} needs {least} "
            "at least"
        )
    torch_training = pytorch()
    held_out, learned = split(training)

    def progress(epoch: int, loss: float) -> None:
        say(f"epoch {epoch} of {recipe.epochs}: loss {loss:.4f}")

    network = torch_training.train(
        recipe, learned.images, learned.labels, checkpoint=checkpoint, progress=progress
    )
    quantised = quantise(network, learned.images[:_CALIBRATION_IMAGES])
    correct = {}
    for name, part in (("held-out", held_out), ("test", test)):
        correct[name] = (
            _correct(network.logits(part.images), part),
            _correct(Evaluator(quantised).run(part.images), part),
        )
        real, whole = (f"{100 * right / len(part):.2f} %" for right in correct[name])
        say(f"{len(part)} {name} images: {real} in real numbers, {whole} in int8")
    float_correct, int8_correct = correct["test"]
    record = TrainingRecord(
        data=recipe.data,
        trained_on=len(learned),
        seed=recipe.seed,
        epochs=recipe.epochs,
        torch=torch_training.VERSION,
        images=len(test),
        correct=int8_correct,
        float_correct=float_correct,
    )
    return Trained(quantised, record, test.images[0] if recipe.sample else None)


def split(training: DataSet) -> tuple[DataSet, DataSet]:
    """Part training images into those held out and those to learn from.

    The same with every version of NumPy, which keeps the streams of its bit generators.
    """
    drawn = np.random.PCG64(0).random_raw(len(training))
    order = np.argsort(drawn, kind="stable")
    count = len(order) // _HELD_OUT
    held_out, learned = (
        replace(training, images=training.images[places], labels=training.labels[places])
        for places in (order[:count], order[count:])
    )
    return held_out, learned


def _check(recipe: Recipe, part: DataSet) -> None:
    if part.shape != recipe.shape:
        raise ArgumentError(
            f"the images of {part.name} have shape {part.shape}; "
            f"{recipe.name} takes {recipe.shape} (height, width, channels)"
        )
    if part.labels.max() >= recipe.classes:
        raise ArgumentError(
            f"{part.name} has label {part.labels.max()}; "
            f"{recipe.name} tells classes 0 to {recipe.classes - 1} apart"
        )


def _correct(scores: npt.NDArray[Any], part: DataSet) -> int:
    """Images of a part whose greatest score, the first of equal ones, is that of their label."""
    return int((scores.reshape(len(scores), -1).argmax(axis=1) == part.labels).sum())
