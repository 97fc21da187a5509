"""Fits the current model to every row of the data sheet's tables at once: CURRENT_MODEL.

python benchmarks/fit_current.py

Least squares of relative errors, with a soft loss so that no row pulls alone; V12 stays within the
limits of DS11532 Table 17. Standard deviations come from the residuals and the fit's Jacobian: how
far a parameter can move, the others with it, before the tables disagree.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from dvfs_kernel.evidence.validation.currents import CONTRADICTING, row_clocks, table_current_a
from renode_platform.devices import datasheet as ds
from renode_platform.devices.power import CurrentModel

FIXED = "v12_scale3_v"  # typical value of DS11532 Table 17
READS = "FLASH_READS_WITHOUT_ART"
NAMES = [*(name for name in ds.CURRENT_MODEL if name != FIXED), READS]
PRESENT = np.array([*(ds.CURRENT_MODEL[name] for name in NAMES[:-1]), ds.FLASH_READS_WITHOUT_ART])
LIMITS = {"v12_scale2_v": (1.20, 1.32), "v12_scale1_v": (1.26, 1.40), READS: (1.0, 4.0)}
ROWS = [
    (table, row, milliamperes)
    for table, row_ma in ds.CURRENT_TABLES_MA.items()
    for row, milliamperes in zip(ds.CURRENT_ROWS, row_ma, strict=True)
    if (table, row[0]) not in CONTRADICTING
]


def residuals(scaled: np.ndarray) -> np.ndarray:
    """Return the relative error of every row; parameters are in units of the present ones."""
    values = dict(zip(NAMES, scaled * PRESENT, strict=True))
    reads = values.pop(READS)
    model = CurrentModel(values)
    return np.array(
        [
            table_current_a(table, row_clocks(*row), model, reads) * 1e3 / milliamperes - 1
            for table, row, milliamperes in ROWS
        ]
    )


def fit() -> tuple[np.ndarray, np.ndarray]:
    """Return the parameters and their covariance, in the order of `NAMES`."""
    low = np.array([LIMITS.get(name, (0.0, np.inf))[0] for name in NAMES]) / PRESENT
    high = np.array([LIMITS.get(name, (0.0, np.inf))[1] for name in NAMES]) / PRESENT
    found = least_squares(
        residuals, np.ones(len(NAMES)), bounds=(low, high), loss="soft_l1", f_scale=0.05
    )
    jacobian, error = found.jac, residuals(found.x)
    variance = error @ error / (len(ROWS) - len(NAMES))
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * variance
    return found.x * PRESENT, covariance * np.outer(PRESENT, PRESENT)


def main() -> None:
    parameters, covariance = fit()
    error = residuals(parameters / PRESENT)
    print(f"{len(ROWS)} rows, mean {np.abs(error).mean():.2%}, worst {np.abs(error).max():.2%}")
    for name, value, present, deviation in zip(
        NAMES, parameters, PRESENT, np.sqrt(np.diag(covariance)), strict=True
    ):
        print(f"{name:26} {value:.4g} ± {deviation / value:.1%}, present {present:.4g}")


if __name__ == "__main__":
    main()
