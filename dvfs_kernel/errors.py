"""The domain's errors: each one also is the builtin that fits it best."""

from __future__ import annotations

__all__ = [
    "BoardError",
    "BoardSilentError",
    "ClockError",
    "DvfsError",
    "FileFormatError",
    "FirmwareFaultError",
    "NetworkError",
    "NetworkTooLargeError",
    "PlatformDescriptionError",
    "ProtocolError",
    "ScheduleError",
    "UnsupportedOperatorError",
]


class DvfsError(Exception):
    """Root of every error that this package raises on purpose."""


class FileFormatError(DvfsError, ValueError):
    """A file is not what its name or place says it is, or is damaged."""


class PlatformDescriptionError(FileFormatError):
    """A Renode platform description (``.repl``) cannot be read."""


class NetworkError(DvfsError, ValueError):
    """A network contradicts itself: shapes, indices, scales or zero points that cannot be."""


class UnsupportedOperatorError(DvfsError, NotImplementedError):
    """A network uses an operator, or a form of one, that the firmware does not have."""


class NetworkTooLargeError(DvfsError, MemoryError):
    """A network or its tensors do not fit the board's memory."""


class ClockError(DvfsError, ValueError):
    """A clock setting is outside what the data sheet allows."""


class ScheduleError(DvfsError, ValueError):
    """A schedule does not fit its network or its board."""


class ProtocolError(DvfsError, ConnectionError):
    """The bytes exchanged with the firmware do not follow the host protocol."""


class BoardError(DvfsError, RuntimeError):
    """A board, virtual or real, cannot do what was asked of it."""


class BoardSilentError(DvfsError, TimeoutError):
    """A board did not answer in time."""


class FirmwareFaultError(BoardError):
    """The firmware on the board ended in a fault, or would have damaged a real one."""
