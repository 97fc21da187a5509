"""The one way from native code to Python: what a callback raises ends the run and is raised by it.

What a plain ctypes callback raises, or returns in a type that does not fit, is printed and dropped,
and native code goes on with whatever was on the stack.
"""

from __future__ import annotations

import ctypes
from operator import index
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Form", "NativeCallbacks", "address_of"]

# A callback takes the host as long as hundreds of cycles or, where code is translated, thousands:
# after so many of them the core comes back, for limits, Ctrl-C and what was recorded. They are
# counted, not timed, so that every run does the same.
_CALLBACKS_MOST: Final = 4096


class Form:
    """What native code passes to a callback, and takes back.

    Parameters
    ----------
    result
        Type of the result; None for none.
    arguments
        Types of the arguments.
    failed
        What native code gets from a callback that has failed.
    """

    def __init__(self, result: Any, *arguments: Any, failed: int = 0) -> None:
        self.c_type = ctypes.CFUNCTYPE(result, *arguments)
        self.returns = result is not None
        self.failed = failed


class NativeCallbacks:
    """Makes functions of Python callable from native code, and keeps what they raise.

    Parameters
    ----------
    stop
        Lets native code come back before the next block. It must not raise.

    Attributes
    ----------
    failure : BaseException or None
        What a callback raised first, Ctrl-C included, and nobody has seen yet.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self.failure: BaseException | None = None
        self._left = _CALLBACKS_MOST
        self._kept: list[Any] = []

    def guarded(self, form: Form, weight: int = 1) -> Callable[[Callable[..., Any]], Any]:
        """Return a decorator: of a function it makes what native code may call.

        Parameters
        ----------
        form
            How it is called.
        weight
            How many short callbacks it counts as.
        """
        failed = form.failed if form.returns else None

        def decorate(function: Callable[..., Any]) -> Any:
            def call(*arguments: int) -> int | None:
                try:
                    self._left -= weight
                    if self._left <= 0:
                        self._stop()
                    result = function(*arguments)
                    return index(result) if form.returns else None
                except BaseException as error:  # noqa: BLE001 - must not unwind into native code
                    self.fail(error)
                    return failed

            callback = form.c_type(call)
            self._kept.append(callback)  # native code does not count references
            return callback

        return decorate

    def fail(self, error: BaseException) -> None:
        """Stop before the next block, for an error that the one who runs the core has to see."""
        if self.failure is None:
            self.failure = error
        self._stop()

    def begin(self) -> None:
        """Count callbacks anew: native code is about to be entered."""
        self._left = _CALLBACKS_MOST

    def end(self) -> None:
        """Raise what a callback has raised, now that native code has been left."""
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure


def address_of(function: Any) -> int:
    """Return where native code finds a function of a library, or a guarded callback."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0
