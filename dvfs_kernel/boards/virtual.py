"""The virtual Nucleo-F767ZI: the embedded engine behind the interface of a board."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import renode_platform
from dvfs_kernel.boards.base import Board, Emulation
from dvfs_kernel.boards.board_profile import BoardProfile
from dvfs_kernel.boards.emulator.machine import Machine, MachineOptions, StopReason
from dvfs_kernel.boards.emulator.repl import PlatformDescription
from dvfs_kernel.boards.emulator.virtual_time import picoseconds
from dvfs_kernel.boards.trace_log import TraceLog
from dvfs_kernel.clocks.pll_lock import TYPICAL, PllLock
from dvfs_kernel.errors import (
    BoardError,
    BoardSilentError,
    FirmwareFaultError,
)
from dvfs_kernel.link import abi
from renode_platform.devices import datasheet as ds
from renode_platform.devices.traffic import TrafficLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
    from dvfs_kernel.boards.emulator.trace import Violation
    from dvfs_kernel.boards.ground_truth import GroundTruth
    from renode_platform.devices.serial_line import FrameFormat

__all__ = ["NUCLEO_F767ZI", "VirtualBoard"]

#: The description of the board, as Renode reads it too.
NUCLEO_F767ZI = Path(renode_platform.__file__).with_name("nucleo_f767zi.repl")

# How far to run on for the rest of a frame once its first byte is there: bytes come one by one.
_GATHER_S = 200e-6
# A firmware that never stops talking has to be listened to in pieces.
_GATHERED_MOST = 2000


class VirtualBoard(Board):
    """A board that needs no hardware; its time is virtual and the same in every run.

    Parameters
    ----------
    hse_hz
        Frequency of the HSE; by default what the board description says.
    pll_lock
        Lock latency of the PLL; by default what was measured on the chip.
    strict
        Whether programming that the reference manual forbids ends the run.
    timing
        Parameters of the timing model; by default those of the profile.
    profile
        What stands in place of the package's parameters.
    wall_limit_s
        How long a single `read` may take on the host's clock without a layer or segment beginning.
    platform
        A board's ``.repl`` file; by default the Nucleo-F767ZI with a 50 MHz clock.
    search
        Folders for the files that it uses, such as that of Renode.
    uart
        The serial port that `write` and `read` talk to.
    line
        How the other end of the serial lines is set up; by default as the firmware's port always.

    Raises
    ------
    PlatformDescriptionError
        The file is missing, damaged, or lacks a part that the board cannot do without.
    BoardError
        There is no such serial port.
    """

    name = "virtual"

    def __init__(
        self,
        *,
        hse_hz: int | None = None,
        pll_lock: PllLock = TYPICAL,
        strict: bool = True,
        platform: Path | None = None,
        search: Sequence[Path] = (),
        uart: str = "usart3",
        line: FrameFormat | None = None,
        timing: TimingParameters | None = None,
        profile: BoardProfile | None = None,
        wall_limit_s: float = 60.0,
    ) -> None:
        profile = profile or BoardProfile()
        options = MachineOptions(
            hse_hz=hse_hz,
            strict=strict,
            pll_lock=pll_lock.which,
            timing=timing or profile.timing_parameters(),
            current=profile.current,
            line=line,
        )
        platform = platform or NUCLEO_F767ZI
        description = PlatformDescription.load(platform, search)
        self._machine: Machine | None = Machine(description, options)
        self._wall_limit_s = wall_limit_s
        self._wall_s = 0.0
        self._instructions_before = 0
        self._watcher: Callable[[int], None] | None = None
        self._watched_from = 0
        self._progressed = False
        self._ending: FirmwareFaultError | BoardSilentError | None = None
        self._log = TraceLog()
        self._traffic = TrafficLog()
        self._received = bytearray()
        self._uart = self._machine.uart(uart)
        self._uart.on_bytes(self._received.extend)

    @property
    def machine(self) -> Machine:
        """The engine; BoardError after `close`."""
        if self._machine is None:
            raise BoardError("the virtual board is closed; make a new one")
        return self._machine

    @property
    def hse_hz(self) -> int:
        """Frequency of the HSE, 0 for a board without one."""
        return int(self.machine.devices.rcc.hse_hz)

    @property
    def unmodelled(self) -> tuple[str, ...]:
        """What the board's file has and nothing here models: name and type."""
        return self.machine.unmodelled

    def flash(self, elf: Path | bytes, image: bytes | None = None) -> None:
        """Put the firmware and the data image into flash memory.

        Raises
        ------
        FileFormatError
            The firmware is no ELF file for the chip, or leaves the vector table empty.
        BoardError
            It lies outside the chip's memories, or the image is too large.
        """
        if image is not None and len(image) > abi.IMAGE_BYTES_MAX:
            raise BoardError(
                f"the data image has {len(image)} bytes; flash memory takes {abi.IMAGE_BYTES_MAX}"
            )
        self.machine.load_elf(elf)
        self.machine.check_vectors()
        if image is not None:
            self.machine.write_memory(abi.IMAGE_ADDRESS, image)

    def reset(self) -> None:
        """Start the firmware from its reset vector."""
        self._received.clear()
        self._ending = None
        self._instructions_before += self.machine.counters.instructions
        self.machine.trace.clear()
        self._log.clear()
        self.machine.reset()

    def write(self, data: bytes) -> None:
        """Send bytes to USART3 at the pace of the line."""
        self._uart.write(data)

    def write_memory(self, address: int, data: bytes) -> bool:
        """Write memory as a debugger does; the model's caches have no data of their own."""
        self.machine.write_memory(address, data)
        return True

    def read_memory(self, address: int, length: int) -> bytes:
        """Read memory as a debugger does."""
        return self.machine.read_memory(address, length)

    def read(self, timeout_s: float) -> bytes:
        """Run the machine until bytes come or the virtual time has passed.

        Raises
        ------
        FirmwareFaultError
            The firmware locked up, ran away or programmed the chip illegally.
        BoardSilentError
            The host's time limit passed before the virtual one.
        """
        self._raise_ending()
        try:
            if not self._received and timeout_s > 0:
                self._run(timeout_s, self._look)
            before = 0
            while before < len(self._received) < _GATHERED_MOST:
                before = len(self._received)
                self._run(_GATHER_S)
        except (FirmwareFaultError, BoardSilentError) as error:
            if not self._received:
                raise
            self._ending = error  # what the firmware sent before comes first
        return self._take()

    def read_within(self, timeout_s: float, wall_limit_s: float) -> bytes:
        """Return bytes as soon as there are any, or none where either time has passed.

        Parameters
        ----------
        timeout_s
            Virtual time to wait; the machine runs on for all of it where nothing comes.
        wall_limit_s
            Time on the host's clock to wait, whatever the firmware does.

        Raises
        ------
        FirmwareFaultError
            As of `read`.
        """
        self._raise_ending()
        started = time.perf_counter()
        try:
            self.machine.run(timeout_s, self._look, wall_limit_s)
        except FirmwareFaultError as error:
            if not self._received:
                raise
            self._ending = error
        finally:
            self._wall_s += time.perf_counter() - started
        return self._take()

    def _raise_ending(self) -> None:
        if self._ending is not None:
            ending, self._ending = self._ending, None
            raise ending

    def _take(self) -> bytes:
        data = bytes(self._received)
        self._received.clear()
        return data

    def _look(self) -> bool:
        """Take what was logged, and tell whether bytes have come."""
        if self._log.take(self.machine.trace):
            self._progressed = True
            if self._watcher is not None:
                self._watcher(self._log.layers_begun - self._watched_from)
        return bool(self._received)

    def watch_layers(self, callback: Callable[[int], None]) -> None:
        """Call something with the number of layers begun from now on."""
        self._watcher = callback
        self._watched_from = self._log.layers_begun

    def _run(self, for_s: float, until: Callable[[], bool] | None = None) -> None:
        """Run for a time; the host's limit begins anew wherever a layer or segment begins."""
        started = time.perf_counter()
        end_ps = self.machine.now_ps + picoseconds(for_s)
        try:
            reason = StopReason.WALL_LIMIT
            self._progressed = True
            while reason is StopReason.WALL_LIMIT and self._progressed:
                self._progressed = False
                left_s = (end_ps - self.machine.now_ps) / ds.PS_PER_S
                reason = self.machine.run(left_s, until, self._wall_limit_s)
        finally:
            self._wall_s += time.perf_counter() - started
        if reason is StopReason.WALL_LIMIT:
            raise BoardSilentError(
                f"the virtual board sent nothing for {self._wall_limit_s:g} s of the host's time; "
                f"it is {self.whereabouts()}"
            )

    @property
    def now_s(self) -> float:
        """Virtual time since the board was made."""
        return self.machine.now_ps / ds.PS_PER_S

    def close(self) -> None:
        """Let the engine and its memories go."""
        self._machine = None

    @property
    def uart_speed(self) -> str:
        """What the divider of the serial port gives at the moment."""
        return self._uart.speed

    def whereabouts(self) -> str:
        """Tell where the core is, and whether it sleeps."""
        return self.machine.whereabouts()

    def function_at(self, address: int) -> str | None:
        """Name the firmware's function at an address."""
        return self.machine.function_at(address)

    def violations(self) -> list[Violation]:
        """Illegal programming since reset, where the board is not strict; the first thousand."""
        return list(self.machine.trace.violations)

    def record_traffic(self, devices: Iterable[str]) -> None:
        """Record accesses to device models, by their names in the description, from now on."""
        self._traffic.clear()
        for name in devices:
            _, _, device = self.machine.devices.devices[name]
            self._traffic.watch(name, device)

    def traffic(self) -> list[str]:
        """Return what was recorded, as `renode_platform.devices.traffic` writes it."""
        return list(self._traffic.lines)

    def emulation(self) -> Emulation:
        """Tell what the emulation took since the board was made."""
        instructions = self._instructions_before + self.machine.counters.instructions
        return Emulation(instructions, self._wall_s)

    def ground_truth(self) -> GroundTruth:
        """Return what happened since reset; of very many inferences the last ones."""
        self._log.take(self.machine.trace)
        return self._log.ground_truth(self.machine.energy_j, self.machine.counters.instructions)
