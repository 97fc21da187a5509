"""Makes runs that are not kept yet, all of them side by side."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self

from dvfs_kernel.errors import BoardLostError, ExecutorError
from dvfs_kernel.exploration.runs.executors import (
    LOCAL,
    check_workers,
    is_lost_worker,
    one_at_a_time,
    open_executor,
    shared,
)
from dvfs_kernel.exploration.runs.origin import Origin
from dvfs_kernel.exploration.runs.twin_power import with_power_of
from dvfs_kernel.exploration.runs.worker import make_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor, Future

    from dvfs_kernel.exploration.runs.job import Job
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.exploration.runs.store import Store
    from dvfs_kernel.exploration.runs.workload import Workload
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["Bench"]

# How often it is looked who makes the runs, while none ends.
_LOOK_S = 1.0


class Bench:
    """Runs jobs of one workload; a context manager that lets its workers go.

    Each finished run is kept at once, so that what was interrupted goes on where it was. On a
    physical board this process makes the runs one after the other.

    Parameters
    ----------
    workload
        Network, input, firmware and board.
    store
        Where runs are kept; None: nowhere.
    executor
        As `open_executor` reads it; opened when the first run has to be made. A physical board's
        runs are made by this process, its twin's by the executor.
    progress
        Told of every finished run.
    lender
        A bench of the same board whose workers make the runs; None for workers of its own.

    Attributes
    ----------
    made, found
        Runs that had to be made, and runs that were found in the store.
    twin
        Makes runs on an embedded virtual board: on Renode for its counters, beside a physical board
        for the energy too; None where the board itself is an embedded one.
    """

    def __init__(
        self,
        workload: Workload,
        *,
        store: Store | None = None,
        executor: str = LOCAL,
        progress: Progress | None = None,
        lender: Bench | None = None,
    ) -> None:
        self.workload = workload
        self.made = 0
        self.found = 0
        self._store = store
        self._address = executor
        self._executor: Executor | None = None
        self._progress = progress
        self._stack = ExitStack()
        self._lender = lender
        self.twin: Bench | None = None
        if not workload.board.has_counters:
            self.twin = Bench(
                workload.twin,
                store=store,
                executor=executor,
                progress=progress,
                lender=None if lender is None else lender.twin,
            )

    def beside(self, network: Network) -> Bench:
        """Return a bench for another network with the same input, board, store and workers.

        The workers are this bench's, which lets them go.
        """
        workload = replace(self.workload, network=network)
        return Bench(
            workload,
            store=self._store,
            executor=self._address,
            progress=self._progress,
            lender=self,
        )

    @property
    def hse_hz(self) -> int:
        """The board's HSE."""
        return self.workload.hse_hz

    def run(self, jobs: Sequence[Job], what: str = "runs") -> list[Record]:
        """Return the record of every job, in the order of the jobs.

        A physical board's records have its times, and energies by the power of its twin.

        Parameters
        ----------
        what
            What the runs are for; progress is told under this name.

        Raises
        ------
        ExecutorError
            A worker ended, or cannot be reached any more. Runs that had ended are kept.
        CacheError
            A kept run is damaged, or one cannot be kept.
        DvfsError
            Whatever a run itself ended with.
        """
        records = self.times(jobs, what)
        if self.twin is None or not self.workload.board.is_physical:
            return records
        twins = self.twin.times(jobs, f"{what}, virtual board")
        return [with_power_of(twin, record) for twin, record in zip(twins, records, strict=True)]

    def times(self, jobs: Sequence[Job], what: str = "runs") -> list[Record]:
        """Return what the board itself tells of every job; see `run`."""
        records: dict[Job, Record] = {}
        missing = []
        for job in dict.fromkeys(jobs):
            record = self._store.load(self.workload, job) if self._store is not None else None
            if record is None:
                missing.append(job)
            else:
                records[job] = record
        self.found += len(records)
        total = len(records) + len(missing)
        self._report(what, len(records), total)
        for job, record in self._make(missing):
            if self._store is not None:
                self._store.save(self.workload, job, record)
            self.made += 1
            records[job] = record
            self._report(what, len(records), total)
        return [records[job] for job in jobs]

    def _make(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Record]]:
        if not jobs:
            return
        executor = self.open_workers()
        waiting: dict[Future[Record], Job] = {}
        # Not concurrent.futures.wait: it holds the locks of all runs while it looks, and an
        # interrupt at that moment leaves them locked for ever.
        finished: SimpleQueue[Future[Record]] = SimpleQueue()
        try:
            workload = shared(executor, self.workload.digest, self.workload)
            for job in jobs:
                future = executor.submit(make_run, workload, job)
                waiting[future] = job
                future.add_done_callback(finished.put)
            while waiting:
                try:
                    done = [finished.get(timeout=_LOOK_S)]
                except Empty:
                    check_workers(executor)
                    continue
                while not finished.empty():
                    done.append(finished.get())
                # What succeeded comes first, to be kept before a failure ends it all.
                for future in sorted(done, key=lambda future: future.exception() is not None):
                    yield waiting.pop(future), _own(future.result())
        except BoardLostError as error:
            if self._store is None:
                raise
            raise BoardLostError(
                f"{error}; finished runs are kept: the same command goes on from there"
            ) from error
        except Exception as error:
            if not is_lost_worker(error):
                raise
            reason = _lost(error, executor)
            (self._lender or self).close()  # the next runs get new workers
            raise ExecutorError(
                f"{reason}; finished runs are kept: the same command goes on from there"
            ) from error
        finally:
            for future in waiting:
                future.cancel()

    def open_workers(self) -> Executor:
        """Return who makes the runs, opened when it is asked for first."""
        if self._lender is not None:
            return self._lender.open_workers()
        if self._executor is None:
            self._executor = self._stack.enter_context(
                one_at_a_time() if self.workload.board.is_physical else open_executor(self._address)
            )
        return self._executor

    def _report(self, what: str, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(what, done, total)

    def close(self) -> None:
        """Let the workers go."""
        if self.twin is not None:
            self.twin.close()
        self._executor = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lost(error: Exception, executor: Executor) -> str:
    """Say what became of the workers."""
    if isinstance(error, ExecutorError):
        return str(error)
    try:
        check_workers(executor)
    except ExecutorError as gone:
        return str(gone)
    return "a worker ended in the middle of a run (killed, or out of memory)"


def _own(record: Record) -> Record:
    """Return a record, if what made it is what is installed here.

    Raises
    ------
    ExecutorError
        It would be kept under a name that says otherwise.
    """
    made_by = getattr(record, "made_by", None)
    if made_by is None:
        raise ExecutorError(
            "a worker's result does not tell what made it: it is of another version"
        )
    difference = Origin.here().difference(Origin(**made_by))
    if difference is not None:
        raise ExecutorError(f"a worker's result was made by another package: {difference}")
    return record
