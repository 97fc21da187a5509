"""The significance of a layer's pairs, in any form."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.significance.scores import (
    Form,
    check_form,
    pair_scores,
    partial_sum_scores,
    product_scores,
)
from dvfs_kernel.approximation.significance.surgeon import removal_scores
from dvfs_kernel.approximation.skipping.pair_order import pair_order
from dvfs_kernel.approximation.skipping.pairs import gather, natural_order, position_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.approximation.significance.calibration import LayerStatistics

__all__ = ["Pairing", "order_for", "pair_significance"]

#: What of a pair is held against the threshold: both products, as the paper has it, or their sum.
Pairing = Literal["both", "joint"]

_ORDERINGS = 2


def pair_significance(
    form: Form,
    statistics: LayerStatistics,
    pairs: npt.NDArray[np.intp],
    pairing: Pairing = "joint",
    channel_done: Callable[[int], None] | None = None,
) -> npt.NDArray[np.float64]:
    """Return the significance of pairs of positions: (output channels, pairs).

    Parameters
    ----------
    form
        One of `scores.FORMS`.
    pairs
        Places among the input positions, (pairs, 2).
    pairing
        ``"both"``: the larger significance of the two products, so that a pair goes where each of
        them would. ``"joint"``: the significance of what both add up to. The form
        ``"partial-sum"`` knows the first alone, the form ``"surgeon"`` the second.
    channel_done
        See `removal_scores`; other forms do not take long.
    """
    check_form(form)
    if form == "surgeon":
        return removal_scores(
            statistics.layer, statistics.moments, statistics.factors, pairs, channel_done
        )
    return _scorer(form, statistics, pairing)(pairs)


def order_for(
    form: Form, statistics: LayerStatistics, pairing: Pairing = "joint", share: float = 0.5
) -> npt.NDArray[np.intp]:
    """Return an order of input channels with which much can be left out.

    Parameters
    ----------
    form
        What the threshold is of. For ``"surgeon"`` the order is that of ``"variance"``: all pairs
        that could be would take too long.
    share
        Of the layer's pairs, how many go at the threshold that the order is made for.
    """
    check_form(form)
    scores = _scorer("variance" if form == "surgeon" else form, statistics, pairing)
    layer = statistics.layer
    order = natural_order(layer)
    for _ in range(_ORDERINGS):
        threshold = float(np.quantile(scores(position_pairs(layer, order)), share))
        order = pair_order(layer, scores, threshold)
    return order


def _scorer(
    form: Form, statistics: LayerStatistics, pairing: Pairing
) -> Callable[[npt.NDArray[np.intp]], npt.NDArray[np.float64]]:
    layer, moments, factors = statistics.layer, statistics.moments, statistics.factors
    if form != "partial-sum" and pairing == "joint":
        return partial(pair_scores, form, layer, moments, factors)
    single = (
        partial_sum_scores(layer, statistics.sample)
        if form == "partial-sum"
        else product_scores(form, layer, moments, factors)
    )
    return lambda pairs: gather(single, pairs).max(axis=2)
