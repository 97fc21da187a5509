"""The domain's errors: each one also is the builtin that fits it best."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ArgumentError",
    "BoardAccessError",
    "BoardError",
    "BoardLostError",
    "BoardNotFoundError",
    "BoardSilentError",
    "CacheError",
    "ClockError",
    "CodeError",
    "DataSetError",
    "DvfsError",
    "ExecutorError",
    "FileFormatError",
    "FirmwareFaultError",
    "FirmwareMismatchError",
    "InfeasibleBoundError",
    "InfeasibleBudgetError",
    "InfeasibleLatencyError",
    "LayeredGraphError",
    "MeasurementError",
    "MissingExtraError",
    "NetworkError",
    "NetworkTooLargeError",
    "PanelError",
    "PlatformDescriptionError",
    "ProtocolError",
    "QuantityError",
    "RenodeUnavailableError",
    "ScheduleError",
    "SearchTooLargeError",
    "SensorMissingError",
    "UnknownLayerError",
    "UnreachableError",
    "UnsupportedOperatorError",
    "VerificationError",
]


class DvfsError(Exception):
    """Root of every error that this package raises on purpose."""

    #: The message with the names of arguments in braces, where it names any.
    template: str | None = None

    @classmethod
    def naming(cls, template: str) -> Self:
        """Return an error whose message has the names of arguments in braces.

        The command line spells them otherwise: see `spelt`.
        """
        error = cls(_spelt(template, lambda name: name))
        error.template = template
        return error

    def advise(self, template: str) -> None:
        """Let the message end with another line, which names arguments as that of `naming` does."""
        self.template = f"{self.template or self}\n  {template}"
        self.args = (_spelt(self.template, lambda name: name),)

    def spelt(self, spell: Callable[[str], str]) -> str:
        """Return the message with arguments as they are called where it is read."""
        return str(self) if self.template is None else _spelt(self.template, spell)

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback: the message is for people."""
        return [f"{type(self).__name__}: {self}"]


class ArgumentError(DvfsError, ValueError):
    """Arguments that are each allowed do not go together, or one is not what it may be.

    Parameters
    ----------
    template
        The message, with the names of arguments in braces: the command line spells them otherwise.
    """

    def __init__(self, template: str) -> None:
        super().__init__(_spelt(template, lambda name: name))
        self.template: str = template

    def __reduce__(self) -> tuple[type[ArgumentError], tuple[str]]:
        return type(self), (self.template,)


class QuantityError(DvfsError, ValueError):
    """A quantity is no number with a unit of its kind."""


class FileFormatError(DvfsError, ValueError):
    """A file is not what its name or place says it is, or is damaged."""


class PlatformDescriptionError(FileFormatError):
    """A Renode platform description (``.repl``) cannot be read."""


class DataSetError(DvfsError, ValueError):
    """Labelled images are missing, damaged, contradict themselves, or do not fit a network."""


class NetworkError(DvfsError, ValueError):
    """A network contradicts itself: shapes, indices, scales or zero points that cannot be."""


class UnknownLayerError(DvfsError, LookupError):
    """A network has no layer, or more than one, of the name or number that was asked for."""


class UnsupportedOperatorError(DvfsError, NotImplementedError):
    """A network uses an operator, or a form of one, that the firmware does not have."""


class NetworkTooLargeError(MemoryError, DvfsError):
    """A network or its tensors do not fit the board's memory."""


class ClockError(DvfsError, ValueError):
    """A clock setting is outside what the data sheet allows."""


class CodeError(DvfsError, ValueError):
    """Code for a layer cannot be made."""


class ScheduleError(DvfsError, ValueError):
    """A schedule does not fit its network or its board."""


class ProtocolError(DvfsError, ConnectionError):
    """The bytes exchanged with the firmware do not follow the host protocol."""


class BoardError(DvfsError, RuntimeError):
    """A board, virtual or real, cannot do what was asked of it."""


class BoardNotFoundError(BoardError, LookupError):
    """No board is connected, or it is not clear which one is meant."""


class BoardAccessError(PermissionError, BoardError):
    """A board is there, but another program has it, or the user may not open it."""


class BoardLostError(ConnectionError, BoardError):
    """A board went away in the middle: unplugged, or without power."""


class FirmwareMismatchError(BoardError):
    """A board runs another firmware than the one that was asked for."""


class BoardSilentError(DvfsError, TimeoutError):
    """A board did not answer in time."""


class SensorMissingError(BoardError):
    """The INA219 does not answer.

    Attributes
    ----------
    scl_high, sda_high
        Levels of the bus's lines; both are high on an idle bus.
    """

    def __init__(self, message: str, *, scl_high: bool = True, sda_high: bool = True) -> None:
        super().__init__(message)
        self.scl_high = scl_high
        self.sda_high = sda_high

    def __reduce__(self) -> tuple[object, ...]:
        kind = partial(type(self), scl_high=self.scl_high, sda_high=self.sda_high)
        return kind, self.args


