"""What a panel found, kept with what it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import ipywidgets

from dvfs_kernel.errors import DvfsError
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.style import OLD
from dvfs_kernel.widgets.task import unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.widgets.panel import Panel
    from dvfs_kernel.widgets.task import Task

__all__ = ["Result"]

Asked = TypeVar("Asked")
Found = TypeVar("Found")

_BEGIN, _AGAIN = "Begin", "Make it anew"


class Result(Generic[Asked, Found]):
    """The one place that a panel shows from, and runs from.

    Controls may stand elsewhere by then: work was cancelled, it failed, or the choice was changed
    since. What is shown is of what was asked for, is marked as old where that is not what the
    controls say, and stays so until it is made anew.

    Parameters
    ----------
    panel, task
        Whose it is, and what does its work; results of one panel may share a task.
    ask
        Returns what would be asked for now: a value that can be compared, whose text tells a
        person what it is. Raises a `DvfsError` where nothing can be asked for.
    find
        The work. It is given what was asked for and nothing of the controls, so that what is found
        is of that. None where there is no work: the panel then calls `take` itself.
    show
        Draws what was found, in the views; controls that need no work are read here. Raises a
        `DvfsError` where what they say has no answer.
    views
        Are empty, or all of one result.
    taken
        Called once with each new result, before it is shown: to fit controls to it.
    parent
        The result that this one is made from: where that one is old, this one is, too.
    button
        What a person makes it with; by default one that stands in the note when it is wanted.

    Attributes
    ----------
    asked, found
        None before there is anything.
    note
        Says of what the views are where that is not what the controls say, and what cannot be
        shown and why; to be placed above the views.
    """

    def __init__(
        self,
        panel: Panel,
        task: Task,
        *,
        ask: Callable[[], Asked],
        find: Callable[[Asked, Progress], Found] | None,
        show: Callable[[Asked, Found], None],
        views: Sequence[ipywidgets.Widget],
        taken: Callable[[Asked, Found], None] | None = None,
        parent: Result[Any, Any] | None = None,
        button: ipywidgets.Button | None = None,
    ) -> None:
        self._panel, self._task = panel, task
        self._ask, self._find, self._show, self._taken = ask, find, show, taken
        self._parent = parent
        self.views = tuple(views)
        self.asked: Asked | None = None
        self.found: Found | None = None
        self._busy_taking = False
        self._wrong = self._refused = ""
        self._text = ipywidgets.HTML()
        self.again = ipywidgets.Button() if button is None else button
        self._own_button = button is None
        self.again.on_click(lambda _: self.renew())
        self.note = ipywidgets.HBox([self._text, *([self.again] if self._own_button else [])])
        task.when_changed(self.mark)
        panel.results.append(self)
        self.mark()

    @property
    def told(self) -> str:
        """What the note says, as HTML; empty where there is nothing to tell."""
        return str(self._text.value)

    @property
    def is_old(self) -> bool:
        """Whether something is shown that is not of what the controls say."""
        if self.found is None:
            return False
        if self._parent is not None and (self._parent.found is None or self._parent.is_old):
            return True
        try:
            return self._ask() != self.asked
        except DvfsError:
            return True

    # ---- made, shown and taken away ------------------------------------------------------------

    def renew(self) -> None:
        """Begin to find what is asked for now; what is shown stays until it is found."""
        find = self._find
        if find is None:
            return
        try:
            asked = self._ask()
        except DvfsError as error:
            self._refused = str(error)
            self._tell()
            return
        self._task.start(
            lambda progress: find(asked, progress), lambda found: self.take(asked, found)
        )

    def take(self, asked: Asked, found: Found) -> None:
        """Show something that was found in place of what was shown before."""
        self.asked, self.found = asked, found
        if self._taken is not None:
            self._busy_taking = True  # controls that are fitted to it do not draw half of it
            try:
                self._taken(asked, found)
            finally:
                self._busy_taking = False
        self.redraw()
        self._panel.tell_followers()

    def redraw(self, part: Callable[[Asked, Found], None] | None = None) -> None:
        """Draw what was found once more, or a part of it: a control changed that needs no work."""
        hidden = self._busy_taking or (part is not None and self._wrong)
        if hidden or self.found is None or self.asked is None:
            self._panel.mark_all()
            return
        self._wrong = ""
        try:
            (part or self._show)(self.asked, self.found)
        except DvfsError as error:
            self._empty()
            self._wrong = str(error)
        except Exception:  # noqa: BLE001  in a page it would go where nobody looks
            self._empty()
            self._wrong = unexpected()
        self._panel.mark_all()

    def clear(self) -> None:
        """Forget what was found."""
        self.asked = self.found = None
        self._wrong = ""
        self._empty()
        self._panel.mark_all()
        self._panel.tell_followers()

    def _empty(self) -> None:
        for view in self.views:
            if isinstance(view, ChartView):
                view.clear()
            else:
                view.value = ""

    # ---- what is said about it -----------------------------------------------------------------

    def mark(self) -> None:
        """Say whether what is shown is of what the controls say, and grey it where it is not."""
        old, self._refused = self.is_old, ""
        for view in self.views:
            (view.add_class if old else view.remove_class)(OLD)
        missing = self._parent is not None and self._parent.found is None
        self.again.disabled = self._task.busy or missing
        if self._own_button:
            idle = self._find is not None and not self._task.busy
            wanted = idle and (old or self.found is None)
            self.again.layout.display = "" if wanted else "none"
            self.again.description = _BEGIN if self.found is None else _AGAIN
        self._tell(old=old)

    def _tell(self, *, old: bool | None = None) -> None:
        texts = []
        if self.is_old if old is None else old:
            texts.append(markup.message(f"of {self.asked}; the choice was changed since"))
        texts += [markup.message(text, "error") for text in (self._wrong, self._refused) if text]
        self._text.value = "".join(texts)
