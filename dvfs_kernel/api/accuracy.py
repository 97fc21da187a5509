"""``dvfs.accuracy``: how often a classifier is right on labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.api.arguments.making import default_cache
from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.network import load
from dvfs_kernel.errors import ArgumentError, DataSetError

if TYPE_CHECKING:
    import os

    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.network import NetworkLike
    from dvfs_kernel.approximation.accuracy.accuracy import Accuracy
    from dvfs_kernel.approximation.data.data_set import DataSet

    #: What stands for a data set: itself, its path, or the name of the one that is built in.
    DataLike = DataSet | str | os.PathLike[str] | None

__all__ = ["accuracy", "data_or_sample"]


def accuracy(
    network: NetworkLike,
    *,
    data: DataLike = None,
    part: str = "test",
    limit: int | None = None,
    confidence: float = 0.95,
    margin: float | None = None,
    cache: str | os.PathLike[str] | None = None,
    no_cache: bool = False,
    executor: str = "local",
    progress: Shown = True,
) -> Accuracy:
    """Tell how often a classifier is right on labelled images.

    No board runs: the arithmetic is the board's, and thousands of images take seconds.
    What was judged once is kept and found again.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    data
        The CIFAR-10 or CIFAR-100 archive or the folder in it, a folder of idx files as MNIST and
        Fashion-MNIST have them, a folder with one folder of pictures a class, an ``.npz`` file, or
        ``"fashion-mnist-sample"``, which is built in and what a network that takes 28 × 28 × 1 has
        by default.
    part
        ``"test"`` or ``"train"``.
    limit
        So many images of the part, drawn at random, the same every time; None: all.
    confidence
        Of the intervals.
    margin
        Half of the interval's width, in points of a hundred, that Top-1 has to be known to.
    cache, no_cache, executor, progress
        As of `Making`.

    Raises
    ------
    DataSetError
        The data is missing or damaged, does not fit the network, or is too little for the margin.
    NetworkError
        The network is no classifier.
    ArgumentError
        A limit, a confidence or a margin that cannot be.
    CacheError, ExecutorError
        What is kept is damaged, or workers ended.
    """
    # Networks and data cost seconds to load: not before the arguments are right.
    from dvfs_kernel.approximation.accuracy.classifier import class_count
    from dvfs_kernel.approximation.accuracy.kept import KeptJudgements
    from dvfs_kernel.approximation.accuracy.measurement import measure_accuracy
    from dvfs_kernel.approximation.accuracy.wilson import wilson_interval
    from dvfs_kernel.approximation.data import load_data
    from dvfs_kernel.exploration.runs.executors import check_address

    if no_cache and cache is not None:
        raise ArgumentError("{cache} names a folder that {no_cache} says not to use")
    if limit is not None and limit < 1:
        raise ArgumentError(f"{{limit}} is {limit}; at least one image is needed")
    check_address(executor)
    if margin is not None and not margin > 0:
        raise ArgumentError(f"{{margin}} is {margin!r}; it is above 0")
    wilson_interval(1, 1, confidence)  # refuses a confidence that is none
    loaded = load(network)
    class_count(loaded)
    shape = loaded.tensors[loaded.input].shape
    given = load_data(data_or_sample(data, shape), part, shape=shape)
    chosen = given if limit is None or limit >= len(given) else given.subset(limit)
    kept = None if no_cache else KeptJudgements(default_cache() if cache is None else Path(cache))
    with shown_progress(progress) as shown:
        result = measure_accuracy(
            loaded, chosen, confidence=confidence, kept=kept, executor=executor, progress=shown
        )
    if margin is not None:
        result.require(margin)
    return result


def data_or_sample(data: DataLike, shape: tuple[int, int, int]) -> DataSet | str | os.PathLike[str]:
    """Return the data that is meant; where none is given, the sample that fits a network.

    Raises
    ------
    DataSetError
        No sample fits.
    """
    from dvfs_kernel.approximation.data import SAMPLE
    from dvfs_kernel.approximation.data.homes import FORMS

    if data is not None:
        return data
    if shape != (28, 28, 1):
        raise DataSetError.naming(f"this network needs {{data}}: {FORMS}")
    return SAMPLE