class FirmwareFaultError(BoardError):
    """The firmware on the board ended in a fault, or would have damaged a real one."""


class MeasurementError(DvfsError, ValueError):
    """Measurements are missing, contradict themselves, or cannot tell what they are asked."""


class CacheError(DvfsError, OSError):
    """The folder of kept runs cannot be used, or holds something damaged."""


class ExecutorError(DvfsError, RuntimeError):
    """The workers that were to make runs are not there, or not any more."""


class RenodeUnavailableError(BoardError, ImportError):
    """Renode or pyrenode3 is absent, too old, or only half installed."""


class LayeredGraphError(DvfsError, ValueError):
    """An optimisation problem contradicts itself, or is asked something that has no meaning."""


class UnreachableError(LayeredGraphError):
    """No chain of allowed switches leads through all layers."""


class InfeasibleBoundError(DvfsError, ValueError):
    """No schedule keeps a bound on time.

    Attributes
    ----------
    bound, least_time
        The bound that was asked for, and the time of the quickest schedule there is (of a demand:
        the most that there is).
    """

    def __init__(self, bound: float, least_time: float, *, at_least: bool = False) -> None:
        if at_least:
            message = f"no choice meets the demand {bound!r}; the most possible is {least_time!r}"
        else:
            message = (
                f"no schedule keeps the bound {bound!r}; the least possible time is {least_time!r}"
            )
        super().__init__(message)
        self.bound = bound
        self.least_time = least_time
        self._at_least = at_least

    def __reduce__(self) -> tuple[object, ...]:
        # From a worker process the error comes as a pickle, which would give the message alone.
        made_again = partial(type(self), at_least=self._at_least)
        return made_again, (self.bound, self.least_time)


class InfeasibleBudgetError(DvfsError, ValueError):
    """No schedule keeps a budget, or all of them and a bound on time together.

    Attributes
    ----------
    budgets, least
        The budgets that cannot be kept, and the least that is possible of each by itself.
    bound, least_time
        The bound on time and the least time, if each limit can be kept but not all together;
        else None.
    """

    def __init__(
        self,
        budgets: dict[str, float],
        least: dict[str, float],
        *,
        bound: float | None = None,
        least_time: float | None = None,
    ) -> None:
        if bound is None:
            listed = "; ".join(
                f"no schedule keeps the budget {value!r} for {name}; "
                f"the least possible is {least[name]!r}"
                for name, value in budgets.items()
            )
            message = listed
        else:
            limits = ", ".join(f"{value!r} for {name}" for name, value in budgets.items())
            singly = ", ".join(f"{name} {value!r}" for name, value in least.items())
            message = (
                f"no schedule keeps the bound {bound!r} on time and the budgets {limits} "
                f"together; the least possible of each by itself is: time {least_time!r}, {singly}"
            )
        super().__init__(message)
        self.budgets, self.least = budgets, least
        self.bound, self.least_time = bound, least_time

    def __reduce__(self) -> tuple[object, ...]:
        made_again = partial(type(self), bound=self.bound, least_time=self.least_time)
        return made_again, (self.budgets, self.least)


class InfeasibleLatencyError(InfeasibleBoundError):
    """No schedule of a network keeps a bound on latency; both times are seconds."""

    def __init__(self, bound_s: float, least_s: float) -> None:
        super().__init__(bound_s, least_s)
        # Rounded up, so that what the message offers is possible.
        least_ms = math.ceil(Fraction(least_s) * 10**7) / 10**4
        message = (
            f"no schedule keeps the latency of {bound_s * 1e3:.6g} ms; "
            f"the least possible is {least_ms:.10g} ms"
        )
        self.args = (message,)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.bound, self.least_time)


class SearchTooLargeError(MemoryError, DvfsError):
    """A search would hold more partial schedules than it was allowed."""


class VerificationError(DvfsError, AssertionError):
    """What was executed is not what was predicted or promised."""


class PanelError(DvfsError, ValueError):
    """A panel of a notebook is asked for what it does not have, or not yet."""


class MissingExtraError(DvfsError, ImportError):
    """Something needs packages that an extra of this package installs."""

    @staticmethod
    def remedy(extra: str) -> str:
        """Return the command that installs an extra, for a message."""
        return (
            f"`pip install 'dvfs-kernel[{extra}]'`, or from a checkout `pip install '.[{extra}]'`"
        )


def _spelt(template: str, spell: Callable[[str], str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: spell(match[1]), template)
