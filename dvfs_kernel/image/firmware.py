"""The firmware that the package carries."""

from __future__ import annotations

from pathlib import Path

from dvfs_kernel.errors import BoardError

__all__ = ["FIRMWARE", "firmware_path"]

#: The firmware that the package carries.
FIRMWARE = Path(__file__).with_name("firmware.elf")


def firmware_path(firmware: Path = FIRMWARE) -> Path:
    """Return the path of the firmware.

    Raises
    ------
    BoardError
        It is not built.
    """
    if not firmware.is_file():
        raise BoardError(
            f"the firmware {firmware.name} is not built; build it with python firmware/build.py"
        )
    return firmware
