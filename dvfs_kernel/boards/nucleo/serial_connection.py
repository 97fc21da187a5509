"""An open serial port, whose errors say what to do about them."""

from __future__ import annotations

import errno
import termios
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import serial

from dvfs_kernel.errors import BoardAccessError, BoardError, BoardLostError, BoardNotFoundError
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SerialLine", "udev_rule"]

# The kernel takes 4 KB at once; a line that has not moved for this long moves no more.
_WRITE_TIMEOUT_S = 5.0
_NO_SUCH_PORT = (errno.ENOENT, errno.ENXIO, errno.ENODEV)
_IN_USE = (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK)
_DEFAULT_PRODUCT = 0x374B


def udev_rule(product_id: int | None = None) -> str:
    """Return the line that lets whoever sits at the computer use an ST-LINK and its serial port."""
    product = _DEFAULT_PRODUCT if product_id is None else product_id
    return (
        f'SUBSYSTEMS=="usb", ATTRS{{idVendor}}=="0483", ATTRS{{idProduct}}=="{product:04x}", '
        'MODE="0660", TAG+="uaccess"'
    )


class SerialLine:
    """A serial port at the protocol's speed, that no other program can open meanwhile.

    Parameters
    ----------
    device
        Path or name of the port.
    product_id
        USB product, for the udev rule in messages.

    Raises
    ------
    BoardNotFoundError
        There is no such port.
    BoardAccessError
        Another program has it, or the user may not open it.
    BoardError
        It is no serial port.
    """

    def __init__(self, device: str, product_id: int | None = None) -> None:
        self.device = device
        try:
            self._port = serial.Serial(
                device,
                baudrate=abi.UART_BAUD,
                timeout=0,
                write_timeout=_WRITE_TIMEOUT_S,
                exclusive=True,
            )
        except (OSError, termios.error) as error:  # SerialException is an OSError
            raise _open_error(device, product_id, error) from error

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises
        ------
        BoardLostError
            The port is gone, or takes nothing any more.
        """
        with self._while_plugged_in():
            self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Return what has come, as soon as there is anything; empty where nothing came in time.

        Raises
        ------
        BoardLostError
            The port is gone.
        """
        with self._while_plugged_in():
            self._port.timeout = max(timeout_s, 0.0)
            first: bytes = self._port.read(1)
            if not first:
                return b""
            self._port.timeout = 0
            rest: bytes = self._port.read(self._port.in_waiting)
            return first + rest

    def discard(self) -> None:
        """Forget what has come in unread."""
        with self._while_plugged_in():
            self._port.reset_input_buffer()

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    @contextmanager
    def _while_plugged_in(self) -> Iterator[None]:
        if not self._port.is_open:
            raise BoardError(f"the port {self.device} is closed; open the board anew")
        try:
            yield
        except serial.SerialTimeoutException as error:
            raise BoardLostError(
                f"the port {self.device} has taken no bytes for {_WRITE_TIMEOUT_S:g} s"
            ) from error
        except (OSError, termios.error) as error:
            raise BoardLostError(
                f"the board at {self.device} went away: unplugged, or without power"
            ) from error


def _open_error(device: str, product_id: int | None, error: Exception) -> BoardError:
    number = getattr(error, "errno", None)
    if number in _NO_SUCH_PORT:
        return BoardNotFoundError(f"there is no port {device}; plug the board in, or name another")
    if number in _IN_USE:
        return BoardAccessError(
            f"the port {device} is in use: another dvfs, a terminal program or ModemManager has it"
        )
    if number in (errno.EACCES, errno.EPERM):
        return BoardAccessError(
            f"no permission to open {device}{_group_of(device)}: put the line\n"
            f"  {udev_rule(product_id)}\n"
            "into /etc/udev/rules.d/60-stlink.rules, run `sudo udevadm control --reload` and plug "
            "the board in again"
        )
    return BoardError(f"{device} cannot be used as a serial port: {error}")


def _group_of(device: str) -> str:
    try:
        return f", which belongs to the group {Path(device).group()}"
    except (OSError, KeyError):
        return ""
