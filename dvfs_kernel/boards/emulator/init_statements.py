"""The few statements for Renode's monitor that a description may have here: what memory holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dvfs_kernel.boards.emulator.repl_text import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dvfs_kernel.boards.emulator.memory import Memory
    from dvfs_kernel.boards.emulator.repl import Peripheral
    from dvfs_kernel.boards.emulator.repl_text import Statement

__all__ = ["is_worked_out", "write_bus", "write_memory"]

_WRITES: Final = {"WriteByte": 1, "WriteWord": 2, "WriteDoubleWord": 4, "WriteQuadWord": 8}
# They tell Renode's log what a missing device is called, and nothing else.
_LABELS: Final = {
    "Tag": re.compile(r'<\s*\w+\s*[, ]\s*\w+\s*>\s*("[^"]*"|\'[^\']*\')(\s+\w+)*'),
    "ApplySVD": re.compile(r"@\S+"),
}
_NUMBER: Final = re.compile(r"0x[0-9A-Fa-f]{1,16}|[0-9]{1,20}")
_SHOWN: Final = 80
_WORKED_OUT: Final = re.compile(rf"(?:{'|'.join(_WRITES)})\s+(?:{_NUMBER.pattern})\s+`[^`]*`")


def is_worked_out(statement: Statement) -> bool:
    """Tell whether a statement writes what Renode's Python works out, in backticks.

    Renode's own files fill the chip's unique identity with random numbers by such statements.
    """
    return _WORKED_OUT.fullmatch(statement) is not None


def write_memory(memory: Memory, statements: Iterable[Statement]) -> None:
    """Carry out what a memory's ``init`` section says, at offsets in the memory.

    Raises
    ------
    PlatformDescriptionError
        A statement is of another kind, or writes beside the memory.
    """

    def locate(offset: int, size: int) -> tuple[Memory, int] | None:
        return (memory, offset) if offset + size <= memory.size else None

    for statement in statements:
        _write(statement, locate, f"an offset within the {memory.size:#x} bytes of the memory")


def write_bus(
    bus: Peripheral | None, locate: Callable[[int, int], tuple[Memory, int] | None]
) -> None:
    """Carry out what the ``init`` section of ``sysbus`` says, at addresses.

    Parameters
    ----------
    locate
        Returns the memory of so many bytes at an address, and their offset in it.

    Raises
    ------
    PlatformDescriptionError
        A statement is of another kind, or writes where no memory is.
    """
    if bus is None:
        return
    for statement in bus.init:
        command, _, rest = statement.partition(" ")
        form = _LABELS.get(command)
        if form is None:
            _write(statement, locate, "an address in a memory", extra=tuple(_LABELS))
        elif form.fullmatch(rest.strip()) is None:
            raise _refusal(
                statement, "'Tag <begin, end> \"name\"' and 'ApplySVD @file' are allowed"
            )


def _write(
    statement: Statement,
    locate: Callable[[int, int], tuple[Memory, int] | None],
    place: str,
    extra: tuple[str, ...] = (),
) -> None:
    command, *words = statement.split()
    size = _WRITES.get(command)
    if size is None:
        allowed = ", ".join((*_WRITES, *extra))
        raise _refusal(statement, f"here these commands are carried out: {allowed}")
    numbers = [int(word, 0) for word in words if _NUMBER.fullmatch(word) and _is_number(word)]
    if len(words) != 2 or len(numbers) != 2:
        raise _refusal(
            statement,
            f"{command} takes {place} and a value, two numbers such as 0x10; "
            "what is in backticks or a variable is worked out by Renode alone",
        )
    offset, value = numbers
    if value >> 8 * size:
        raise _refusal(statement, f"{command} takes a value of up to {(1 << 8 * size) - 1:#x}")
    found = locate(offset, size)
    if found is None:
        raise _refusal(statement, f"{command} takes {place}")
    memory, begin = found
    memory.cells[begin : begin + size] = list(value.to_bytes(size, "little"))


def _is_number(word: str) -> bool:
    return word.startswith("0x") or word == "0" or not word.startswith("0")


def _refusal(statement: Statement, allowed: str) -> Exception:
    text = statement if len(statement) <= _SHOWN else f"{statement[:_SHOWN]}…"
    return fail(statement.path, statement.line, f"'{text}': {allowed}")
