"""``dvfs boot``: any firmware for the chip, with its serial port on the terminal."""

from __future__ import annotations

import math
import queue
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import dvfs_kernel as dvfs
from dvfs_kernel.commands.command import Command
from dvfs_kernel.commands.parameters import FREQUENCY, SERIAL_LINE, TIME, with_pll_lock

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["boot"]


@click.command(cls=Command, talks=True)
@click.argument("firmware", type=click.Path(path_type=Path))
@click.option(
    "--uart",
    is_flag=False,
    flag_value="usart3",
    default="usart3",
    show_default=True,
    help="The port on the terminal.",
)
@click.option(
    "--baud",
    type=SERIAL_LINE,
    default=115_200,
    show_default=True,
    help="What the terminal on the port is set to, such as 9600 or 9600,8E1; any: it follows.",
)
@click.option("--for", "duration", type=TIME, help="Virtual time to run; by default until Ctrl-C.")
@click.option(
    "--wall-limit",
    type=TIME,
    help="Time on this computer; by default none where a person types, else 60s.",
)
@click.option("--platform", type=click.Path(path_type=Path), help="A board's .repl file.")
@click.option(
    "--search",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder for the files that the .repl uses; more than once: several.",
)
@click.option("--hse", type=FREQUENCY, help="HSE of the board, such as 8MHz.")
@with_pll_lock
@click.option("--lenient", is_flag=True, help="Report illegal programming, but run on.")
def boot(
    *, firmware: Path, duration: float | None, wall_limit: float | None, **arguments: Any
) -> None:
    """Run FIRMWARE, an ELF file for the STM32F767, on the virtual board.

    What it sends on its serial port appears on standard output, and standard input goes to the
    port. Ends with exit code 0 after --for, and with 1 and a report where the firmware faults or a
    limit is reached.
    """
    with dvfs.booted_board(firmware, **arguments) as booted:
        if booted.unmodelled:
            click.echo(f"note: without a model here: {', '.join(booted.unmodelled)}", err=True)
        try:
            booted.run(
                duration,
                wall_limit=_default_wall_limit() if wall_limit is None else wall_limit,
                typed=_terminal(),
                told=_show,
            )
        finally:
            for message, count in booted.notes.items():
                click.echo(f"note: {message} ({count} times)", err=True)
            if arguments["lenient"]:  # a strict run ends with the first one as its error
                for message, count in booted.warnings.items():
                    click.echo(f"warning: {message} ({count} times)", err=True)


def _default_wall_limit() -> float | None:
    """Return no limit for a person, who can press Ctrl-C; a script would hang for good."""
    return math.inf if sys.stdin.isatty() else None


def _show(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _terminal() -> Callable[[], bytes]:
    """Read the terminal from now on; return what tells a piece of what was typed, if any."""
    typed: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()
    threading.Thread(target=_read_terminal, args=(typed,), daemon=True).start()

    def take() -> bytes:
        piece = b"" if typed.empty() else typed.get()
        if isinstance(piece, OSError):
            raise click.ClickException(f"standard input cannot be read: {piece}") from piece
        if isinstance(piece, BaseException):
            raise piece
        return piece

    return take


def _read_terminal(typed: queue.SimpleQueue[bytes | BaseException]) -> None:
    try:
        # The unbuffered stream: a lock on the buffered one would be held when the process ends.
        stream = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        while data := stream.read(4096):
            typed.put(data)
    except BaseException as error:  # noqa: BLE001  raised again in the thread that takes
        typed.put(error)
