"""Programs that write flash memory through an ST-LINK: pyOCD, OpenOCD and st-flash.

Here is the only place that knows their command lines. None of them is needed as long as the board
runs the right firmware: images of networks go over the serial line.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.boards.nucleo.firmware_file import FLASH_ADDRESS
from dvfs_kernel.errors import BoardError, BoardLostError, MissingExtraError
from dvfs_kernel.link import abi
from dvfs_kernel.storage.atomic_file import write_atomically

if TYPE_CHECKING:
    from dvfs_kernel.boards.nucleo.firmware_file import FirmwareFile

__all__ = ["PROGRAMMERS", "OpenOcd", "Programmer", "PyOcd", "StFlash", "choose_programmer"]

# Writing two megabytes takes a minute with the slowest of them.
_TIMEOUT_S = 300.0
_DBGMCU_IDCODE = 0xE0042000
_SHOWN_LINES = 6


class Programmer(ABC):
    """A program that reaches the chip through an ST-LINK.

    Parameters
    ----------
    serial_number
        Of the ST-LINK; empty for the only one.

    Raises
    ------
    BoardError
        The serial number has something else than letters and digits.
    """

    #: What the program is called on the command line.
    name: str

    def __init__(self, serial_number: str = "") -> None:
        # It comes from whatever is plugged in, and becomes a word of a command or of a script.
        if re.fullmatch(r"[0-9A-Za-z]*", serial_number) is None:
            raise BoardError(
                f"the ST-LINK's serial number is {serial_number!r}; letters and digits are allowed"
            )
        self.serial_number = serial_number

    @classmethod
    @abstractmethod
    def is_installed(cls) -> bool:
        """Tell whether the program is there."""

    @abstractmethod
    def _program_commands(self, firmware: Path, image: Path | None) -> list[list[str]]: ...

    @abstractmethod
    def _reset_command(self) -> list[str]: ...

    @abstractmethod
    def _idcode_command(self) -> list[str]: ...

    def _idcode(self, output: str) -> str | None:
        """Find the identity in what the program printed, as hexadecimal digits."""
        match = re.search(
            rf"0*{_DBGMCU_IDCODE:x}:\s+(?:0x)?(?P<digits>[0-9a-f]{{8}})\b", output.lower()
        )
        return match["digits"] if match else None

    def program(self, firmware: FirmwareFile, image: bytes | None) -> None:
        """Write the firmware, and an image behind it, and reset the chip.

        Raises
        ------
        BoardError
            The program did not succeed.
        """
        with tempfile.TemporaryDirectory(prefix="dvfs-") as folder:
            firmware_path = Path(folder) / "firmware.bin"
            write_atomically(firmware_path, firmware.flash)
            image_path = None
            if image is not None:
                image_path = Path(folder) / "image.bin"
                write_atomically(image_path, image)
            for command in self._program_commands(firmware_path, image_path):
                self._run(command, "programming")

    def reset(self) -> None:
        """Reset the chip by its reset line or its debug port."""
        self._run(self._reset_command(), "the reset")

    def device_id(self) -> int:
        """Return the lower 12 bits of DBGMCU_IDCODE, which tell the kind of chip.

        Raises
        ------
        BoardError
            The program did not succeed, or printed something unexpected.
        """
        output = self._run(self._idcode_command(), "reading the chip's identity")
        digits = self._idcode(output)
        if digits is None:
            raise BoardError(
                f"{self.name} did not tell the chip's identity; it printed:\n{_tail(output)}"
            )
        return int(digits, 16) & 0xFFF

    def _run(self, command: list[str], what: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603  the words are ours, but for a serial number
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BoardLostError(
                f"{what} with {self.name} did not end within {_TIMEOUT_S:g} s; "
                "plug the board in again"
            ) from error
        except OSError as error:
            raise BoardError(f"{self.name} does not start: {error.strerror}") from error
        if done.returncode:
            raise BoardError(
                f"{what} with {self.name} failed (exit code {done.returncode}):\n"
                f"{_tail(done.stdout)}"
            )
        return done.stdout


class PyOcd(Programmer):
    """pyOCD, from PyPI: the optional dependency ``dvfs-kernel[nucleo]``."""

    name = "pyocd"
    _target = "stm32f767zi"

    @classmethod
    def is_installed(cls) -> bool:
        """Tell whether the program is there."""
        return find_spec("pyocd") is not None or shutil.which("pyocd") is not None

    def _words(self, command: str) -> list[str]:
        own = find_spec("pyocd") is not None
        words = [sys.executable, "-m", "pyocd"] if own else ["pyocd"]
        words += [command, "--no-wait", "--target", self._target]
        return [*words, "--uid", self.serial_number] if self.serial_number else words

    def _program_commands(self, firmware: Path, image: Path | None) -> list[list[str]]:
        files = [f"{firmware}@0x{FLASH_ADDRESS:08x}"]
        if image is not None:
            files.append(f"{image}@0x{abi.IMAGE_ADDRESS:08x}")
        return [[*self._words("load"), "--format", "bin", *files]]

    def _reset_command(self) -> list[str]:
        return self._words("reset")

    def _idcode_command(self) -> list[str]:
        read = ["--connect", "attach", "--command", "read32", hex(_DBGMCU_IDCODE)]
        return [*self._words("commander"), *read]


class OpenOcd(Programmer):
    """OpenOCD, with its own description of the board."""

    name = "openocd"

    @classmethod
    def is_installed(cls) -> bool:
        """Tell whether the program is there."""
        return shutil.which("openocd") is not None

    def _script(self, *commands: str) -> list[str]:
        words = ["openocd", "-f", "board/st_nucleo_f7.cfg"]
        if self.serial_number:
            commands = (f"adapter serial {self.serial_number}", *commands)
        for command in (*commands, "shutdown"):
            words += ["-c", command]
        return words

    def _program_commands(self, firmware: Path, image: Path | None) -> list[list[str]]:
        commands = [f"program {_tcl_word(firmware)} verify 0x{FLASH_ADDRESS:08x}"]
        if image is not None:
            commands.append(f"program {_tcl_word(image)} verify 0x{abi.IMAGE_ADDRESS:08x}")
        return [self._script(*commands, "reset run")]

    def _reset_command(self) -> list[str]:
        return self._script("init", "reset run")

    def _idcode_command(self) -> list[str]:
        return self._script("init", f"mdw 0x{_DBGMCU_IDCODE:08x}")


class StFlash(Programmer):
    """st-flash of the open source stlink tools."""

    name = "st-flash"

    @classmethod
    def is_installed(cls) -> bool:
        """Tell whether the program is there, and st-info beside it."""
        return all(shutil.which(program) is not None for program in ("st-flash", "st-info"))

    def _probe(self) -> list[str]:
        return ["--serial", self.serial_number] if self.serial_number else []

    def _program_commands(self, firmware: Path, image: Path | None) -> list[list[str]]:
        pieces = [] if image is None else [(image, abi.IMAGE_ADDRESS)]
        pieces.append((firmware, FLASH_ADDRESS))
        return [
            ["st-flash", *self._probe(), "--reset", "write", str(path), f"0x{address:08x}"]
            for path, address in pieces
        ]

    def _reset_command(self) -> list[str]:
        return ["st-flash", *self._probe(), "reset"]

    def _idcode_command(self) -> list[str]:
        return ["st-info", *self._probe(), "--chipid"]

    def _idcode(self, output: str) -> str | None:
        match = re.search(r"0x(?P<digits>[0-9a-f]{3,8})\b", output.lower())
        return match["digits"] if match else None


#: In the order in which they are tried.
PROGRAMMERS: dict[str, type[Programmer]] = {
    programmer.name: programmer for programmer in (PyOcd, OpenOcd, StFlash)
}


def choose_programmer(serial_number: str, name: str | None = None) -> Programmer:
    """Return the program of a name, or the first that is installed.

    Raises
    ------
    BoardError
        None is installed, or not that one.
    """
    kinds = list(PROGRAMMERS.values()) if name is None else [PROGRAMMERS[name]]
    for kind in kinds:
        if kind.is_installed():
            return kind(serial_number)
    wanted = "none of " + ", ".join(PROGRAMMERS) if name is None else name
    raise BoardError(
        f"to program the board a tool is needed, and {wanted} is installed: "
        f"{MissingExtraError.remedy('nucleo')} brings pyocd, packages of the system the others"
    )


def _tcl_word(path: Path) -> str:
    """Return a path as one word of OpenOCD's script, which reads some words twice.

    Raises
    ------
    BoardError
        The path has a letter that means something in a script.
    """
    word = path.as_posix()
    if re.fullmatch(r"[\w./:+~@, -]+", word) is None:
        raise BoardError(
            f"OpenOCD could read the path {word!r} as a part of its script; name a folder of "
            "letters, digits and ._-+~@, in TMPDIR, or use another program"
        )
    return f"{{{word}}}"


def _tail(output: str) -> str:
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-_SHOWN_LINES:]) or "  (nothing)"
