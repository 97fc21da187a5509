"""The levels of skipping of one layer, from nothing to nearly all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.search.kept_arrays import KeptArrays
from dvfs_kernel.approximation.significance.pair_significance import (
    Pairing,
    order_for,
    pair_significance,
)
from dvfs_kernel.approximation.significance.scores import Form, check_form
from dvfs_kernel.approximation.significance.surgeon import fitted_weights
from dvfs_kernel.approximation.skipping.pairs import natural_order, position_pairs, scatter
from dvfs_kernel.approximation.skipping.plan import LayerSkip
from dvfs_kernel.approximation.skipping.skip_counts import LayerCount, count_layer
from dvfs_kernel.approximation.skipping.skippable import Skippable, weight_matrix
from dvfs_kernel.approximation.skipping.thinning import thin_layer
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.approximation.significance.calibration import LayerStatistics

__all__ = ["COMPENSATIONS", "Compensation", "Ladder", "SkipRule"]

#: What makes up for products that are left out.
Compensation = Literal["none", "bias", "weights"]
COMPENSATIONS: Final[tuple[Compensation, ...]] = get_args(Compensation)

_INT32: Final = np.iinfo(np.int32)


@dataclass(frozen=True)
class SkipRule:
    """How it is decided what is left out of a layer, and what makes up for it.

    Parameters
    ----------
    form
        Significance, one of `scores.FORMS`.
    pairing
        What of a pair is held against the threshold: see `pair_significance`.
    ordered
        Whether input channels get an order of their own.
    compensation
        ``"none"``: the weights that stay and the bias are the network's, as in the paper.
        ``"bias"``: the mean of what is left out goes into the bias. ``"weights"``: the weights that
        stay are fitted anew, too, and rounded to int8. None of this costs anything when it runs.
    levels
        How many levels there are beside the exact one; level i leaves i/(levels + 1) of the pairs
        out, or more where significances are equal.

    Raises
    ------
    ArgumentError
        There is no such form, pairing or compensation, or there are no levels.
    """

    form: Form = "surgeon"
    pairing: Pairing = "joint"
    ordered: bool = True
    compensation: Compensation = "weights"
    levels: int = 23

    def __post_init__(self) -> None:
        check_form(self.form)
        if self.pairing not in get_args(Pairing):
            raise ArgumentError(
                f"there is no pairing {self.pairing!r}; known are {', '.join(get_args(Pairing))}"
            )
        if self.compensation not in COMPENSATIONS:
            raise ArgumentError(
                f"there is no compensation {self.compensation!r}; "
                f"known are {', '.join(COMPENSATIONS)}"
            )
        if self.levels < 1:
            raise ArgumentError(f"{self.levels} levels of skipping are none; 1 is the least")


class Ladder:
    """What is left of one layer at each level; level 0 is the exact layer.

    Parameters
    ----------
    statistics
        What calibration images tell of the layer.
    rule
        How it is decided.
    pixels
        Output pixels, each of which needs every pair.
    channel_done
        Called with output channels done so far, where significance takes long.
    kept
        Where significance and fitted weights are found again.
    """

    def __init__(
        self,
        statistics: LayerStatistics,
        rule: SkipRule,
        pixels: int,
        channel_done: Callable[[int], None] | None = None,
        kept: KeptArrays | None = None,
    ) -> None:
        self.index: Final = statistics.index
        self.layer: Final[Skippable] = statistics.layer
        self.rule: Final = rule
        self._pixels = pixels
        self._moments = statistics.moments
        self.order: Final = (
            order_for(rule.form, statistics, rule.pairing)
            if rule.ordered
            else natural_order(statistics.layer)
        )
        self._pairs = position_pairs(self.layer, self.order)
        self._kept = KeptArrays(None) if kept is None else kept
        key = ("significance", _digest(statistics), rule.form, rule.pairing, rule.ordered)
        significance = self._kept.load(*key)
        if significance is None:
            significance = pair_significance(
                rule.form, statistics, self._pairs, rule.pairing, channel_done
            )
            self._kept.save(significance, *key)
        #: Of each pair, (output channels, pairs).
        self.significance: Final = significance
        #: SHA-256 of all that the levels depend on.
        self.digest: Final = _text_digest(key, rule.compensation, rule.levels)
        ranked = np.sort(self.significance, axis=None)
        places = [round(i * len(ranked) / (rule.levels + 1)) for i in range(1, rule.levels + 1)]
        values = [float(ranked[max(place, 1) - 1]) for place in places]
        #: Significance up to which a pair goes, of each level from 1 on; they never fall.
        self.thresholds: Final = tuple(value for value in values if np.isfinite(value))
        self._thinned: dict[int, Skippable] = {}
        self._skips: dict[int, LayerSkip] = {}
        self._counts: dict[int, LayerCount] = {}

    def __repr__(self) -> str:
        return f"<Ladder of {self.layer.name}: {len(self)} levels>"

    def __len__(self) -> int:
        return 1 + len(self.thresholds)

    def dropped(self, threshold: float) -> npt.NDArray[np.bool_]:
        """Return whether a product is left out at a threshold: (channels, positions)."""
        gone = self.significance <= threshold
        return scatter(gone, self._pairs, weight_matrix(self.layer).shape[1])

    def skip(self, level: int) -> LayerSkip | None:
        """Return what is left out at a level; None at level 0.

        Raises
        ------
        ArgumentError
            There is no such level.
        """
        if not 0 <= level < len(self):
            raise ArgumentError(
                f"layer {self.layer.name!r} has no level {level}; 0 to {len(self) - 1} is allowed"
            )
        if level == 0:
            return None
        if level not in self._skips:
            self._skips[level] = self._skip_at(self.thresholds[level - 1])
        return self._skips[level]

    def thinned(self, level: int) -> Skippable:
        """Return the layer that is left at a level."""
        skip = self.skip(level)
        if skip is None:
            return self.layer
        if level not in self._thinned:
            self._thinned[level] = thin_layer(self.layer, skip)
        return self._thinned[level]

    def count(self, level: int) -> LayerCount:
        """Return what the layer takes at a level."""
        if level not in self._counts:
            order = natural_order(self.layer) if level == 0 else self.order
            self._counts[level] = count_layer(self.thinned(level), order, self._pixels)
        return self._counts[level]

    def _skip_at(self, threshold: float) -> LayerSkip:
        name, dropped = self.layer.name, self.dropped(threshold)
        if self.rule.compensation == "none":
            return LayerSkip(name, threshold, self.order, dropped)
        own = weight_matrix(self.layer)
        fitted = None
        if self.rule.compensation == "weights":
            key = ("fitted weights", self.digest, threshold)
            fitted = self._kept.load(*key)
            if fitted is None:
                fitted = fitted_weights(self.layer, self._moments, dropped)
                self._kept.save(fitted, *key)
        kept = np.where(dropped, np.int8(0), own if fitted is None else fitted)
        lost = (own.astype(np.int64) - kept) @ self._moments.mean
        bias = np.clip(np.rint(self.layer.bias + lost), _INT32.min, _INT32.max)
        return LayerSkip(name, threshold, self.order, dropped, fitted, bias.astype(np.int32))


def _digest(statistics: LayerStatistics) -> str:
    layer, moments = statistics.layer, statistics.moments
    digest = hashlib.sha256()
    arrays = (
        *(layer.weights, layer.bias, statistics.factors, statistics.sample),
        *(moments.mean, moments.second),
    )
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _text_digest(*values: object) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()
