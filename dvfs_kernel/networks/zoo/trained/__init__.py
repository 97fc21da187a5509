"""Networks that were trained: one file each, made by `dvfs_kernel.approximation.training`.

The weights are under this project's licence. `weights_file` tells how the files are laid out.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dvfs_kernel.networks.zoo.trained.weights_file import Trained, TrainingRecord, read

__all__ = ["FOLDER", "NAMES", "TrainingRecord", "load"]

NAMES = ("lenet", "alexnet", "fashion")

#: Where the files are.
FOLDER = Path(__file__).parent


@cache
def load(name: str) -> Trained:
    """Read a trained network, its sample and what it was found to be worth.

    Parameters
    ----------
    name
        One of `NAMES`.

    Raises
    ------
    FileFormatError
        Its file is missing or damaged.
    """
    return read(FOLDER / f"{name}.npz")
