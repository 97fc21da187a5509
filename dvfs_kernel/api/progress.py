"""Progress of long work: a bar on a terminal or in a notebook, nothing elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

    from dvfs_kernel.link.progress import Progress

    #: True: a bar where a person looks on; False: nothing; else what is told.
    Shown = bool | Progress

__all__ = ["shown_progress"]


@contextmanager
def shown_progress(progress: Shown = True) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function to be told (what, done, total); each "what" gets a bar of its own.

    Parameters
    ----------
    progress
        True: on stderr where that is a terminal, and in a notebook; False: nowhere; else a function
        that is told instead.
    """
    if not isinstance(progress, bool):
        yield progress
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as Bars

    tasks: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Bars(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not (progress and (console.is_terminal or console.is_jupyter)),
    ) as bars:

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show
