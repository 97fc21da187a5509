"""What calibration images tell of each layer that products may be left out of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.accuracy.evaluator import Evaluator
from dvfs_kernel.approximation.data.data_set import TEST
from dvfs_kernel.approximation.significance.moments import Moments, measure_moments
from dvfs_kernel.approximation.significance.scores import output_factors
from dvfs_kernel.approximation.skipping.skippable import (
    Skippable,
    columns,
    skippable_layers,
    weight_matrix,
)
from dvfs_kernel.errors import DataSetError
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["LEAST_IMAGES", "LayerStatistics", "calibrate"]

#: Fewer images tell next to nothing of what others will bring.
LEAST_IMAGES = 32
# Columns that running partial sums are looked at for, spread over images and pixels.
_SAMPLED_COLUMNS = 4096
_IMAGES_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class LayerStatistics(ByContent):
    """What calibration images tell of one layer.

    Parameters
    ----------
    index, layer
        Its number and the layer itself.
    factors
        What a sum of products is multiplied by for steps of the output, one a channel.
    moments
        Of the layer's columns.
    sample
        Some of the columns, int16 (columns, input positions).
    """

    index: int
    layer: Skippable
    factors: npt.NDArray[np.float64]
    moments: Moments
    sample: npt.NDArray[np.int16]


def calibrate(
    network: Network,
    data: DataSet,
    names: Iterable[str] | None = None,
    *,
    first: bool = False,
    progress: Progress | None = None,
) -> tuple[LayerStatistics, ...]:
    """Run calibration images and add up what the layers' significances are computed from.

    Parameters
    ----------
    data
        Calibration images, of the training part; labels do not matter.
    names, first
        Which layers: see `skippable_layers`.

    Raises
    ------
    DataSetError
        The images are test images, or too few: fewer than `LEAST_IMAGES`, or so few that a layer
        sees no more columns than each of them has positions.
    UnknownLayerError, NetworkError
        A layer is not there, or has nothing that could be left out.
    """
    indices = skippable_layers(network, names, first=first)
    if data.part == TEST:
        raise DataSetError(
            f"significance cannot be computed from the test images of {data.name!r}: "
            "what is chosen on them says nothing about them any more; take training images"
        )
    _check_count(network, indices, len(data))
    evaluator = Evaluator(network)
    activations = evaluator.activations(data.images, indices[0])
    found = []
    for number, index in enumerate(indices):
        if number:
            activations = evaluator.advance(activations, indices[number - 1], index)
        layer = network.layers[index]
        assert isinstance(layer, Skippable)
        found.append(_statistics(network, index, layer, activations[layer.inputs[0]]))
        if progress is not None:
            progress("calibrating", number + 1, len(indices))
    return tuple(found)


def _statistics(
    network: Network, index: int, layer: Skippable, values: npt.NDArray[Any]
) -> LayerStatistics:
    source, output = network.tensors[layer.inputs[0]], network.tensors[layer.output]
    moments = measure_moments(layer, _batches(values), source.zero_point)
    step = max(1, -(-moments.count // _SAMPLED_COLUMNS))
    sample, begin = [], 0
    for batch in _batches(values):
        seen = columns(layer, batch, source.zero_point)
        flat = seen.reshape(-1, seen.shape[2])
        sample.append(flat[-begin % step :: step])
        begin += len(flat)
    return LayerStatistics(
        index, layer, output_factors(layer, source, output), moments, np.concatenate(sample)
    )


def _batches(values: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    for begin in range(0, len(values), _IMAGES_AT_ONCE):
        yield values[begin : begin + _IMAGES_AT_ONCE]


def _check_count(network: Network, indices: Iterable[int], images: int) -> None:
    least, why = LEAST_IMAGES, ""
    for index in indices:
        layer = network.layers[index]
        assert isinstance(layer, Skippable)
        height, width, _ = network.tensors[layer.output].shape
        positions = weight_matrix(layer).shape[1]
        needed = positions // (height * width) + 1
        if needed > least:
            least = needed
            why = f": layer {layer.name!r} has {positions} input positions"
    if images < least:
        raise DataSetError(f"{images} calibration images are too few; {least} are the least{why}")
