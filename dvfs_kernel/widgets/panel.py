"""What every panel of a notebook has: a title, controls, a place for messages, and views."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets

from dvfs_kernel.errors import DvfsError, PanelError
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.mode import is_static
from dvfs_kernel.widgets.style import CSS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    class Marked(Protocol):
        """What can be of another choice than the controls': a `Result`."""

        def mark(self) -> None:
            """Say whether it is."""


__all__ = ["Panel", "chosen", "control_row"]

_LABEL = {"description_width": "initial"}
# What only a reader with Python can use.
_NOT_IN_PICTURES = (
    ipywidgets.Button,
    ipywidgets.FileUpload,
    ipywidgets.FloatText,
    ipywidgets.IntProgress,
)


class Panel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A bordered group of widgets.

    Parameters
    ----------
    title
        Its heading.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.add_class("dvfs-panel")
        self.title = title
        self.message = ipywidgets.HTML()
        self.results: list[Marked] = []
        self._followers: list[Callable[[], None]] = []
        self._head = ipywidgets.HTML(f"{CSS}<h3>{escape(title)}</h3>")

    def fill(self, *parts: ipywidgets.Widget) -> None:
        """Put controls and views under the title; messages stand between title and parts."""
        self.children = (self._head, self.message, *parts)

    def tell(self, text: str, kind: markup.Kind = "note") -> None:
        """Show a message; an empty one takes it away."""
        self.message.value = markup.message(text, kind) if text else ""

    def mark_all(self) -> None:
        """Say of every result whether it is of what the controls say."""
        for result in self.results:
            result.mark()

    def watch(self, *controls: ipywidgets.Widget) -> None:
        """Say it anew whenever one of the controls is changed."""
        for control in controls:
            control.observe(lambda _: self.mark_all(), "value")

    def follow(self, act: Callable[[], None]) -> None:
        """Have something called whenever `figures` may have changed."""
        self._followers.append(act)

    def tell_followers(self) -> None:
        """Tell those who follow that `figures` may have changed."""
        for act in self._followers:
            act()

    def guarded(self, act: Callable[[], None]) -> bool:
        """Do something; what goes wrong on purpose becomes a message. Say whether it went well."""
        try:
            act()
        except DvfsError as error:
            self.tell(str(error), "error")
            return False
        return True

    def figures(self) -> dict[str, float]:
        """Return the numbers that exercises ask for, as far as they are known."""
        return {}

    def still(self) -> str:
        """Return the panel as HTML that needs no Python."""
        parts = (_still(child) for child in self.children[1:])
        return (
            f'{CSS}<section class="dvfs-still"><h3>{escape(self.title)}</h3>'
            f"{''.join(parts)}</section>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if is_static():
            return {"text/html": self.still(), "text/plain": self.title}
        return super()._repr_mimebundle_(**kwargs)


def chosen(name: str, options: Sequence[tuple[str, Any]], value: Any) -> ipywidgets.Dropdown:
    """Return a list to choose from, with what is chosen first.

    Raises
    ------
    PanelError
        That is not in the list.
    """
    values = [option for _, option in options]
    if value not in values:
        allowed = ", ".join(map(str, values)) or "none"
        raise PanelError(f"{name}: {value} cannot be chosen; allowed: {allowed}")
    return ipywidgets.Dropdown(description=name, options=list(options), value=value)


def control_row(controls: Sequence[ipywidgets.Widget]) -> ipywidgets.Box:
    """Return controls side by side; they wrap where the page is narrow."""
    for control in controls:
        if hasattr(control, "description"):
            buttons = isinstance(control, ipywidgets.Button | ipywidgets.FileUpload)
            control.style = {} if buttons else _LABEL
    return ipywidgets.Box(
        list(controls),
        layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "4px 14px"},
    )


def _still(widget: Any) -> str:
    """Return a widget as HTML: views as they are, controls as what they are set to."""
    if widget.layout.display == "none":
        return ""
    if isinstance(widget, ChartView):
        return widget.still()
    if isinstance(widget, ipywidgets.HTML):
        return f"<div>{widget.value}</div>" if widget.value else ""
    if isinstance(widget, _NOT_IN_PICTURES):
        return ""
    if isinstance(widget, ipywidgets.Box):
        return "".join(_still(child) for child in widget.children)
    return _still_control(widget)


def _still_control(widget: Any) -> str:
    if isinstance(widget, ipywidgets.RadioButtons):
        options = "".join(f"<li>{escape(str(option))}</li>" for option in widget.options)
        return f"<ul>{options}</ul>"
    value = getattr(widget, "label", None) or getattr(widget, "value", "")
    return f"<p>{escape(str(widget.description))} <b>{escape(_told(value))}</b></p>"


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
