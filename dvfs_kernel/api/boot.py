"""``dvfs.boot``: any firmware for the chip on the virtual board, and what its serial port says."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.api.arguments.serial_line import DEFAULT_BAUD, serial_line
from dvfs_kernel.boards.emulator.virtual_time import picoseconds
from dvfs_kernel.clocks.pll_lock import TYPICAL
from dvfs_kernel.errors import BoardSilentError, FirmwareFaultError
from dvfs_kernel.storage import rows as tables
from dvfs_kernel.storage.by_content import ByContent
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from dvfs_kernel.api.arguments.quantity import PllLockLike
    from dvfs_kernel.boards.emulator.trace import Tally, Violation
    from dvfs_kernel.boards.virtual import VirtualBoard
    from dvfs_kernel.storage.rows import Row

__all__ = ["BootResult", "BootedBoard", "boot", "booted_board"]

_WALL_LIMIT_S = 60.0
# Between two looks at what is typed: long enough for the engine's pace, short for a person.
_SLICE_S = 0.01


@dataclass(frozen=True, eq=False, repr=False)
class BootResult(ByContent, tables.Tabled):
    """What came of a firmware.

    Parameters
    ----------
    output
        What it sent on its serial port.
    now_s
        Virtual time since its reset.
    violations
        Illegal programming, where the board is lenient; of very much the first thousand.
    violation_count
        How often it was programmed illegally in all.
    notes
        What the devices of the chip have to say, such as that a pin was never set up or a speed is
        not the line's, and how often.
    uart_speed
        What the divider of the serial port gives at the end.
    """

    output: bytes
    now_s: float
    violations: tuple[Violation, ...]
    violation_count: int
    notes: dict[str, int]
    uart_speed: str

    def __repr__(self) -> str:
        return (
            f"<Boot: {len(self.output):,} bytes in {self.now_s * 1e3:.3f} ms, "
            f"{self.violation_count:,} violations>"
        )

    @property
    def text(self) -> str:
        """The output as text; bytes that are none are shown as escapes."""
        return self.output.decode(errors="backslashreplace")

    @property
    def rows(self) -> list[Row]:
        """One row for each illegal programming: its virtual time, the rule, and what it was."""
        return [
            {"time_s": found.time_ps / ds.PS_PER_S, "rule": found.rule, "message": found.message}
            for found in self.violations
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "output": self.text,
            "now_s": self.now_s,
            "violations": self.rows,
            "violation_count": self.violation_count,
            "notes": self.notes,
            "uart_speed": self.uart_speed,
        }

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.text)}</pre>{super()._repr_html_()}"


class BootedBoard:
    """The virtual board with a firmware that runs.

    Parameters
    ----------
    board
        The board; the firmware is in its flash memory and was reset.
    """

    def __init__(self, board: VirtualBoard) -> None:
        self.board = board
        self._begin_s = board.now_s
        self._sent = bytearray()

    def __repr__(self) -> str:
        return f"<Booted board: {self.now_s * 1e3:.3f} ms, {self.board.whereabouts()}>"

    @property
    def now_s(self) -> float:
        """Virtual time since the firmware's reset."""
        return self.board.now_s - self._begin_s

    @property
    def result(self) -> BootResult:
        """What came of the firmware so far, also where a fault has ended it."""
        return BootResult(
            bytes(self._sent),
            self.now_s,
            tuple(self.board.violations()),
            self.board.machine.trace.violation_tally.total,
            self.notes,
            self.board.uart_speed,
        )

    @property
    def warnings(self) -> dict[str, int]:
        """Messages of illegal programming so far, and how often each came."""
        return _told(self.board.machine.trace.violation_tally, "other illegal programming")

    @property
    def notes(self) -> dict[str, int]:
        """What the devices of the chip had to say so far, and how often."""
        return _told(self.board.machine.trace.message_tally, "other notes")

    @property
    def unmodelled(self) -> tuple[str, ...]:
        """What the board's file has and nothing here models: name and type."""
        return self.board.unmodelled

    def run(
        self,
        duration: str | float | None = None,
        *,
        wall_limit: str | float | None = None,
        typed: bytes | Callable[[], bytes] = b"",
        told: Callable[[bytes], object] | None = None,
    ) -> BootResult:
        """Let the firmware run on.

        Parameters
        ----------
        duration
            Virtual time, in seconds or as text such as ``"10ms"``; by default it runs on at the
            pace of the wall clock.
        wall_limit
            Time on this computer, by default 60 s; ``math.inf``: no limit.
        typed
            What goes to the serial port, or what is asked for it now and then.
        told
            Called with what came from the port, as it comes; the result does not repeat it.

        Raises
        ------
        BoardSilentError
            The time on this computer is over.
        FirmwareFaultError
            The firmware ended in a fault; `result` has what it sent before.
        """
        run_s = None if duration is None else quantity.TIME.parse(duration)
        limit_s = _limit_s(wall_limit)
        take = self._sent.extend if told is None else told
        board = self.board
        if isinstance(typed, bytes):
            board.write(typed)
        started_s, begin_s = time.monotonic(), board.now_s
        end_ps = None if run_s is None else board.machine.now_ps + picoseconds(run_s)
        while (left_s := _left_s(board, end_ps)) > 0:
            wall_left_s = limit_s - (time.monotonic() - started_s)
            if wall_left_s <= 0:
                raise BoardSilentError.naming(
                    f"the firmware still runs after {limit_s:g} s on this computer, "
                    f"{board.now_s - begin_s:.3f} s of its own; it is {board.whereabouts()}. "
                    "{duration} ends a run in good order, {wall_limit} allows more"
                )
            while not isinstance(typed, bytes) and (data := typed()):
                board.write(data)
            data = self._read(min(_SLICE_S, left_s), wall_left_s)
            if data:
                take(data)
            if run_s is None:  # a firmware that sleeps would run ahead of the person who types
                ahead_s = (board.now_s - begin_s) - (time.monotonic() - started_s)
                time.sleep(max(ahead_s, 0))
        return self.result

    def _read(self, timeout_s: float, wall_limit_s: float) -> bytes:
        try:
            return self.board.read_within(timeout_s, wall_limit_s)
        except FirmwareFaultError as error:
            if getattr(error, "rule", None) is not None:
                error.advise("this is illegal programming: with {lenient} it is told, and goes on")
            raise


