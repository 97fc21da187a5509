"""Progress of long work: a bar on a terminal or in a notebook, nothing elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console
    from rich.progress import TaskID

    from dvfs_kernel.link.progress_callback import Progress

    #: True: a bar where a person looks on; False: nothing; else what is told.
    Shown = bool | Progress

__all__ = ["shown_progress", "without_progress"]

# Whether a person may be shown anything; for the verbs within `without_progress`.
_IS_WANTED: ContextVar[bool] = ContextVar("is_wanted", default=True)


@contextmanager
def without_progress() -> Iterator[None]:
    """Show no progress of what goes on within, unless a function is told of it."""
    token = _IS_WANTED.set(False)
    try:
        yield
    finally:
        _IS_WANTED.reset(token)


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
    if not (progress and _IS_WANTED.get()):
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
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    tasks: dict[str, TaskID] = {}
    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show


def _remaining(begun_s: float, done: int, total: int) -> str:
    """Return how long it will take if it goes on as it has; nothing where nobody can know."""
    if not 0 < done < total:
        return ""
    left_s = (monotonic() - begun_s) * (total - done) / done
    return f", about {left_s:.0f} s left" if left_s >= 1 else ""


@contextmanager
def _in_notebook() -> Iterator[Callable[[str, int, int], None]]:
    """Show bars in the cell's output as long as the work goes on, and leave no trace of them."""
    from IPython.display import HTML, display

    make_html: Any = HTML  # IPython's functions have no annotations
    put: Any = display
    handle: Any = None
    told: dict[str, tuple[int, int]] = {}
    begun_s: dict[str, float] = {}

    def show(what: str, done: int, total: int) -> None:
        nonlocal handle
        told[what] = done, total
        begun_s.setdefault(what, monotonic())
        bars = "".join(
            f"<div><progress value='{done}' max='{max(total, 1)}'></progress> "
            f"{escape(what)} {done}/{total}{_remaining(begun_s[what], done, total)}</div>"
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
