"""Least squares over what the data can identify; what they cannot stays as it is, and is named.

Observations y with standard errors, a model that is linear near its present parameters,

    y = model(present) + sensitivity (parameters - present),

and the question which of the parameters the data tell. All are fitted at once; while some standard
error is larger than a share of its parameter, or the data leave two of them to be exchanged for one
another, the least certain one is put back to its present value, and the rest is fitted again.
What is left has confidence intervals by Student's t. Where the residuals are larger than the
standard errors explain, because the model is not quite the chip, the intervals widen by as much.

Whether it was worth it, data tell that were not fitted: each group of observations is predicted
from a fit to the others, before and after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.optimize import lsq_linear

from dvfs_kernel.errors import MeasurementError
from dvfs_kernel.evidence.measurement.estimate import CONFIDENCE, Estimate
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Calibration", "Evidence", "calibrate", "refit"]

Floats = npt.NDArray[np.float64]

#: A parameter whose standard error is a larger share of its present value is not identified.
_UNCERTAIN = 0.25
#: Less influence than this many standard errors, all observations together, is none.
_NO_INFLUENCE = 1e-3
#: Groups that a cross-validation needs.
_GROUPS_LEAST = 3


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was observed, and what the model makes of it.

    Parameters
    ----------
    present
        Values of P parameters, by name.
    observed, standard_error, predicted
        (N,) observations, how well they are known, and the model's at the present parameters.
    sensitivity
        (N, P) change of each prediction with each parameter.
    groups
        (N,) what was observed under one condition has one number.

    Raises
    ------
    MeasurementError
        Shapes differ, or a number is not finite or a standard error not positive.
    """

    present: Mapping[str, float]
    observed: Floats
    standard_error: Floats
    predicted: Floats
    sensitivity: Floats
    groups: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.observed)
        shapes = {
            "standard_error": (count,),
            "predicted": (count,),
            "groups": (count,),
            "sensitivity": (count, len(self.present)),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise MeasurementError(
                    f"{name} has shape {getattr(self, name).shape}; {shape} is needed"
                )
        numbers = (self.observed, self.standard_error, self.predicted, self.sensitivity)
        if not all(np.isfinite(array).all() for array in numbers):
            raise MeasurementError("an observation or a prediction is not a finite number")
        if not (self.standard_error > 0).all():
            raise MeasurementError("a standard error is 0 or negative; a positive one is needed")

    def of_groups(self, chosen: npt.NDArray[np.bool_]) -> Evidence:
        """Return some of the observations."""
        return Evidence(
            self.present,
            self.observed[chosen],
            self.standard_error[chosen],
            self.predicted[chosen],
            self.sensitivity[chosen],
            self.groups[chosen],
        )


@dataclass(frozen=True, eq=False)
class Calibration(ByContent):
    """What came of it.

    Parameters
    ----------
    fitted
        Parameters that the data identify, with 95 % intervals.
    kept
        The others, and why each keeps its value.
    error_before, error_after
        Root mean square of relative errors of groups that were predicted from a fit to the others,
        with the present parameters and with the fitted ones.
    """

    fitted: Mapping[str, Estimate]
    kept: Mapping[str, str]
    error_before: float
    error_after: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "fitted": {name: estimate.to_dict() for name, estimate in self.fitted.items()},
            "kept": dict(self.kept),
            "error_before": self.error_before,
            "error_after": self.error_after,
        }


def calibrate(evidence: Evidence) -> Calibration:
    """Fit what the data identify.

    Raises
    ------
    MeasurementError
        The data identify no parameter, are too few conditions to be held against each other, or
        what was fitted predicts other data worse than the present parameters do.
    """
    groups = np.unique(evidence.groups)
    if len(groups) < _GROUPS_LEAST:
        raise MeasurementError(
            f"measured under {len(groups)} conditions (schedules); at least {_GROUPS_LEAST} are "
            "needed, so that a fit to some can be held against the others"
        )
    kept = _without_influence(evidence)
    names = list(evidence.present)
    chosen = [index for index, name in enumerate(names) if name not in kept]
    while chosen:
        relative = _relative_errors(evidence, chosen)
        worst = int(np.argmax(relative))
        if relative[worst] <= _UNCERTAIN and len(evidence.observed) > len(chosen):
            break
        index = chosen.pop(worst)
        kept[names[index]] = (
            "cannot be told from the others"
            if not relative[worst] < 1e3
            else f"known to ±{relative[worst]:.0%} only"
        )
    if not chosen:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in kept.items())
        raise MeasurementError(f"the data identify no parameter: {reasons}")
    fitted = _intervals(evidence, chosen)
    before, after = _held_out(evidence, chosen, groups)
    if after >= before:
        raise MeasurementError(
            f"fitted parameters predict what was left out no better than the present ones: "
            f"{after:.3%} off instead of {before:.3%}; nothing is to be gained from these data"
        )
    order = {name: kept[name] for name in names if name in kept}
    return Calibration(fitted, order, before, after)


