"""How the other end of a serial line is set up, as terminals write it: ``"115200,8N1"``."""

from __future__ import annotations

import re
from typing import Final

from dvfs_kernel.errors import QuantityError
from renode_platform.devices.serial_line import FrameFormat

__all__ = ["DEFAULT_BAUD", "FOLLOWS", "serial_line"]

#: What most terminal programs and examples use.
DEFAULT_BAUD: Final = 115_200
#: The other end is always set up as the firmware's port is.
FOLLOWS: Final = "any"
_LEAST_BAUD, _MOST_BAUD = 50, 27_000_000
_TEXT = re.compile(r"\s*(\d{1,9})\s*(?:[,\s]\s*([789])\s*([NEOneo])\s*(0\.5|1\.5|1|2))?\s*")


def serial_line(value: str | int) -> FrameFormat | None:
    """Return the format of the line's frames, None for one that follows the firmware.

    Parameters
    ----------
    value
        Bits a second, as a number or as text; text may go on with data bits, parity and stop bits,
        such as ``"9600,8E1"``; ``"any"`` follows the firmware.

    Raises
    ------
    QuantityError
        The text is nothing of the kind, or no UART has that speed.
    """
    if value == FOLLOWS:
        return None
    match = _TEXT.fullmatch(str(value))
    baud = int(match[1]) if match else 0
    if match is None or not _LEAST_BAUD <= baud <= _MOST_BAUD:
        raise QuantityError(
            f"{value!r:.60} is no setting of a serial line; {_LEAST_BAUD} to {_MOST_BAUD} bits a "
            f"second are allowed, such as {DEFAULT_BAUD}, or with data bits, parity and stop "
            f"bits, such as {DEFAULT_BAUD},8N1; '{FOLLOWS}' follows the firmware"
        )
    if match[2] is None:
        return FrameFormat(float(baud))
    return FrameFormat(float(baud), int(match[2]), match[3].upper(), float(match[4]))