@contextmanager
def booted_board(
    firmware: str | os.PathLike[str],
    *,
    uart: str = "usart3",
    baud: str | int = DEFAULT_BAUD,
    platform: str | os.PathLike[str] | None = None,
    search: Sequence[str | os.PathLike[str]] = (),
    hse: str | float | None = None,
    pll_lock: PllLockLike | None = None,
    lenient: bool = False,
) -> Iterator[BootedBoard]:
    """Boot a firmware on the virtual board; the board is closed behind the block.

    Parameters
    ----------
    firmware
        An ELF file for the STM32F767; it needs to know nothing of this package.
    uart
        The serial port that is read and written.
    baud
        How the terminal on that port is set up: bits a second, or text such as ``"9600,8E1"``. What
        the firmware sends at another speed is misread, as on the bench; ``"any"`` follows it.
    platform
        A board's ``.repl`` file; by default the Nucleo-F767ZI.
    search
        Folders for the files that it uses, such as that of Renode, which has ``platforms/``.
    hse, pll_lock
        As of `dvfs.open_board`.
    lenient
        Report illegal programming, but run on.

    Yields
    ------
    BootedBoard
        The firmware, which has just begun.

    Raises
    ------
    FileFormatError
        The firmware or the description of the board is missing or damaged.
    BoardError
        There is no such serial port.
    QuantityError
        A frequency, a time or the line's setting cannot be read.
    """
    # The engine costs half a second to load.
    from dvfs_kernel.boards.virtual import VirtualBoard

    with VirtualBoard(
        hse_hz=None if hse is None else quantity.FREQUENCY.parse(hse),
        pll_lock=TYPICAL if pll_lock is None else quantity.pll_lock(pll_lock),
        strict=not lenient,
        platform=None if platform is None else Path(platform),
        search=[Path(folder) for folder in search],
        uart=uart,
        line=serial_line(baud),
    ) as board:
        board.flash(Path(firmware))
        board.reset()
        yield BootedBoard(board)


def boot(
    firmware: str | os.PathLike[str],
    *,
    uart: str = "usart3",
    baud: str | int = DEFAULT_BAUD,
    duration: str | float | None = None,
    wall_limit: str | float | None = None,
    platform: str | os.PathLike[str] | None = None,
    search: Sequence[str | os.PathLike[str]] = (),
    hse: str | float | None = None,
    pll_lock: PllLockLike | None = None,
    lenient: bool = False,
    typed: bytes | Callable[[], bytes] = b"",
    told: Callable[[bytes], object] | None = None,
) -> BootResult:
    """Run a firmware on the virtual board, and return what it sent on its serial port.

    Parameters
    ----------
    firmware, uart, baud, platform, search, hse, pll_lock, lenient
        As of `booted_board`, by which one can also talk to the firmware while it runs.
    duration
        Virtual time to run, in seconds or as text such as ``"10ms"``; by default until the
        firmware faults or ``wall_limit`` is reached. On the command line it is ``--for``, which in
        Python is a word of the language.
    wall_limit, typed, told
        As of `BootedBoard.run`.

    Raises
    ------
    BoardSilentError
        The time on this computer is over.
    FirmwareFaultError
        The firmware ended in a fault, or programmed the chip illegally.
    DvfsError
        As of `booted_board`.
    """
    with booted_board(
        firmware,
        uart=uart,
        baud=baud,
        platform=platform,
        search=search,
        hse=hse,
        pll_lock=pll_lock,
        lenient=lenient,
    ) as booted:
        return booted.run(duration, wall_limit=wall_limit, typed=typed, told=told)


def _left_s(board: VirtualBoard, end_ps: int | None) -> float:
    return math.inf if end_ps is None else (end_ps - board.machine.now_ps) / ds.PS_PER_S


def _told(tally: Tally, others: str) -> dict[str, int]:
    """Return how often each text came, and all those that were too many to tell apart as one."""
    return tally.counts | ({others: tally.others} if tally.others else {})


def _limit_s(wall_limit: str | float | None) -> float:
    if wall_limit is None:
        return _WALL_LIMIT_S
    return math.inf if wall_limit == math.inf else quantity.TIME.parse(wall_limit)
