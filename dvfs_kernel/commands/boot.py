"""``dvfs boot``: any firmware for the chip, with its serial port on the terminal."""

from __future__ import annotations

import math
import queue
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dvfs_kernel.commands.parameters import FREQUENCY, PLL_LOCK, TIME
from dvfs_kernel.errors import BoardSilentError

if TYPE_CHECKING:
    from dvfs_kernel.boards.virtual import VirtualBoard

__all__ = ["boot"]

# Between two looks at the terminal: long enough for the engine's pace, short for a person.
_SLICE_S = 0.01
_UNATTENDED_WALL_LIMIT_S = 60.0


@click.command()
@click.argument("firmware", type=click.Path(path_type=Path))
@click.option(
    "--uart",
    is_flag=False,
    flag_value="usart3",
    default="usart3",
    show_default=True,
    help="The port on the terminal.",
)
@click.option("--for", "for_s", type=TIME, help="Virtual time to run; by default until Ctrl-C.")
@click.option(
    "--wall-limit",
    "wall_limit_s",
    type=TIME,
    help="Time on this computer; by default none where a person types, else 60s.",
)
@click.option("--platform", type=click.Path(path_type=Path), help="A board's .repl file.")
@click.option("--hse", type=FREQUENCY, help="HSE of the board, such as 8MHz.")
@click.option("--pll-lock", type=PLL_LOCK, default="typ", help="min, typ, max or microseconds.")
@click.option("--lenient", is_flag=True, help="Report illegal programming, but run on.")
def boot(
    *,
    firmware: Path,
    uart: str,
    for_s: float | None,
    wall_limit_s: float | None,
    platform: Path | None,
    hse: float | None,
    pll_lock: str | float,
    lenient: bool,
) -> None:
    """Run FIRMWARE, an ELF file for the STM32F767, on the virtual board.

    What it sends on its serial port appears on standard output, and standard input goes to the
    port. Ends with exit code 0 after --for, and with 1 and a report where the firmware faults or a
    limit is reached.
    """
    from dvfs_kernel.boards.virtual import VirtualBoard  # noqa: PLC0415  the engine loads slowly

    with VirtualBoard(
        hse_hz=None if hse is None else int(hse),
        pll_lock=pll_lock,
        strict=not lenient,
        platform=platform,
        uart=uart,
    ) as board:
        board.flash(firmware)
        board.reset()
        try:
            _exchange(board, for_s, wall_limit_s or _default_wall_limit_s())
        finally:
            if lenient:  # a strict run ends with the first one as its error
                found = Counter(violation.message for violation in board.violations())
                for message, count in found.items():
                    click.echo(f"warning: {message} ({count} times)", err=True)


def _default_wall_limit_s() -> float:
    """Return no limit for a person, who can press Ctrl-C; a script would hang for good."""
    return math.inf if sys.stdin.isatty() else _UNATTENDED_WALL_LIMIT_S


def _exchange(board: VirtualBoard, for_s: float | None, wall_limit_s: float) -> None:
    """Pass bytes between terminal and firmware until the time is over."""
    typed: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_terminal, args=(typed,), daemon=True).start()
    started_s, begin_s = time.monotonic(), board.now_s
    while (left_s := _left_s(board.now_s - begin_s, for_s)) > 0:
        if time.monotonic() - started_s >= wall_limit_s:
            raise BoardSilentError(
                f"the firmware still runs after {wall_limit_s:g} s on this computer, "
                f"{board.now_s - begin_s:.3f} s of its own; it is {board.whereabouts()}. "
                "--for ends a run in good order, --wall-limit allows more"
            )
        while not typed.empty():
            board.write(typed.get())
        data = board.read(min(_SLICE_S, left_s))
        if data:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        if for_s is None:  # a firmware that sleeps would run ahead of the person who types
            ahead_s = (board.now_s - begin_s) - (time.monotonic() - started_s)
            time.sleep(max(ahead_s, 0))


def _left_s(elapsed_s: float, for_s: float | None) -> float:
    return _SLICE_S if for_s is None else for_s - elapsed_s


def _read_terminal(typed: queue.SimpleQueue[bytes]) -> None:
    # The unbuffered stream: a lock on the buffered one would be held when the process ends.
    stream = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    while data := stream.read(4096):
        typed.put(data)