def refit(evidence: Evidence) -> dict[str, Estimate]:
    """Fit every parameter again, from evidence that was gathered nearer to where it ended.

    Raises
    ------
    MeasurementError
        There are more parameters than observations.
    """
    chosen = range(len(evidence.present))
    if len(evidence.observed) <= len(chosen):
        raise MeasurementError(
            f"{len(evidence.observed)} observations tell no {len(chosen)} parameters"
        )
    return _intervals(evidence, chosen)


def _scales(evidence: Evidence) -> Floats:
    values = np.abs(np.array(list(evidence.present.values()), np.float64))
    return np.where(values > 0, values, 1.0)


def _without_influence(evidence: Evidence) -> dict[str, str]:
    weighted = evidence.sensitivity * _scales(evidence) / evidence.standard_error[:, np.newaxis]
    influence = np.sqrt((weighted**2).sum(axis=0))
    return {
        name: "has no influence on what was measured"
        for name, size in zip(evidence.present, influence, strict=True)
        if size < _NO_INFLUENCE
    }


def _solve(evidence: Evidence, chosen: Sequence[int]) -> Floats:
    """Return the values of some parameters, the others being what they are; none is negative."""
    columns = list(chosen)
    scale = _scales(evidence)[columns]
    weight = 1 / evidence.standard_error
    matrix = evidence.sensitivity[:, columns] * scale * weight[:, np.newaxis]
    present = np.array(list(evidence.present.values()), np.float64)[columns] / scale
    target = (evidence.observed - evidence.predicted) * weight
    result = lsq_linear(matrix, target, bounds=(np.minimum(-present, -1e-12), np.inf))
    return np.asarray((present + result.x) * scale, np.float64)


def _covariance(evidence: Evidence, chosen: Sequence[int]) -> Floats:
    """Return the covariance of some parameters, each in units of its present value."""
    columns = list(chosen)
    matrix = evidence.sensitivity[:, columns] * _scales(evidence)[columns]
    matrix = matrix / evidence.standard_error[:, np.newaxis]
    # Columns of one length: their angles then tell what can be exchanged for what.
    length = np.sqrt((matrix**2).sum(axis=0))
    _, singular, rows = np.linalg.svd(matrix / length, full_matrices=False)
    singular = np.maximum(singular, 1e-9)
    inverse = (rows.T / singular**2) @ rows
    return np.asarray(inverse / np.outer(length, length), np.float64)


def _relative_errors(evidence: Evidence, chosen: Sequence[int]) -> Floats:
    spread = _spread(evidence, chosen) if len(evidence.observed) > len(chosen) else 1.0
    return np.sqrt(np.diag(_covariance(evidence, chosen))) * spread


def _spread(evidence: Evidence, chosen: Sequence[int]) -> float:
    """Return by how much residuals exceed their standard errors; at least 1."""
    residual = _residual(evidence, chosen, _solve(evidence, chosen))
    freedom = len(residual) - len(chosen)
    return max(1.0, float(np.sqrt((residual**2).sum() / freedom)))


def _residual(evidence: Evidence, chosen: Sequence[int], values: Floats) -> Floats:
    """Return what the fit leaves, in standard errors."""
    return (evidence.observed - _predict(evidence, chosen, values)) / evidence.standard_error


def _predict(evidence: Evidence, chosen: Sequence[int], values: Floats) -> Floats:
    columns = list(chosen)
    present = np.array(list(evidence.present.values()), np.float64)[columns]
    return evidence.predicted + evidence.sensitivity[:, columns] @ (values - present)


def _intervals(evidence: Evidence, chosen: Sequence[int]) -> dict[str, Estimate]:
    values = _solve(evidence, chosen)
    freedom = len(evidence.observed) - len(chosen)
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
    error = _relative_errors(evidence, chosen) * _scales(evidence)[list(chosen)]
    names = list(evidence.present)
    return {
        names[index]: Estimate(float(value), quantile * float(size), len(evidence.observed))
        for index, value, size in zip(chosen, values, error, strict=True)
    }


def _held_out(
    evidence: Evidence, chosen: Sequence[int], groups: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """Predict each group from a fit to the others; return errors before and after."""
    before, after = [], []
    for group in groups:
        own = evidence.groups == group
        others, left = evidence.of_groups(~own), evidence.of_groups(own)
        values = _solve(others, chosen)
        before.append(left.predicted / left.observed - 1)
        after.append(_predict(left, chosen, values) / left.observed - 1)
    return _root_mean_square(before), _root_mean_square(after)


def _root_mean_square(parts: Sequence[Floats]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))
