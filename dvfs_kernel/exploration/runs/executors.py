"""Where runs are made: worker processes of this machine, or a Dask cluster."""

from __future__ import annotations

import os
import signal
import time
import traceback
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING, Any

from loky.process_executor import ProcessPoolExecutor

from dvfs_kernel.errors import ExecutorError
from dvfs_kernel.exploration.runs.dask_cluster import DaskCluster, open_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "HERE",
    "LOCAL",
    "check_address",
    "check_workers",
    "is_lost_worker",
    "one_at_a_time",
    "open_executor",
]

#: What stands for the worker processes of this machine.
LOCAL = "local"
#: What stands for this process: one run after the other, for runs shorter than a worker's start.
HERE = "here"
_DASK = "dask://"
# How often a worker looks whether its parent is there.
_LOOK_S = 0.2


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
    # Fresh processes: a fork would copy the engine's native state and this process's threads. And
    # not the standard library's, which run the user's script anew where it has no guard.
    pool: Any = ProcessPoolExecutor(
        int(count) if count else os.cpu_count(),
        initializer=_begin_worker,
        initargs=(os.getpid(),),
    )
    try:
        yield pool
    finally:
        # What has begun is short; what has not was cancelled by who submitted it.
        pool.shutdown(wait=True)


@contextmanager
def one_at_a_time(release: Callable[[], None]) -> Iterator[Executor]:
    """Yield an executor for a board of which there is one: this process makes run after run.

    Parameters
    ----------
    release
        Gives the board back behind the block.
    """
    try:
        with ThreadPoolExecutor(1) as pool:
            yield pool
    finally:
        release()


@cache
def _here() -> Executor:
    """Return the one thread for runs in this process: its boards are shared and stay ready."""
    return ThreadPoolExecutor(1, thread_name_prefix="dvfs-run")


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


def _begin_worker(parent: int) -> None:
    """Leave interrupts and the request to end to the parent, and end with it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process when its parent has ended, whatever ended that.

    Where it cannot look any more the process ends, too: the parent misses a worker, and a worker
    that nobody watches could stay for good.
    """
    try:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
    except BaseException:  # noqa: BLE001  told before the process ends
        traceback.print_exc()
    finally:
        os._exit(1)
