"""All that may be left out of a network: a level for each of its layers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeAlias

from dvfs_kernel.approximation.accuracy.kept import network_digest
from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
from dvfs_kernel.approximation.search.kept_statistics import load_statistics, save_statistics
from dvfs_kernel.approximation.search.ladder import Ladder, SkipRule
from dvfs_kernel.approximation.significance.calibration import calibrate
from dvfs_kernel.approximation.skipping.plan import SkipPlan
from dvfs_kernel.approximation.skipping.skip_counts import SkipCounts, count_skips
from dvfs_kernel.approximation.skipping.skippable import pixel_count
from dvfs_kernel.approximation.skipping.thinning import thin
from dvfs_kernel.errors import ArgumentError
from dvfs_kernel.networks.by_name import ByName

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Layer, Network

__all__ = ["Levels", "SkipSpace", "build_space"]

#: A level for each ladder of a space.
Levels: TypeAlias = tuple[int, ...]


class SkipSpace:
    """What may be left out of a network.

    Parameters
    ----------
    network
        The exact network.
    ladders
        One for each layer of which something may be left out, in the network's order.
    """

    def __init__(self, network: Network, ladders: Sequence[Ladder]) -> None:
        self.network = network
        self.ladders = tuple(ladders)
        self._network_digest = network_digest(network)

    def __repr__(self) -> str:
        return f"<SkipSpace of {self.network.name}: {len(self.ladders)} layers>"

    @property
    def digest(self) -> str:
        """SHA-256 of all that a plan depends on, but its levels."""
        parts = (self._network_digest, *(ladder.digest for ladder in self.ladders))
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    @property
    def exact(self) -> Levels:
        """The levels at which nothing is left out."""
        return (0,) * len(self.ladders)

    def plan(self, levels: Levels, name: str = "skip") -> SkipPlan:
        """Return the plan of a level for each layer.

        Raises
        ------
        ArgumentError
            There are more or fewer levels than layers, or a layer has not so many.
        """
        skips = [ladder.skip(level) for ladder, level in self._zipped(levels)]
        return SkipPlan(
            name, self._network_digest, ByName(skip for skip in skips if skip is not None)
        )

    def layers(self, levels: Levels) -> dict[int, Layer]:
        """Return what is left of the layers of which something is left out, by their numbers."""
        return {
            ladder.index: ladder.thinned(level) for ladder, level in self._zipped(levels) if level
        }

    def counts(self, levels: Levels) -> SkipCounts:
        """Return what the network takes at the levels."""
        return self.counts_of(self.plan(levels))

    def counts_of(self, plan: SkipPlan) -> SkipCounts:
        """Return what the network takes under a plan."""
        return count_skips(thin(self.network, plan), plan)

    def _zipped(self, levels: Levels) -> Iterable[tuple[Ladder, int]]:
        if len(levels) != len(self.ladders):
            raise ArgumentError(
                f"{len(levels)} levels do not fit {len(self.ladders)} layers; one each is allowed"
            )
        return zip(self.ladders, levels, strict=True)


def build_space(
    network: Network,
    data: DataSet,
    rule: SkipRule | None = None,
    *,
    names: Iterable[str] | None = None,
    first: bool = False,
    kept: KeptArrays | None = None,
    progress: Progress | None = None,
) -> SkipSpace:
    """Calibrate a network and work out the levels of its layers.

    Parameters
    ----------
    data
        Calibration images, of the training part: see `calibrate`.
    rule
        How it is decided what is left out; None for the one that loses least.
    names, first
        Which layers: see `skippable_layers`.
    kept
        Where is found again what takes long.

    Raises
    ------
    DataSetError
        There are too few images, or they are test images.
    UnknownLayerError, NetworkError
        A layer is not there, or has nothing that could be left out.
    """
    rule = SkipRule() if rule is None else rule
    kept = KeptArrays(None) if kept is None else kept
    names = None if names is None else tuple(names)
    key = network_digest(network), data.digest, names, first
    statistics = load_statistics(network, kept, *key)
    if statistics is None:
        statistics = calibrate(network, data, names, first=first, progress=progress)
        save_statistics(statistics, kept, *key)
    ladders = []
    for item in statistics:
        channels = len(item.layer.bias)

        def done(count: int, name: str = item.layer.name, channels: int = channels) -> None:
            if progress is not None:
                progress(f"significance of {name}", count, channels)

        pixels = pixel_count(network, item.layer)
        ladders.append(Ladder(item, rule, pixels, done, kept))
    return SkipSpace(network, ladders)
