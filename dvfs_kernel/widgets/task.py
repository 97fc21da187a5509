"""Work that takes longer than a blink: beside the page, with progress, and to be cancelled."""

from __future__ import annotations

import asyncio
import threading
import traceback
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from dvfs_kernel.errors import DvfsError
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.mode import is_static

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.link.progress_callback import Progress

__all__ = ["Task", "unexpected"]

_CANCELLED: Final = "Cancelled. Finished runs are kept."


class _CancelledError(Exception):
    """Leaves the work at its next report of progress."""


class Task(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A bar, a button to cancel, and a message; hidden while there is nothing to tell.

    Work runs in a thread of its own; what it finds is handed over in the thread of the page. Where
    there is no event loop to hand it to, or still pictures are wanted, it runs at once.
    """

    def __init__(self) -> None:
        self.bar = ipywidgets.IntProgress(min=0, max=1, layout={"width": "260px"})
        self.label = ipywidgets.HTML()
        self.cancel_button = ipywidgets.Button(
            description="Cancel", icon="stop", tooltip="Stop after the runs that have begun"
        )
        self.cancel_button.on_click(lambda _: self.cancel())
        self._row = ipywidgets.HBox(
            [self.bar, self.cancel_button, self.label], layout={"display": "none"}
        )
        self.note = ipywidgets.HTML()
        super().__init__([self._row, self.note])
        self._stop: threading.Event | None = None
        self._watchers: list[Callable[[], None]] = []
        self._locked: tuple[ipywidgets.Widget, ...] = ()

    def when_changed(self, act: Callable[[], None]) -> None:
        """Have something called whenever work begins or ends."""
        self._watchers.append(act)

    def lock(self, *controls: ipywidgets.Widget) -> None:
        """Let controls wait while work is under way."""
        self._locked += controls

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self._stop is not None

    def cancel(self) -> None:
        """Ask the work to stop; what was found is kept."""
        if self._stop is not None:
            self._stop.set()
            self.cancel_button.disabled = True
            self.label.value = "cancelling: the runs that have begun are still finished …"

    def start(
        self,
        work: Callable[[Progress], Any],
        done: Callable[[Any], None],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin; something that is under way goes on, and the new work is refused.

        Parameters
        ----------
        work
            Called with a function to report progress to, as `bench.Bench` does.
        done
            Called with what the work returned, where it succeeded.
        ended
            Called behind everything else, however it ended.
        """
        if self.busy:
            self._tell("Something is still under way; cancel it or wait for it.", "note")
            return
        loop = None if is_static() else _running_loop()
        stop = self._stop = threading.Event()
        self.note.value = ""
        self.label.value = "starting …"
        self.bar.value, self.bar.max = 0, 1
        self.cancel_button.disabled = False
        self._row.layout.display = ""
        self._changed()

        def post(act: Callable[[], None]) -> None:
            if loop is None:
                act()
            else:
                loop.call_soon_threadsafe(act)

        def progress(what: str, count: int, total: int) -> None:
            if stop.is_set():
                raise _CancelledError
            post(lambda: self._show(what, count, total))

        def run() -> None:
            try:
                found = work(progress)
            except _CancelledError:
                post(lambda: self._finish(_CANCELLED, "note", ended))
            except (DvfsError, OSError) as error:
                text = str(error)
                post(lambda: self._finish(text, "error", ended))
            except Exception:  # noqa: BLE001  a thread's errors would vanish
                text = unexpected()
                post(lambda: self._finish(text, "error", ended))
            else:
                post(lambda: self._hand_over(found, done, ended, stop))

        if loop is None:
            run()
        else:
            threading.Thread(target=run, daemon=True).start()

    def _show(self, what: str, count: int, total: int) -> None:
        if self.busy and not self.cancel_button.disabled:
            self.bar.max, self.bar.value = max(total, 1), count
            self.label.value = f"{what}: {count} of {total}"

    def _hand_over(
        self,
        found: Any,
        done: Callable[[Any], None],
        ended: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        if stop.is_set():  # behind the last report of progress: it was cancelled all the same
            self._finish(_CANCELLED, "note", ended)
            return
        try:
            done(found)
        except DvfsError as error:
            self._finish(str(error), "error", ended)
        except Exception:  # noqa: BLE001  an event loop's errors would vanish
            self._finish(unexpected(), "error", ended)
        else:
            self._finish("", "note", ended)

    def _finish(self, text: str, kind: markup.Kind, ended: Callable[[], None]) -> None:
        self._row.layout.display = "none"
        self._tell(text, kind)
        self._stop = None
        self._changed()
        ended()

    def _changed(self) -> None:
        for control in self._locked:
            control.disabled = self.busy
        for act in self._watchers:
            act()

    def _tell(self, text: str, kind: markup.Kind) -> None:
        self.note.value = markup.message(text, kind) if text else ""


def unexpected() -> str:
    """Return what is told of an error that nobody raised on purpose: the one being handled."""
    return "This should not have happened; please report it.\n" + traceback.format_exc()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
