"""Which serial port a physical board is at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from dvfs_kernel.errors import BoardNotFoundError

__all__ = ["BoardPort", "choose_port", "st_link_ports"]

_ST_VENDOR = 0x0483
# ST-LINK/V2-1, as on the Nucleo-F767ZI, with and without mass storage, and V3 (the udev rules of
# stlink-org/stlink).
_ST_LINK_PRODUCTS = (0x374A, 0x374B, 0x3752, 0x374D, 0x374E, 0x374F, 0x3753, 0x3754)


@dataclass(frozen=True)
class BoardPort:
    """A serial port, and the ST-LINK that it belongs to.

    Parameters
    ----------
    device
        Path or name that opens the port.
    serial_number
        Of the ST-LINK; None for any other port, which carries the protocol and can do no more.
    product_id
        USB product of the ST-LINK; None likewise.
    """

    device: str
    serial_number: str | None = None
    product_id: int | None = None


def st_link_ports() -> list[BoardPort]:
    """Return the virtual COM ports of every ST-LINK that is plugged in, by their names."""
    return [
        BoardPort(port.device, port.serial_number or "", port.pid)
        for port in sorted(list_ports.comports())
        if port.vid == _ST_VENDOR and port.pid in _ST_LINK_PRODUCTS
    ]


def choose_port(detail: str = "") -> BoardPort:
    """Find the port of a board.

    Parameters
    ----------
    detail
        A port's path or name, the serial number of an ST-LINK or the end of one, or nothing where
        a single board is plugged in.

    Raises
    ------
    BoardNotFoundError
        There is none, or there are several.
    """
    ports = st_link_ports()
    if not detail:
        return _only(ports, "")
    for port in ports:
        if detail == port.device or Path(detail).resolve() == Path(port.device).resolve():
            return port
    if Path(detail).exists():
        return BoardPort(detail)
    matching = [
        port for port in ports if (port.serial_number or "").lower().endswith(detail.lower())
    ]
    if matching:
        return _only(matching, detail)
    raise BoardNotFoundError(
        f"{detail} is neither a serial port nor the serial number of an ST-LINK; {_found(ports)}"
    )


def _only(ports: list[BoardPort], detail: str) -> BoardPort:
    if len(ports) == 1:
        return ports[0]
    if not ports:
        raise BoardNotFoundError(
            "no board was found: no ST-LINK is plugged in. The cable belongs in CN1, beside the "
            "ST-LINK, and has to carry data; LD4 lights up when the computer knows the board"
        )
    which = f"several ST-LINKs end with {detail}" if detail else "several boards were found"
    raise BoardNotFoundError(f"{which}; choose one by its serial number: {_choices(ports)}")


def _found(ports: list[BoardPort]) -> str:
    return f"plugged in: {_choices(ports)}" if ports else "no ST-LINK is plugged in"


def _choices(ports: list[BoardPort]) -> str:
    return ", ".join(f"--board nucleo:{port.serial_number} ({port.device})" for port in ports)
