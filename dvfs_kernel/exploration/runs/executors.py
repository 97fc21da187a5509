"""Where runs are made: worker processes of this machine, or a Dask cluster."""

from __future__ import annotations

import atexit
import os
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

from dvfs_kernel.errors import ExecutorError
from dvfs_kernel.exploration.runs.dask_cluster import DaskCluster, open_cluster
from dvfs_kernel.exploration.runs.local_processes import LocalProcesses
from dvfs_kernel.exploration.runs.ready_boards import ReadyBoards, use_boards

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "HERE",
    "LOCAL",
    "check_address",
    "check_workers",
    "is_lost_worker",
    "one_at_a_time",
    "open_executor",
    "shared",
]

Value = TypeVar("Value")

#: What stands for the worker processes of this machine.
LOCAL = "local"
#: What stands for this process: one run after the other, for runs shorter than a worker's start.
HERE = "here"
_DASK = "dask://"


@contextmanager
def open_executor(address: str = LOCAL) -> Iterator[Executor]:
    """Yield an executor, and close it behind the block.

    Parameters
    ----------
    address
        ``local`` for a process on each core, ``local:N`` for N processes, ``here`` for a thread of
        this process, or ``dask://host:port`` for the scheduler of a Dask cluster whose workers have
        this package.

    Raises
    ------
    ExecutorError
        The address has another form, or as `open_cluster`.
    """
    check_address(address)
    if address.startswith(_DASK):
        with open_cluster(address.removeprefix(_DASK)) as cluster:
            yield cluster
        return
    if address == HERE:
        yield _here()
        return
    _, _, count = address.partition(":")
    # What has begun is short; what has not was cancelled by who submitted it.
    with LocalProcesses(int(count) if count else os.cpu_count() or 1) as pool:
        yield pool


@contextmanager
def one_at_a_time() -> Iterator[Executor]:
    """Yield an executor for a board of which there is one: this process makes run after run.

    Behind the block the board is closed.
    """
    with ReadyBoards(1) as boards, _thread(boards) as pool:
        yield pool


@cache
def _here() -> Executor:
    """Return the one thread for runs in this process: its boards are shared and stay ready."""
    boards = ReadyBoards()
    atexit.register(boards.close)  # the thread has ended by then
    return _thread(boards)


def _thread(boards: ReadyBoards) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        1, thread_name_prefix="dvfs-run", initializer=use_boards, initargs=(boards,)
    )


def check_address(address: str) -> None:
    """Refuse what `open_executor` cannot read; whether anybody answers there is not asked.

    Raises
    ------
    ExecutorError
        The address has another form.
    """
    if address.startswith(_DASK):
        host, _, port = address.removeprefix(_DASK).rpartition(":")
        right = bool(host) and port.isdecimal() and 0 < int(port) < 1 << 16
    else:
        kind, colon, count = address.partition(":")
        right = address == HERE or (
            kind == LOCAL and (not colon or (count.isdecimal() and int(count) >= 1))
        )
    if not right:
        raise ExecutorError(
            f"executor {address!r}; allowed: local, local:N with N processes, here, or "
            "dask://host:port"
        )


def shared(executor: Executor, name: str, value: Value) -> Value:
    """Return what stands for a value among the arguments of an executor's jobs.

    So it goes to each worker once, not with each job.

    Parameters
    ----------
    name
        The same for equal values: a digest.
    """
    if isinstance(executor, LocalProcesses | DaskCluster):
        return cast("Value", executor.share(name, value))
    return value  # a thread of this process has it


def check_workers(executor: Executor) -> None:
    """Look whether anybody is there to make the runs that are waited for.

    Processes of this machine are missed by their pool; a cluster has to be asked.

    Raises
    ------
    ExecutorError
        As `DaskCluster.check`.
    """
    if isinstance(executor, DaskCluster):
        executor.check()


def is_lost_worker(error: BaseException) -> bool:
    """Tell whether a run failed because its worker is gone, not because of the run."""
    # Where a scheduler is gone, runs count as cancelled. Dask's own errors are known by their
    # module: it need not be installed.
    lost = isinstance(error, BrokenProcessPool | CancelledError | ExecutorError)
    return lost or type(error).__module__.startswith("distributed")
