"""The virtual Nucleo-F767ZI: the embedded engine behind the interface of a board."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvfs_kernel import abi
from dvfs_kernel.boards.base import Board
from dvfs_kernel.emulator.machine import Machine, MachineOptions
from dvfs_kernel.emulator.repl import PlatformDescription
from dvfs_kernel.errors import BoardError, BoardSilentError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Emulation", "VirtualBoard"]


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

    @property
    def mips(self) -> float:
        """Million guest instructions a second of the host."""
        return self.instructions / self.wall_s / 1e6 if self.wall_s else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values; they differ from run to run."""
        return {"instructions": self.instructions, "wall_s": self.wall_s, "mips": self.mips}


class VirtualBoard(Board):
    """A board that needs no hardware; its time is virtual and the same in every run.

    Parameters
    ----------
    hse_hz
        Frequency of the HSE; by default what the board description says.
    pll_lock
        Lock latency of the PLL: ``"min"``, ``"typ"`` or ``"max"`` of the data sheet, or seconds.
    strict
        Whether programming that the reference manual forbids ends the run.
    wall_limit_s
        How long a single `read` may take on the host's clock.
    progress
        Told how many layers of an inference have begun.
    """

    name = "virtual"

    def __init__(
        self,
        *,
        hse_hz: int | None = None,
        pll_lock: str | float = "typ",
        strict: bool = True,
        platform: Path | None = None,
        wall_limit_s: float = 120.0,
    ) -> None:
        description = PlatformDescription.load(platform or PlatformDescription.NUCLEO_F767ZI)
        options = MachineOptions(hse_hz=hse_hz, strict=strict, pll_lock=pll_lock)
        self.machine = Machine(description, options)
        self._wall_limit_s = wall_limit_s
        self._wall_s = 0.0
        self._received = bytearray()
        self._uart = self.machine.uart("usart3")
        self._uart.on_bytes(self._received.extend)
        self._open = True

    def flash(self, elf: Path | bytes, image: bytes | None = None) -> None:
        """Put the firmware and the data image into flash memory."""
        if image is not None and len(image) > abi.IMAGE_BYTES_MAX:
            raise BoardError(
                f"the data image has {len(image)} bytes; flash memory takes {abi.IMAGE_BYTES_MAX}"
            )
        self.machine.load_elf(elf)
        if image is not None:
            self.machine.write_memory(abi.IMAGE_ADDRESS, image)

    def reset(self) -> None:
        """Start the firmware from its reset vector."""
        self._received.clear()
        self.machine.reset()

    def write(self, data: bytes) -> None:
        """Send bytes to USART3 at the pace of the line."""
        self._uart.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Run the machine until bytes come or the virtual time has passed.

        Raises
        ------
        FirmwareFaultError
            The firmware locked up, ran away or programmed the chip illegally.
        BoardSilentError
            The host's time limit passed before the virtual one.
        """
        if not self._received and timeout_s > 0:
            self._run(timeout_s)
        data = bytes(self._received)
        self._received.clear()
        return data

    def _run(self, timeout_s: float) -> None:
        started = time.perf_counter()
        try:
            reason = self.machine.run(
                for_s=timeout_s,
                until=lambda: bool(self._received),
                wall_limit_s=self._wall_limit_s,
            )
        finally:
            self._wall_s += time.perf_counter() - started
        if reason == "wall limit":
            raise BoardSilentError(
                f"the virtual board sent nothing for {self._wall_limit_s:g} s of the host's time; "
                f"it is {self.whereabouts()}"
            )

    @property
    def now_s(self) -> float:
        """Virtual time since the board was made."""
        return self.machine.now_ps * 1e-12
