"""What levels of skipping do to the outputs of images, block of images by block."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.accuracy.evaluator import Evaluator
from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
from dvfs_kernel.errors import DataSetError, NetworkError
from dvfs_kernel.networks.draws import Draws
from dvfs_kernel.networks.network import Softmax

if TYPE_CHECKING:
    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.approximation.search.space import Levels, SkipSpace

__all__ = ["Assessment", "Assessor"]

# Images of the first block and of those up to each other one, as shares of all.
_SHARES = (1 / 32, 0.125, 0.25, 0.5, 1.0)
_SHUFFLE_SEED = 1
_ACTIVATION_BYTES = 1 << 29


@dataclass(frozen=True)
class Assessment:
    """How images fare.

    Parameters
    ----------
    images
        How many.
    correct
        How many of them are classified right.
    gained, lost
        How many are right and are not without skipping; the other way round.
    squared_error
        Sum over images of the mean squared difference that skipping makes to the outputs (to what
        goes into a final softmax), in squared real units.
    """

    images: int
    correct: int
    gained: int
    lost: int
    squared_error: float

    def __add__(self, other: Assessment) -> Assessment:
        return Assessment(
            self.images + other.images,
            self.correct + other.correct,
            self.gained + other.gained,
            self.lost + other.lost,
            self.squared_error + other.squared_error,
        )

    @property
    def accuracy(self) -> float:
        """Share of the images that are classified right."""
        return self.correct / self.images

    @property
    def loss_points(self) -> float:
        """Accuracy that skipping costs, in percentage points; negative where it gains."""
        return 100 * (self.lost - self.gained) / self.images

    @property
    def error_points(self) -> float:
        """Standard error of `loss_points`: images whose result does not change add nothing."""
        changed = max(self.lost + self.gained, 1)
        return 100 * float(np.sqrt(changed)) / self.images

    @property
    def mean_squared_error(self) -> float:
        """Mean squared difference that skipping makes to the outputs."""
        return self.squared_error / self.images


class Assessor:
    """Evaluates levels of skipping on labelled images, and keeps what it found.

    Images are shuffled, always in the same way, and split into blocks of growing size: what is bad
    shows in the first one. What a layer gets that no change comes before is kept in memory.

    Parameters
    ----------
    space
        What may be left out.
    data
        Labelled images.
    kept
        Where results are found again.

    Raises
    ------
    DataSetError
        A label is that of no output of the network.
    NetworkError
        The network has several outputs.
    """

    def __init__(
        self,
        space: SkipSpace,
        data: DataSet,
        kept: KeptArrays | None = None,
    ) -> None:
        network = space.network
        if len(network.outputs) != 1:
            raise NetworkError(
                f"network {network.name!r} has {len(network.outputs)} outputs; a classifier has one"
            )
        images, labels = data.images, data.labels
        classes = network.tensors[network.outputs[0]].size
        if labels.max() >= classes:
            raise DataSetError(
                f"data set {data.name!r} has label {labels.max()}; "
                f"{network.name!r} knows classes 0 to {classes - 1}"
            )
        self.space: Final = space
        self.data: Final = data
        self.evaluated = 0
        self._kept = KeptArrays(None) if kept is None else kept
        order = Draws(_SHUFFLE_SEED).shuffled(len(images))
        ends = sorted({max(1, round(share * len(images))) for share in _SHARES})
        parts = [np.sort(part) for part in np.split(order, ends[:-1])]
        self._blocks = [(images[part], labels[part]) for part in parts]
        self._digests = [f"{_digest(x)} {_digest(y)}" for x, y in self._blocks]
        self._exact = Evaluator(space.network)
        self._activations: OrderedDict[tuple[int, Levels], dict[int, npt.NDArray[Any]]]
        self._activations = OrderedDict()
        self._references: dict[int, tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]] = {}
        self._known: dict[tuple[int, Levels], Assessment] = {}

    @property
    def block_sizes(self) -> tuple[int, ...]:
        """Images of each block."""
        return tuple(len(labels) for _, labels in self._blocks)

    def assess(self, levels: Levels, block: int) -> Assessment:
        """Evaluate levels on one block of images."""
        key = block, levels
        if key not in self._known:
            self._known[key] = self._loaded_or_made(levels, block)
        return self._known[key]

    def known(self, levels: Levels, block: int) -> bool:
        """Whether levels were evaluated on a block by this object."""
        return (block, levels) in self._known

    def whole(self, levels: Levels) -> Assessment:
        """Evaluate levels on all images."""
        total = self.assess(levels, 0)
        for block in range(1, len(self._blocks)):
            total += self.assess(levels, block)
        return total

    def _loaded_or_made(self, levels: Levels, block: int) -> Assessment:
        key = ("assessment", self.space.digest, levels, self._digests[block])
        found = self._kept.load(*key)
        if found is None:
            made = self._made(levels, block)
            self.evaluated += 1
            values = [made.images, made.correct, made.gained, made.lost, made.squared_error]
            self._kept.save(np.array(values, dtype=np.float64), *key)
            return made
        images, correct, gained, lost, squared_error = found.tolist()
        return Assessment(int(images), int(correct), int(gained), int(lost), squared_error)

    def _made(self, levels: Levels, block: int) -> Assessment:
        labels = self._blocks[block][1]
        if block not in self._references:
            outputs, classes = self._outputs(self.space.exact, block)
            self._references[block] = outputs, classes == labels
        exact, was_right = self._references[block]
        outputs, classes = self._outputs(levels, block)
        is_right = classes == labels
        return Assessment(
            len(labels),
            int(is_right.sum()),
            int((is_right & ~was_right).sum()),
            int((was_right & ~is_right).sum()),
            float(((outputs - exact) ** 2).mean(axis=1).sum()),
        )

    def _outputs(
        self, levels: Levels, block: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return what the network puts out before a final softmax, and the classes."""
        space = self.space
        depth = len(levels)
        while depth and not levels[depth - 1]:
            depth -= 1  # of the layers behind, exact ones, nothing is kept
        changed = self._exact.replacing(space.layers(levels))
        activations, begin = self._before(levels, max(depth - 1, 0), block, changed)
        last = len(space.network.layers) - 1
        end = space.network.layers[last]
        if begin < last:
            activations = changed.advance(activations, begin, last)
        outputs = changed.run_from(last, activations)
        classes = outputs.reshape(len(outputs), -1).argmax(axis=1)
        index = space.network.outputs[0]
        if isinstance(end, Softmax):
            index, outputs = end.inputs[0], activations[end.inputs[0]]
        tensor = space.network.tensors[index]
        flat = outputs.reshape(len(outputs), -1).astype(np.float64)
        return (flat if tensor.element == "float32" else flat * tensor.scale), classes

    def _before(
        self, levels: Levels, ladder: int, block: int, changed: Evaluator
    ) -> tuple[dict[int, npt.NDArray[Any]], int]:
        """Return the activations before the layer of a ladder, and the layer's number."""
        place = self.space.ladders[ladder].index
        key = block, levels[:ladder]
        if key in self._activations:
            self._activations.move_to_end(key)
            return self._activations[key], place
        if ladder == 0:
            found = self._exact.activations(self._blocks[block][0], place)
        else:
            before, begin = self._before(levels, ladder - 1, block, changed)
            found = changed.advance(before, begin, place)
        self._activations[key] = found
        self._forget()
        return found, place

    def _forget(self) -> None:
        """Drop what was not used for longest, until the rest is small enough."""
        held = sum(_size(values) for values in self._activations.values())
        while held > _ACTIVATION_BYTES and len(self._activations) > 1:
            _, values = self._activations.popitem(last=False)
            held -= _size(values)


def _digest(array: npt.NDArray[Any]) -> str:
    head = f"{array.shape} {array.dtype.str}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()


def _size(values: dict[int, npt.NDArray[Any]]) -> int:
    return sum(array.nbytes for array in values.values())
