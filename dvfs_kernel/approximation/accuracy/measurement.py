"""Measures an accuracy: pieces of a data set side by side, each of them kept."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING

import numpy as np

from dvfs_kernel.approximation.accuracy.accuracy import Accuracy
from dvfs_kernel.approximation.accuracy.classifier import check_data, class_count
from dvfs_kernel.approximation.accuracy.judgement import judge
from dvfs_kernel.approximation.accuracy.kept import network_digest
from dvfs_kernel.errors import ExecutorError
from dvfs_kernel.exploration.runs.executors import (
    HERE,
    LOCAL,
    is_lost_worker,
    open_executor,
    shared,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    import numpy.typing as npt

    from dvfs_kernel.approximation.accuracy.kept import KeptJudgements
    from dvfs_kernel.approximation.data.data_set import DataSet
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

    Judgement = npt.NDArray[np.int32]

__all__ = ["measure_accuracy"]

# Images that are judged together and kept together.
_PIECE = 500
# What this process does sooner than workers begin, in multiply-accumulate operations: some seconds.
_SMALL_MACS = 1e11


def measure_accuracy(
    network: Network,
    data: DataSet,
    *,
    confidence: float = 0.95,
    kept: KeptJudgements | None = None,
    executor: str = LOCAL,
    progress: Progress | None = None,
) -> Accuracy:
    """Run a classifier on labelled images and count.

    Parameters
    ----------
    network, data
        A classifier, and data of its kind.
    confidence
        Of the intervals.
    kept
        Where each finished piece is kept at once, so that what was interrupted goes on where it
        was; None: nowhere.
    executor
        As `open_executor` reads it, opened when something has to be computed. Little work is done
        by this process.
    progress
        Told of every finished piece, in images.

    Raises
    ------
    NetworkError
        The network is no classifier.
    DataSetError
        The data is not of its kind.
    ExecutorError
        A worker ended, or cannot be reached any more. Pieces that had ended are kept.
    CacheError
        A kept piece is damaged, or one cannot be kept.
    """
    check_data(network, data)
    digest = network_digest(network)
    pieces = [slice(first, first + _PIECE) for first in range(0, len(data), _PIECE)]
    found: dict[int, Judgement] = {}
    keys: dict[int, str] = {}
    if kept is not None:
        for number, piece in enumerate(pieces):
            labels = data.labels[piece]
            keys[number] = kept.key(digest, data.images[piece], labels)
            before = kept.load(keys[number], len(labels))
            if before is not None:
                found[number] = before
    missing = [number for number in range(len(pieces)) if number not in found]

    def report() -> None:
        if progress is not None:
            progress("images", sum(judgement.shape[1] for judgement in found.values()), len(data))

    report()
    work = sum(network.macs) * sum(len(data.labels[pieces[number]]) for number in missing)
    if executor == LOCAL and work < _SMALL_MACS:
        executor = HERE
    for number, judgement in _judged(network, digest, data, pieces, missing, executor):
        if kept is not None:
            kept.save(keys[number], judgement)
        found[number] = judgement
        report()
    whole = np.concatenate([found[number] for number in range(len(pieces))], axis=1)
    return Accuracy.of(network.name, data, whole, class_count(network), confidence)


def _judged(
    network: Network,
    digest: str,
    data: DataSet,
    pieces: list[slice],
    numbers: list[int],
    address: str,
) -> Iterator[tuple[int, Judgement]]:
    """Yield the judgement of each piece as it is finished."""
    if not numbers:
        return
    with open_executor(address) as executor:
        waiting: dict[Future[Judgement], int] = {}
        # As in `Bench`: an interrupt within concurrent.futures.wait could leave locks behind.
        finished: SimpleQueue[Future[Judgement]] = SimpleQueue()
        try:
            given = shared(executor, digest, network)
            for number in numbers:
                piece = pieces[number]
                future = executor.submit(
                    judge, given, digest, data.images[piece], data.labels[piece]
                )
                waiting[future] = number
                future.add_done_callback(finished.put)
            while waiting:
                future = finished.get()
                yield waiting.pop(future), future.result()
        except Exception as error:
            if not is_lost_worker(error):
                raise
            raise ExecutorError(
                "a worker ended in the middle of its images (killed, or out of memory); "
                "what was finished is kept: the same command goes on from there"
            ) from error
        finally:
            for future in waiting:
                future.cancel()
