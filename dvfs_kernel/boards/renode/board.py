"""The Nucleo-F767ZI on Renode, in this process, behind the interface of a board."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from dvfs_kernel.boards.base import Board, Emulation
from dvfs_kernel.boards.emulator.elf import Executable, SymbolTable
from dvfs_kernel.boards.emulator.interrupt import deferred_interrupt
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.boards.emulator.trace import ClockChange, MarkerWrite, Trace, Violation
from dvfs_kernel.boards.renode.cost_table import CostTableSource
from dvfs_kernel.boards.renode.engine import RenodeMachine
from dvfs_kernel.boards.trace_log import TraceLog
from dvfs_kernel.boards.virtual import NUCLEO_F767ZI, VirtualBoard
from dvfs_kernel.clocks.pll_lock import TYPICAL, PllLock
from dvfs_kernel.errors import BoardError, BoardSilentError, FirmwareFaultError
from dvfs_kernel.link import abi
from dvfs_kernel.storage.atomic_file import write_atomically
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dvfs_kernel.boards.ground_truth import GroundTruth

__all__ = ["Fidelity", "RenodeBoard"]

Fidelity = Literal["fast", "cycles"]

# Beside the instruction's own, of an access to a device: most are on an APB.
_ACCESS_CYCLES = TimingParameters().ahb_read_cycles + TimingParameters().apb_cycles
# Renode runs in pieces; bytes are looked for between them. A reply comes within the first pieces,
# an inference fills the last ones.
_PIECE_FIRST_S = 200e-6
_PIECE_MOST_S = 5e-3
_PIECE_GROWTH = 1.5
# Renode's clock moves in steps: a wait for less would come to its end in thousands of pieces.
_PIECE_LEAST_S = 1e-6
_GATHER_S = 200e-6
_GATHERED_MOST = 2000


class _State(NamedTuple):
    """What the channel tells of the core."""

    time_ps: int
    instructions: int
    cycles: int
    energy_j: float
    pc: int


class RenodeBoard(Board):
    """A board on Renode; its time is virtual and the same in every run.

    Only one can be open in a process.

    Parameters
    ----------
    fidelity
        ``"fast"``: every instruction takes the same mean number of cycles. ``"cycles"``: stretches
        between two markers take what they take on the embedded engine, which runs the same first.
    hse_hz, pll_lock, strict, wall_limit_s
        As of `VirtualBoard`.
    platform
        A board's ``.repl`` file.

    Raises
    ------
    RenodeUnavailableError
        Renode or pyrenode3 is not there.
    BoardError
        A Renode board is open already, or the level is unknown.
    """

    name = "renode"

    def __init__(
        self,
        *,
        fidelity: Fidelity = "fast",
        hse_hz: int | None = None,
        pll_lock: PllLock = TYPICAL,
        strict: bool = True,
        platform: Path | None = None,
        wall_limit_s: float = 60.0,
    ) -> None:
        if fidelity not in get_args(Fidelity):
            raise BoardError(
                f"fidelity {fidelity!r} is unknown; allowed: {', '.join(get_args(Fidelity))}"
            )
        repl = (platform or NUCLEO_F767ZI).resolve()
        if not repl.is_file():
            raise BoardError(f"the platform description {repl} does not exist")
        self._machine = RenodeMachine(
            {
                "repl": f"{repl}",
                "hse": hse_hz or 0,
                "pll_lock": str(pll_lock),
                "cycles": "",
                "access": _ACCESS_CYCLES,
                # A byte on the paced line costs a millisecond of the host.
                "serial": "stock",
                # Renode would run at a sixth of its speed.
                "mpu": "off",
            }
        )
        self._costs: CostTableSource | None = None
        self.fidelity: Fidelity = fidelity
        self._strict = strict
        self._wall_limit_s = wall_limit_s
        self._wall_s = 0.0
        self._symbols = SymbolTable()
        self._log = TraceLog()
        self._received = bytearray()
        self._ending: FirmwareFaultError | None = None
        self._watcher: Callable[[int], None] | None = None
        self._layers = self._watched_from = 0
        try:
            if fidelity == "cycles":
                self._costs = CostTableSource(
                    VirtualBoard(
                        hse_hz=hse_hz,
                        pll_lock=pll_lock,
                        strict=strict,
                        platform=platform,
                        wall_limit_s=wall_limit_s,
                    )
                )
            self._machine.ask("strict", "1" if strict else "0")
            self._started_ps = self._state().time_ps
        except BaseException:
            self.close()  # else no further one could be opened in this process
            raise

    def _state(self) -> _State:
        time_ps, instructions, cycles, energy_j, pc = self._machine.ask("state").split()
        return _State(int(time_ps), int(instructions), int(cycles), float(energy_j), int(pc))

    # ---- the board -------------------------------------------------------------------------------

    def flash(self, elf: Path | bytes, image: bytes | None = None) -> None:
        """Put the firmware and the data image into flash memory."""
        if image is not None and len(image) > abi.IMAGE_BYTES_MAX:
            raise BoardError(
                f"the data image has {len(image)} bytes; flash memory takes {abi.IMAGE_BYTES_MAX}"
            )
        executable = Executable.read(elf)
        with tempfile.TemporaryDirectory(prefix="dvfs-renode-") as folder:
            path = Path(folder) / "firmware.elf"
            write_atomically(path, elf if isinstance(elf, bytes) else elf.read_bytes())
            self._machine.load_elf(path)
        if image is not None:
            self._write_file(image, abi.IMAGE_ADDRESS)
        self._symbols = executable.symbols
        if self._costs is not None:
            self._costs.board.flash(elf, image)

    def reset(self) -> None:
        """Start the firmware from its reset vector."""
        self._machine.reset("pin")
        self._received.clear()
        self._ending = None
        self._log.clear()
        self._layers = 0
        if self._costs is not None:
            self._costs.reset()

    def write(self, data: bytes) -> None:
        """Send bytes to USART3 at the pace of the line."""
        self._machine.ask("receive", data.hex())
        if self._costs is not None:
            self._costs.board.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Run Renode until bytes come or the virtual time has passed.

        Raises
        ------
        FirmwareFaultError
            The core was halted: by illegal programming, or by Renode.
        BoardSilentError
            The host's time limit passed before the virtual one.
        """
        if self._ending is not None:
            ending, self._ending = self._ending, None
            raise ending
        started = time.perf_counter()
        try:
            # The embedded engine, which makes the table, looks after Ctrl-C itself.
            if self._costs is not None and not self._received:
                rows = self._costs.read(timeout_s)
                if rows:
                    self._machine.ask("table", rows)
            with deferred_interrupt() as interrupt:
                self._run(timeout_s, lambda: interrupt.pending)
        finally:
            self._wall_s += time.perf_counter() - started
        data = bytes(self._received)
        self._received.clear()
        return data

    def write_memory(self, address: int, data: bytes) -> bool:
        """Put bytes into memory, as a debugger does."""
        self._write_file(data, address)
        if self._costs is not None:
            self._costs.board.write_memory(address, data)
        return True

    def _write_file(self, data: bytes, address: int) -> None:
        with tempfile.TemporaryDirectory(prefix="dvfs-renode-") as folder:
            path = Path(folder) / "data.bin"
            write_atomically(path, data)
            self._machine.load_binary(path, address)

    def _run(self, timeout_s: float, interrupted: Callable[[], bool]) -> None:
        started = time.perf_counter()
        piece_s = _PIECE_FIRST_S
        end_s = self.now_s + timeout_s
        while not self._received and not interrupted() and (left_s := end_s - self.now_s) > 0:
            self._machine.run_for(max(min(piece_s, left_s), _PIECE_LEAST_S))
            piece_s = min(piece_s * _PIECE_GROWTH, _PIECE_MOST_S)
            if self._look():
                started = time.perf_counter()
            if time.perf_counter() - started > self._wall_limit_s:
                raise BoardSilentError(
                    f"the board on Renode sent nothing for {self._wall_limit_s:g} s of the host's "
                    f"time; it is {self.whereabouts()}"
                )
        before = 0
        while before < len(self._received) < _GATHERED_MOST and self._ending is None:
            before = len(self._received)
            self._machine.run_for(_GATHER_S)
            self._look()

    def _look(self) -> bool:
        """Take what was sent, and tell whether a layer has begun."""
        layers, data, fatal = self._machine.ask("sent").split(" ", 2)
        if data != "-":
            self._received += bytes.fromhex(data)
        progressed = int(layers) != self._layers
        self._layers = int(layers)
        if progressed and self._watcher is not None:
            self._watcher(self._layers - self._watched_from)
        if fatal:
            error = FirmwareFaultError(self._describe(fatal))
            if not self._received:
                raise error
            self._ending = error  # what the firmware sent before comes first
        return progressed

    def _describe(self, fatal: str) -> str:
        logged = self._machine.errors()
        return f"{fatal}; the core is {self.whereabouts()}" + (
            f"; Renode's log: {logged}" if logged and fatal not in logged else ""
        )

    def watch_layers(self, callback: Callable[[int], None]) -> None:
        """Call something with the number of layers begun from now on."""
        self._watcher = callback
        self._watched_from = self._layers

    @property
    def now_s(self) -> float:
        """Virtual time since the board was made."""
        return (self._state().time_ps - self._started_ps) / ds.PS_PER_S

    @property
    def hse_hz(self) -> int:
        """Frequency of the HSE, 0 for a board without one."""
        return int(self._machine.ask("hse"))

    @property
    def machine(self) -> RenodeMachine:
        """Renode's machine, for those who ask its channel more."""
        return self._machine

    def close(self) -> None:
        """Remove the machine from Renode."""
        self._machine.close()
        if self._costs is not None:
            self._costs.board.close()

    # ---- what is known of it ---------------------------------------------------------------------

    def whereabouts(self) -> str:
        """Tell where the core is."""
        address = self._state().pc
        name = self.function_at(address)
        return f"at 0x{address:08X}" + (f" ({name})" if name else "")

    def function_at(self, address: int) -> str | None:
        """Name the firmware's function at an address."""
        return self._symbols.function_at(address & ~1)

    def violations(self) -> list[Violation]:
        """Return illegal programming since the board was made, where the board is not strict."""
        lines = self._machine.ask("violations").splitlines()
        fields = (line.split(" ", 2) for line in lines)
        return [Violation(int(time_ps), rule, message) for time_ps, rule, message in fields]

    def emulation(self) -> Emulation:
        """Tell what the emulation took since the board was made, cost tables included."""
        return Emulation(self._state().instructions, self._wall_s)

    @property
    def unknown_pieces(self) -> int:
        """How many pieces of stretches the embedded engine's table did not know, at `cycles`."""
        return int(self._machine.ask("missed"))

    def record_traffic(self, devices: Iterable[str]) -> None:
        """Record accesses to device models, by their names in the description, from now on."""
        self._machine.ask("record", " ".join(devices))

    def traffic(self) -> list[str]:
        """Return what was recorded, as `renode_platform.devices.traffic` writes it."""
        return self._machine.ask("traffic").splitlines()

    def ground_truth(self) -> GroundTruth:
        """Return what happened since reset; of very many inferences the last ones."""
        trace = Trace()
        for line in self._machine.ask("clocks").splitlines():
            time_ps, cycles, energy_j, sysclk_hz, source, current_a = line.split()
            trace.clock_changes.append(
                ClockChange(
                    int(time_ps),
                    int(cycles),
                    float(energy_j),
                    None,
                    int(sysclk_hz),
                    source,
                    float(current_a),
                )
            )
        for line in self._machine.ask("markers").splitlines():
            time_ps, cycles, energy_j, odr, instructions = line.split()
            trace.markers.append(
                MarkerWrite(
                    int(time_ps), int(cycles), float(energy_j), int(instructions), None, int(odr)
                )
            )
        self._log.take(trace)
        now = self._state()
        return self._log.ground_truth(now.energy_j, now.instructions)
