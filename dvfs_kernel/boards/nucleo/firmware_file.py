"""The firmware as a physical board gets it: bytes for flash, and the number of the build."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from dvfs_kernel.boards.emulator.elf import Executable
from dvfs_kernel.errors import FileFormatError
from dvfs_kernel.link import abi

if TYPE_CHECKING:
    from pathlib import Path

    from dvfs_kernel.boards.emulator.elf import SymbolTable

__all__ = ["FLASH_ADDRESS", "FirmwareFile"]

#: Begin of flash memory on AXI, where programming tools write (DS11532, figure 19).
FLASH_ADDRESS = 0x08000000
_ERASED = b"\xff"


@dataclass(frozen=True)
class FirmwareFile:
    """An ELF file's flash contents.

    Parameters
    ----------
    flash
        From the begin of flash memory on, gaps as erased.
    """

    flash: bytes
    symbols: SymbolTable

    @classmethod
    def read(cls, elf: Path | bytes) -> Self:
        """Read an ELF file.

        Raises
        ------
        FileFormatError
            It is no ELF file for the chip, or has something outside of the firmware's sectors.
        """
        executable = Executable.read(elf)
        flash = bytearray()
        for address, data in sorted(executable.segments):
            end = address + len(data)
            if not FLASH_ADDRESS <= address <= end <= abi.IMAGE_ADDRESS:
                raise FileFormatError(
                    f"the firmware has {len(data)} bytes at 0x{address:08x}; it may fill "
                    f"0x{FLASH_ADDRESS:08x} to 0x{abi.IMAGE_ADDRESS - 1:08x}"
                )
            flash += _ERASED * (address - FLASH_ADDRESS - len(flash)) + data
        return cls(bytes(flash), executable.symbols)

    @property
    def build_id(self) -> int:
        """What this firmware says of itself in its ``hello_reply``."""
        return zlib.crc32(self.flash)
