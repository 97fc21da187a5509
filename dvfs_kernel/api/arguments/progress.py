"""Progress of long work: a bar on a terminal or in a notebook, nothing elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.progress import TaskID

    from dvfs_kernel.link.progress_callback import Progress

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
    if not progress:
        yield _untold
        return
    from rich.console import Console

    console = Console(stderr=True)
    with _in_notebook() if console.is_jupyter else _on_terminal(console) as show:
        yield show


def _untold(_what: str, _done: int, _total: int) -> None:
    """Show nothing."""


@contextmanager
def _on_terminal(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    tasks: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show


@contextmanager
def _in_notebook() -> Iterator[Callable[[str, int, int], None]]:
    """Show bars in the cell's output as long as the work goes on, and leave no trace of them."""
    from IPython.display import HTML, display

    make_html: Any = HTML  # IPython's functions have no annotations
    put: Any = display
    handle: Any = None
    told: dict[str, tuple[int, int]] = {}

    def show(what: str, done: int, total: int) -> None:
        nonlocal handle
        told[what] = done, total
        bars = "".join(
            f"<div><progress value='{done}' max='{max(total, 1)}'></progress> "
            f"{escape(what)} {done}/{total}</div>"
            for what, (done, total) in told.items()
        )
        if handle is None:
            handle = put(make_html(bars), display_id=True)
        else:
            handle.update(make_html(bars))

    try:
        yield show
    finally:
        if handle is not None:
            handle.update(make_html(""))
