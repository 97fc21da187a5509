"""A physical Nucleo-F767ZI: the ST-LINK's virtual COM port, and a programmer behind it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dvfs_kernel.boards.base import Board
from dvfs_kernel.boards.nucleo.firmware_file import FirmwareFile
from dvfs_kernel.boards.nucleo.programmers import choose_programmer
from dvfs_kernel.boards.nucleo.serial_connection import SerialLine
from dvfs_kernel.boards.nucleo.serial_ports import choose_port
from dvfs_kernel.errors import (
    BoardError,
    BoardSilentError,
    FileFormatError,
    FirmwareMismatchError,
    ProtocolError,
)
from dvfs_kernel.link.image_id import image_id
from dvfs_kernel.link.session import Session
from renode_platform.devices.datasheet import USUAL_HSE_HZ

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dvfs_kernel.boards.nucleo.programmers import Programmer
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.link.replies import Hello

__all__ = ["STOCK_HSE_HZ", "NucleoBoard"]

#: What the ST-LINK feeds to OSC_IN of a board as it is sold (UM1974 Rev 5, 6.8.1).
STOCK_HSE_HZ: int = USUAL_HSE_HZ[0]

# DBGMCU_IDCODE, lower 12 bits (the headers and programming tools of ST and stlink-org).
_DEVICE_ID = 0x451
_DEVICES = {0x451: "STM32F76x/F77x", 0x449: "STM32F74x/F75x", 0x452: "STM32F72x/F73x"}
# Behind a port that is no ST-LINK's there may be an emulation, which is slower than a chip.
_OTHER_REPLY_TIMEOUT_S = 3.0


class NucleoBoard(Board):
    """A board on a cable; its time is the computer's.

    Firmware is programmed only with the user's consent. Images of networks go over the serial
    line, and only where the board does not hold them yet.

    Parameters
    ----------
    detail
        A serial port, or the serial number of an ST-LINK; by default the only board there is.
    hse_hz
        What clocks OSC_IN: 8 MHz as sold.
    ask
        Called with a question where the board runs another firmware, to be answered whether it may
        be overwritten. By default it may not.
    programmer
        A key of `~dvfs_kernel.boards.nucleo.programmers.PROGRAMMERS`; by default what is installed.

    Raises
    ------
    BoardNotFoundError
        There is no board, or there are several.
    BoardAccessError
        Another program has the port, or the user may not open it.
    """

    name = "nucleo"

    def __init__(
        self,
        detail: str = "",
        *,
        hse_hz: int = STOCK_HSE_HZ,
        ask: Callable[[str], bool] | None = None,
        programmer: str | None = None,
    ) -> None:
        self._port = choose_port(detail)
        self._hse_hz = hse_hz
        self._ask = ask
        self._programmer_name = programmer
        self._progress: Progress | None = None
        self._firmware: FirmwareFile | None = None
        if self._port.serial_number is None:
            self.reply_timeout_s = _OTHER_REPLY_TIMEOUT_S
        self._line = SerialLine(self._port.device, self._port.product_id)

    @property
    def hse_hz(self) -> int:
        """What clocks OSC_IN."""
        return self._hse_hz

    @property
    def now_s(self) -> float:
        """Time of the computer."""
        return time.monotonic()

    @property
    def identity(self) -> str:
        """The serial number of the ST-LINK."""
        return self._port.serial_number or ""

    @property
    def device(self) -> str:
        """The serial port."""
        return self._port.device

    def write(self, data: bytes) -> None:
        """Send bytes to the firmware's serial port."""
        self._line.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Return bytes that the firmware sent, as soon as there are any.

        Raises
        ------
        BoardLostError
            The board was unplugged.
        """
        return self._line.read(timeout_s)

    def close(self) -> None:
        """Give the serial port back."""
        self._line.close()

    def watch_transfers(self, callback: Progress) -> None:
        """Call something with what is being sent, how much of it is sent and how much there is."""
        self._progress = callback

    def function_at(self, address: int) -> str | None:
        """Name the firmware's function at an address, from the ELF that was flashed."""
        return None if self._firmware is None else self._firmware.symbols.function_at(address)

    def flash(self, elf: Path | bytes, image: bytes | None = None) -> None:
        """See to it that the board runs the firmware and holds the image.

        Raises
        ------
        FirmwareMismatchError
            The board runs something else, and may not be programmed.
        BoardError
            It is another chip, or programming failed.
        FileFormatError
            The ELF is not for this chip.
        """
        firmware = FirmwareFile.read(elf)
        reason = self._difference(firmware)
        if reason is not None:
            self._program(firmware, image, reason)
            reason = self._difference(firmware)
            if reason is not None:
                raise BoardError(f"the board was programmed, and then {reason}")
        self._firmware = firmware
        if image is not None and self._image_id() != image_id(image):
            self._session().load_image(image)

    def reset(self) -> None:
        """Start the firmware from its reset vector."""
        try:
            self._session().reset()
        except (BoardSilentError, ProtocolError):
            if self._port.serial_number is None:
                raise
            self._programmer().reset()
        self._line.discard()

    # ---- the firmware --------------------------------------------------------------------------

    def identify(self) -> Hello | str:
        """Ask the firmware who it is; text where what answers is not this package's firmware."""
        self._line.discard()
        try:
            return self._session().hello()
        except BoardSilentError:
            return "nothing answers on its serial port"
        except ProtocolError as error:
            return f"its firmware is another one: {error}"

    def _difference(self, firmware: FirmwareFile) -> str | None:
        """Tell what sets the board's firmware apart; None where it is the right one."""
        hello = self.identify()
        if isinstance(hello, str):
            return hello
        check_device(hello.device_id)
        if hello.build_id != firmware.build_id:
            return (
                f"its firmware is another build, {hello.build_id:08x} instead of "
                f"{firmware.build_id:08x}"
            )
        return None

    def _program(self, firmware: FirmwareFile, image: bytes | None, reason: str) -> None:
        if self._port.serial_number is None:
            raise FirmwareMismatchError(
                f"the board at {self.device} cannot be used: {reason}; {self.device} is not the "
                "port of an ST-LINK, so the firmware cannot be programmed through it"
            )
        if self._ask is None or not self._ask(
            f"the board at {self.device} cannot be used: {reason}. "
            "Overwrite its flash memory with this package's firmware?"
        ):
            raise FirmwareMismatchError(
                f"the board at {self.device} cannot be used: {reason}; `dvfs flash` programs it, "
                "and overwrites what is in its flash memory"
            )
        programmer = self._programmer()
        check_device(programmer.device_id())
        programmer.program(firmware, image)

    def _programmer(self) -> Programmer:
        return choose_programmer(self._port.serial_number or "", self._programmer_name)

    def _image_id(self) -> int:
        session = self._session()
        try:
            session.use_image()
        except FileFormatError:
            return 0  # flash memory holds no image, or a damaged one
        return session.hello().image_id

    def _session(self) -> Session:
        return Session(self, progress=self._progress)


def check_device(device_id: int) -> None:
    """Refuse a chip for which the firmware is not made.

    Raises
    ------
    BoardError
        DBGMCU_IDCODE is that of another chip.
    """
    kind = device_id & 0xFFF
    if kind != _DEVICE_ID:
        name = f" ({_DEVICES[kind]})" if kind in _DEVICES else ""
        raise BoardError(
            f"the chip is another one: its device id is 0x{kind:03x}{name}; "
            f"0x{_DEVICE_ID:03x} ({_DEVICES[_DEVICE_ID]}) is needed, as on a Nucleo-F767ZI"
        )
