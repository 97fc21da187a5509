"""The whole course: held-out images, training, quantisation, and one look at the test images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

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

    from dvfs_kernel.approximation.training.recipe import Recipe

__all__ = ["Labelled", "make", "pytorch"]

# One image in so many of the training part is held out, for whatever there is to choose.
_HELD_OUT = 20
_CALIBRATION_IMAGES = 512


class Labelled(NamedTuple):
    """Images, uint8 (N, height, width, channels), and their labels, integers from 0."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    def chosen(self, places: npt.NDArray[np.intp]) -> Labelled:
        """Return the images at some places."""
        return Labelled(np.ascontiguousarray(self.images[places]), self.labels[places])

    def check(self, recipe: Recipe, part: str) -> None:
        """Raise ArgumentError where a recipe cannot be followed with these images."""
        if self.images.shape[1:] != recipe.shape:
            raise ArgumentError(
                f"the {part} images have shape {self.images.shape[1:]}; "
                f"{recipe.name} takes {recipe.shape} (height, width, channels)"
            )
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < recipe.classes:
            raise ArgumentError(
                f"the {part} labels go from {self.labels.min()} to {self.labels.max()}; "
                f"{recipe.name} tells apart classes 0 to {recipe.classes - 1}"
            )


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
    training: Labelled,
    test: Labelled,
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
    torch_training = pytorch()
    training.check(recipe, "training")
    test.check(recipe, "test")
    held_out, learned = split(training)
    least = recipe.batch * _HELD_OUT // (_HELD_OUT - 1) + 1
    if len(learned.images) < recipe.batch or not len(test.images):
        raise ArgumentError(
            f"there are {len(training.images)} training and {len(test.images)} test images; "
            f"{recipe.name} needs at least {least} and 1"
        )

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
        real, whole = (f"{100 * right / len(part.images):.2f} %" for right in correct[name])
        say(f"{len(part.images)} {name} images: {real} in real numbers, {whole} in int8")
    float_correct, int8_correct = correct["test"]
    record = TrainingRecord(
        data=recipe.data,
        trained_on=len(learned.images),
        seed=recipe.seed,
        epochs=recipe.epochs,
        torch=torch_training.VERSION,
        images=len(test.images),
        correct=int8_correct,
        float_correct=float_correct,
    )
    return Trained(quantised, record, test.images[0] if recipe.sample else None)


def split(training: Labelled) -> tuple[Labelled, Labelled]:
    """Part training images into those held out and those to learn from, the same every time."""
    drawn = np.random.PCG64(0).random_raw(len(training.images))
    order = np.argsort(drawn, kind="stable")
    count = len(order) // _HELD_OUT
    return training.chosen(order[:count]), training.chosen(order[count:])


def _correct(scores: npt.NDArray[Any], part: Labelled) -> int:
    """Images of a part whose greatest score, the first of equal ones, is that of their label."""
    return int((scores.reshape(len(scores), -1).argmax(axis=1) == part.labels).sum())
