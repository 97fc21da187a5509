"""A Dask cluster whose workers make runs, once they have proved what they are."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dvfs_kernel.errors import ExecutorError, MissingExtraError
from dvfs_kernel.exploration.runs.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DaskCluster", "open_cluster"]

_CONNECT_TIMEOUT_S = 10
# A cluster may be without workers for a moment: one is replaced, the first one starts.
_PATIENCE_S = 30

# Understood by every Python, whatever is installed there: a function of ours would not be.
_VERSION = "getattr(__import__('dvfs_kernel'), '__version__', 'unknown')"


class DaskCluster(Executor):
    """Runs on a cluster's workers; each proves what it is with every run.

    Parameters
    ----------
    client
        Of Dask, connected.
    address
        Of the scheduler, for messages.
    """

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self._executor = client.get_executor(pure=False)
        self._alone_since: float | None = None
        self._shared: dict[str, Any] = {}

    def share(self, name: str, value: object) -> object:
        """Return what stands for a value among the arguments of jobs; equal names, equal values.

        It is the result of a task: where the worker that has it ends, it is made anew.
        """
        if name not in self._shared:
            self._shared[name] = self._client.submit(_given, value, pure=False)
        return self._shared[name]

    def submit(self, act: Callable[..., Any], /, *args: Any, **words: Any) -> Future[Any]:
        """Have a worker do something that is like this process."""
        future: Future[Any] = self._executor.submit(
            _proved, Origin.here().to_dict(), act, *args, **words
        )
        return future

    def check(self) -> None:
        """Look whether anybody is there to make the runs that are waited for.

        Raises
        ------
        ExecutorError
            The scheduler is gone, or has had no worker for half a minute.
        """
        if self._client.status != "running":
            raise ExecutorError(f"the Dask scheduler at {self._address} is gone")
        if self._workers():
            self._alone_since = None
            return
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        if now - self._alone_since >= _PATIENCE_S:
            raise ExecutorError(
                f"the Dask scheduler at {self._address} has had no worker for {_PATIENCE_S} s"
            )

    def prove(self) -> None:
        """Refuse a cluster without workers, and workers that would make other results.

        Raises
        ------
        ExecutorError
            Names the worker and what it has.
        """
        started = time.monotonic()
        while not self._workers():
            if time.monotonic() - started >= _CONNECT_TIMEOUT_S:
                raise ExecutorError(
                    f"the Dask scheduler at {self._address} has no worker: start some with "
                    f"dask worker tcp://{self._address}"
                )
            time.sleep(0.1)
        own = Origin.here()
        for worker, version in self._ask(eval, _VERSION).items():
            if version != own.version:
                raise ExecutorError(_refused(worker, f"version {version}, here {own.version}"))
        for worker, found in self._ask(Origin.here).items():
            difference = own.difference(found)
            if difference is not None:
                raise ExecutorError(_refused(worker, difference))

    def _ask(self, act: Callable[..., Any], *args: Any) -> dict[str, Any]:
        """Return what each worker answers.

        Raises
        ------
        ExecutorError
            One cannot answer: the package is not there, or quite another one.
        """
        answers: dict[str, Any] = self._client.run(act, *args, on_error="return")
        for worker, answer in answers.items():
            if isinstance(answer, BaseException):
                raise ExecutorError(
                    f"the Dask worker {worker} cannot tell what it is ({answer}): it needs "
                    "dvfs-kernel in the same version as here"
                ) from answer
        return answers

    def _workers(self) -> dict[str, Any]:
        # The client's own copy of it is seconds old.
        try:
            found: dict[str, Any] = self._client.sync(self._client.scheduler.identity)["workers"]
        except Exception as error:  # whatever a connection of Dask's ends with
            raise ExecutorError(f"the Dask scheduler at {self._address} is gone") from error
        return found


def _proved(expected: dict[str, str], act: Callable[..., Any], *args: Any, **words: Any) -> Any:
    """Do something on a worker, unless that is of another kind than who asks."""
    difference = Origin(**expected).difference(Origin.here())
    if difference is not None:
        raise ExecutorError(_refused("that was asked", difference))
    return act(*args, **words)


def _given(value: object) -> object:
    return value


def _refused(worker: str, difference: str) -> str:
    return (
        f"the Dask worker {worker} is of another kind, and its results would be other ones: "
        f"{difference}; install the same package there"
    )


@contextmanager
def open_cluster(address: str) -> Iterator[DaskCluster]:
    """Yield a cluster whose workers have proved what they are.

    Parameters
    ----------
    address
        Host and port of its scheduler.

    Raises
    ------
    ExecutorError
        Dask is not installed, no scheduler answers, it has no workers, or one is of another kind.
    """
    try:
        from distributed import Client  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise ExecutorError(
            f"dask:// needs Dask; install it with {MissingExtraError.remedy('dask')}"
        ) from error
    try:
        connect: Any = Client  # Dask's own annotations stop half-way
        client = connect(f"tcp://{address}", timeout=_CONNECT_TIMEOUT_S)
    except OSError as error:
        raise ExecutorError(
            f"no Dask scheduler answers at {address} within {_CONNECT_TIMEOUT_S} s: {error}"
        ) from error
    with _quiet():
        try:
            cluster = DaskCluster(client, address)
            cluster.prove()
            yield cluster
        finally:
            client.close(timeout=_CONNECT_TIMEOUT_S)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what Dask logs of its own parts where a scheduler ends: it is told in one error."""
    names = ("distributed", "distributed.client", "tornado.application")
    logs = [logging.getLogger(name) for name in names]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
