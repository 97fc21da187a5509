"""Forms of significance: one number for each product, and one for each pair of products.

A product is w·x, with x the stored input minus its zero point; P is an output's sum, bias included.

========================= ====================================================================
form                      significance of product i
========================= ====================================================================
``"partial-sum"``         mean of abs(P_i / P), P_i the running sum up to i (Armeniakos et al.,
                          arXiv 2409.16815, as the authors' code has it)
``"mean-share"``          abs(E[w·x]) / sum of all abs(E[w·x]) of the output channel
``"energy"``              E[(w·x)²]: the squared error that leaving the product out makes
``"variance"``            Var[w·x]: the same where the product's mean goes into the bias
``"surgeon"``             the same where, too, the weights that stay are fitted anew: see `surgeon`
========================= ====================================================================

The last three are in squared steps of the layer's output, so that they compare between channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from dvfs_kernel.approximation.skipping.pairs import gather
from dvfs_kernel.approximation.skipping.skippable import weight_matrix
from dvfs_kernel.errors import ArgumentError
from dvfs_kernel.networks.network import FullyConnected, Tensor
from dvfs_kernel.networks.quantisation import convolution_factors, fully_connected_factors

if TYPE_CHECKING:
    from dvfs_kernel.approximation.significance.moments import Moments
    from dvfs_kernel.approximation.skipping.skippable import Skippable

__all__ = [
    "FORMS",
    "Form",
    "check_form",
    "output_factors",
    "pair_scores",
    "partial_sum_scores",
    "product_scores",
]

Form = Literal["partial-sum", "mean-share", "energy", "variance", "surgeon"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)

_PARTIAL_SUMS_AT_ONCE = 1 << 22


def check_form(form: str) -> None:
    """Raise ArgumentError where there is no such form of significance."""
    if form not in FORMS:
        raise ArgumentError(f"there is no significance {form!r}; known are {', '.join(FORMS)}")


def output_factors(layer: Skippable, source: Tensor, output: Tensor) -> npt.NDArray[np.float64]:
    """Return what a sum of products is multiplied by for steps of the output, one a channel."""
    factors_of = (
        fully_connected_factors if isinstance(layer, FullyConnected) else convolution_factors
    )
    factors = factors_of(source.scale, layer.weight_scales, output.scale)
    return np.broadcast_to(factors, (len(weight_matrix(layer)),))


def partial_sum_scores(layer: Skippable, seen: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Return the mean of abs(P_i / P) over columns: (output channels, input positions).

    Parameters
    ----------
    seen
        Columns, (count, input positions), positions in the order in which they are summed.

    Notes
    -----
    A column with P = 0 has no ratio and does not count; of a channel with no other column nothing
    is known, so that its products are infinitely significant.
    """
    matrix = weight_matrix(layer).astype(np.int32)
    channels, positions = matrix.shape
    total = np.zeros((channels, positions))
    counted = np.zeros(channels, dtype=np.int64)
    step = max(1, _PARTIAL_SUMS_AT_ONCE // max(1, positions))
    for channel in range(channels):
        for begin in range(0, len(seen), step):
            products = seen[begin : begin + step].astype(np.int32) * matrix[channel]
            sums = np.cumsum(products, axis=1, dtype=np.int64) + int(layer.bias[channel])
            sums = sums[sums[:, -1] != 0]
            total[channel] += np.abs(sums / sums[:, -1:]).sum(axis=0)
            counted[channel] += len(sums)
    known = counted > 0
    total[known] /= counted[known, None]
    total[~known] = np.inf
    return total


def product_scores(
    form: Form, layer: Skippable, moments: Moments, factors: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the significance of each product by moments: (output channels, input positions).

    Parameters
    ----------
    form
        Any but ``"partial-sum"``, which moments do not tell, and ``"surgeon"``, which is of pairs.
    factors
        From `output_factors`.

    Raises
    ------
    ArgumentError
        There is no such form, or moments do not tell it.
    """
    weights = weight_matrix(layer).astype(np.float64)
    if form == "mean-share":
        means = np.abs(weights * moments.mean)
        whole = means.sum(axis=1, keepdims=True)
        shares: npt.NDArray[np.float64] = np.divide(
            means, whole, out=np.zeros_like(means), where=whole > 0
        )
        return shares
    squares = np.diag(_matrix_of(form, moments))
    return (weights * factors[:, None]) ** 2 * squares


def pair_scores(
    form: Form,
    layer: Skippable,
    moments: Moments,
    factors: npt.NDArray[np.float64],
    pairs: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
    """Return the significance of the two products of each pair together: (channels, pairs).

    Raises
    ------
    ArgumentError
        There is no such form, or moments do not tell it.
    """
    weights = weight_matrix(layer).astype(np.float64)
    if form == "mean-share":
        means = weights * moments.mean
        whole = np.abs(means).sum(axis=1, keepdims=True)
        joint = np.abs(gather(means, pairs).sum(axis=2))
        shares: npt.NDArray[np.float64] = np.divide(
            joint, whole, out=np.zeros_like(joint), where=whole > 0
        )
        return shares
    matrix = _matrix_of(form, moments)
    first, second = np.moveaxis(gather(weights * factors[:, None], pairs), 2, 0)
    left, right = pairs.T
    diagonal = np.diag(matrix)
    # Where there is no second position its weight is 0, whatever moment is read for it.
    errors: npt.NDArray[np.float64] = (
        first**2 * diagonal[left]
        + second**2 * diagonal[right]
        + 2 * first * second * matrix[left, right]
    )
    # A variance of nearly nothing may come out below it.
    return np.maximum(errors, 0.0)


def _matrix_of(form: Form, moments: Moments) -> npt.NDArray[np.float64]:
    if form == "energy":
        return moments.second
    if form == "variance":
        return moments.covariance
    check_form(form)
    raise ArgumentError(f"moments of a layer's input do not tell the significance {form!r}")
