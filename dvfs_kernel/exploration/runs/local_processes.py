"""Worker processes of this machine; what their jobs have in common goes to each of them once."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import time
import traceback
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from loky.backend.reduction import dumps
from loky.process_executor import ProcessPoolExecutor

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = ["LocalProcesses"]

# How often a worker looks whether its parent is there.
_LOOK_S = 0.2
# Shared values that a worker holds at once: benches of several networks share their workers.
_HELD = 4


@dataclass(frozen=True)
class _Shared:
    """Stands for a value, as an argument of a job."""

    path: str


class LocalProcesses(ProcessPoolExecutor):
    """Processes that begin afresh: a fork would copy native state and threads of this one.

    And not the standard library's, which run the user's script anew where it has no guard.

    Parameters
    ----------
    count
        How many.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count, initializer=_begin_worker, initargs=(os.getpid(),))
        self._folder = tempfile.TemporaryDirectory(prefix="dvfs-shared-")

    def share(self, name: str, value: object) -> object:
        """Return what stands for a value among the arguments of jobs; equal names, equal values."""
        path = Path(self._folder.name) / name
        if not path.exists():
            path.write_bytes(dumps(value))
        return _Shared(str(path))

    def submit(self, act: Callable[..., Any], /, *args: Any, **words: Any) -> Future[Any]:
        """Have a worker do something; shared values arrive as what they are."""
        future: Future[Any] = super().submit(_act, act, args, words)
        return future

    def shutdown(self, *args: Any, **words: Any) -> None:
        """Let the workers go."""
        super().shutdown(*args, **words)
        self._folder.cleanup()


def _act(act: Callable[..., Any], args: tuple[Any, ...], words: dict[str, Any]) -> Any:
    values = [_loaded(one.path) if isinstance(one, _Shared) else one for one in args]
    return act(*values, **words)


@lru_cache(_HELD)
def _loaded(path: str) -> Any:
    return pickle.loads(Path(path).read_bytes())  # noqa: S301  the parent wrote it


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
