"""What the built-in classifiers are made of, and how each is trained."""

from __future__ import annotations

from dataclasses import dataclass

from dvfs_kernel.errors import ArgumentError

__all__ = ["NAMES", "Recipe", "Stage", "recipe"]


@dataclass(frozen=True)
class Stage:
    """A convolution of 3 by 3 with ReLU, and a maximum over 2 by 2 where it is pooled.

    Parameters
    ----------
    channels
        Of its output.
    padded
        Whether the output is as high and wide as the input; else it is 2 less.
    pooled
        Whether the maximum over windows of 2 by 2 follows.
    """

    channels: int
    padded: bool
    pooled: bool


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A classifier of stages, a hidden layer with ReLU and one output a class, and its training.

    Parameters
    ----------
    name
        Of the network.
    data
        Name of the data set.
    shape
        Of the input: height, width, channels.
    stages
        Convolutions, first to last.
    hidden
        Outputs of the first fully connected layer.
    classes
        Outputs of the last.
    epochs, batch
        Passes over the training images, and images a step.
    peak_rate
        Learning rate at its highest: it rises from 0 over a fifth of the steps and falls to 0.
    weight_decay
        Of stochastic gradient descent (Nesterov's momentum of 0.9).
    smoothing
        Share of a label that is spread over all classes.
    shift
        Pictures are moved by up to so many pixels, mirrored at the edge, and flipped at random.
    seed
        Of all that is drawn.
    sample
        Whether a test image may be passed on with the network.
    """

    name: str
    data: str
    shape: tuple[int, int, int]
    stages: tuple[Stage, ...]
    hidden: int
    epochs: int
    shift: int
    classes: int = 10
    batch: int = 128
    peak_rate: float = 0.2
    weight_decay: float = 5e-4
    smoothing: float = 0.1
    seed: int = 1
    sample: bool = False

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """Height, width and channels that the hidden layer reads."""
        height, width, channels = self.shape
        for stage in self.stages:
            lost, divisor = (0 if stage.padded else 2), (2 if stage.pooled else 1)
            height, width = (height - lost) // divisor, (width - lost) // divisor
            channels = stage.channels
        return height, width, channels


_RECIPES = (
    # The network of github.com/GeorgeMentzos/ATAMAN (Armeniakos et al., arXiv 2409.16815).
    Recipe(
        name="lenet",
        data="CIFAR-10",
        shape=(32, 32, 3),
        stages=(
            Stage(32, padded=False, pooled=True),
            Stage(64, padded=False, pooled=True),
            Stage(64, padded=False, pooled=False),
        ),
        hidden=64,
        epochs=30,
        shift=3,
    ),
    # Five convolutions with pooling after the first, second and last, as Krizhevsky et al. (2012)
    # have them. No convolution has more than 64 channels to read: 576 weights an output.
    Recipe(
        name="alexnet",
        data="CIFAR-10",
        shape=(32, 32, 3),
        stages=(
            Stage(32, padded=True, pooled=True),
            Stage(64, padded=True, pooled=True),
            Stage(64, padded=True, pooled=False),
            Stage(64, padded=True, pooled=False),
            Stage(96, padded=True, pooled=True),
        ),
        hidden=64,
        epochs=40,
        shift=4,
    ),
    Recipe(
        name="fashion",
        data="Fashion-MNIST",
        shape=(28, 28, 1),
        stages=(
            Stage(16, padded=True, pooled=True),
            Stage(32, padded=True, pooled=True),
            Stage(32, padded=False, pooled=False),
        ),
        hidden=48,
        epochs=15,
        shift=2,
        sample=True,
    ),
)

NAMES = tuple(r.name for r in _RECIPES)


def recipe(name: str) -> Recipe:
    """Return the recipe of a built-in classifier.

    Raises
    ------
    ArgumentError
        For a name that is none of `NAMES`.
    """
    for known in _RECIPES:
        if known.name == name:
            return known
    raise ArgumentError(f"there is no recipe for {name!r}; there are {', '.join(NAMES)}")
