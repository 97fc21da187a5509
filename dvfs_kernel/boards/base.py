"""What every board can do, virtual or real."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from dvfs_kernel.boards.ground_truth import GroundTruth

__all__ = ["Board", "Emulation"]


@dataclass(frozen=True)
class Emulation:
    """What the emulation itself took.

    Parameters
    ----------
    instructions
        Guest instructions executed.
    wall_s
        Time of the host that the engine ran for.
    """

    instructions: int
    wall_s: float

    def __add__(self, further: Emulation) -> Emulation:
        return Emulation(self.instructions + further.instructions, self.wall_s + further.wall_s)

    def __sub__(self, earlier: Emulation) -> Emulation:
        return Emulation(self.instructions - earlier.instructions, self.wall_s - earlier.wall_s)

    @property
    def mips(self) -> float:
        """Million guest instructions a second of the host."""
        return self.instructions / self.wall_s / 1e6 if self.wall_s else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values; times differ from run to run."""
        return {"instructions": self.instructions, "wall_s": self.wall_s, "mips": self.mips}


class Board(ABC):
    """A board with the firmware's flash memory, a reset line and a serial port.

    Everything else (sessions, inference, exploration) is built on these few calls, so a physical
    board is one more transport and not a special case. A board is a context manager that closes
    itself.
    """

    #: What the board is called in reports and on the command line.
    name: str
    #: How long a reply may take, beside the time that its bytes need on the line.
    reply_timeout_s: float = 0.5

    @abstractmethod
    def flash(self, elf: Path | bytes, image: bytes | None = None) -> None:
        """Put the firmware, and the data image at ``abi.IMAGE_ADDRESS``, into flash memory.

        Raises
        ------
        FileFormatError
            The firmware is not an ELF file for this chip.
        BoardError
            Flash memory cannot be written or does not take the bytes.
        """

    @abstractmethod
    def reset(self) -> None:
        """Start the firmware from its reset vector; bytes still on the line are lost."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Send bytes to the firmware's serial port."""

    @abstractmethod
    def read(self, timeout_s: float) -> bytes:
        """Return bytes that the firmware sent, as soon as there are any.

        Parameters
        ----------
        timeout_s
            How long to wait, in the board's own time.

        Returns
        -------
        bytes
            Empty where nothing came in time.
        """

    @property
    def identity(self) -> str:
        """What tells this board from others of its kind; empty where nothing does."""
        return ""

    @property
    @abstractmethod
    def hse_hz(self) -> int:
        """Frequency of the board's HSE, 0 for a board without one."""

    @property
    @abstractmethod
    def now_s(self) -> float:
        """The board's own time since some fixed moment."""

    @abstractmethod
    def close(self) -> None:
        """Give the board back; it cannot be used any more."""

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write RAM through a debug port; False where the board has none in use.

        The core reads what was written, whatever its data cache holds, and neither its time nor
        its counters nor its caches change. A board has no such port in use where it goes past the
        data cache: that of a Cortex-M7 looks accesses up there if they are marked as cacheable.
        """
        del address, data
        return False

    def read_memory(self, address: int, length: int) -> bytes | None:
        """Read RAM through a debug port; None where the board has none in use.

        What the core would read, written back or not; otherwise as `write_memory`.
        """
        del address, length
        return None

    def ground_truth(self) -> GroundTruth | None:
        """Return what really happened since reset; None where a board cannot know."""
        return None

    def emulation(self) -> Emulation | None:
        """Tell what emulating took since the board was made; None where nothing is emulated."""
        return None

    def watch_layers(self, callback: Callable[[int], None]) -> None:
        """Call something with the number of layers begun from now on, where a board can know."""
        del callback

    def watch_transfers(self, callback: Callable[[str, int, int], None]) -> None:
        """Call something with (what, done, total) while `flash` sends what takes long."""
        del callback

    def whereabouts(self) -> str:
        """Tell where the firmware is, for messages; empty where a board cannot know."""
        return ""

    def function_at(self, address: int) -> str | None:
        """Name the firmware's function at an address, from the ELF that was flashed."""
        del address
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
