"""Lines between the parts of the chip, and whether the parts have room on its bus."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dvfs_kernel.boards.emulator.repl_forms import form_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dvfs_kernel.boards.emulator.repl import Peripheral
    from dvfs_kernel.boards.emulator.repl_parser import Interrupt

__all__ = ["check_places", "wired"]

#: Lines of the interrupt controller (RM0410 Rev 4, table 46), and of the external interrupts.
_LINES: Final = {"NVIC": 110, "STM32F4_EXTI": 25}
_PAGE: Final = 0x400
_MEMORY_PAGE: Final = 0x1000
_MOST_REGISTERS: Final = 0x10000  # bytes of one device
_MOST_MEMORY: Final = 1 << 30  # bytes of all memories
_PRIVATE: Final = 0xE0000000  # where the core's own registers begin
_OF_THE_CORE: Final = ("nvic", "dwt", "dbgmcu")


def wired(
    entry: Peripheral, parts: Mapping[str, Peripheral], names: Mapping[str, str]
) -> Peripheral:
    """Return an entry with the lines that its model drives, each to a part by the chip's name.

    Lines to what has no model are left out, as that is; so are those that the chip has anyway:
    from a pin to its LED, and alternate functions, between a timer's channel and a pin.

    Raises
    ------
    PlatformDescriptionError
        The entry has no such output, its target no such line, or nothing models the connection.
    """
    kept = []
    for line in entry.interrupts:
        _check_output(entry, line)
        base, _, index = str(line.target).partition("#")
        target = names.get(base)
        if target is None or target not in parts:
            continue
        if _leads_on(entry, line, parts[target], index):
            kept.append(line._replace(target=target))
    return replace(entry, interrupts=tuple(kept))


def _check_output(entry: Peripheral, line: Interrupt) -> None:
    form = form_of(entry)
    if isinstance(line.source, int):
        fits = line.source < form.numbered
    else:
        fits = (line.source or "IRQ") in form.outputs
    if not fits:
        numbered = (f"0 to {form.numbered - 1}",) if form.numbered else ()
        allowed = ", ".join((*form.outputs, *numbered)) or "none"
        raise entry.fail(f"'{entry.name}' has no output {line.source!r}; allowed: {allowed}", line)


def _leads_on(entry: Peripheral, line: Interrupt, target: Peripheral, index: str) -> bool:
    """Check a connection; tell whether it is one that is made, not one that the chip has anyway."""
    kind, to = (one.type.rpartition(".")[2] for one in (entry, target))
    lines = target.attributes.get("numberOfInputs") if to == "CombinedInput" else _LINES.get(to)
    if lines is not None or to == "CombinedInput":
        most = lines if isinstance(lines, int) else 1
        if line.line >= most:
            raise entry.fail(
                f"'{line.target}' has no line {line.line}; 0 to {most - 1} is allowed", line
            )
        if kind == "STM32_SYSCFG" and line.source != line.line:
            raise _unwired(entry, line, f"its line {line.source}, as on the chip")
        if kind not in ("STM32_GPIOPort", "LED", "Button"):
            return True
    at_pin = {registration.address for registration in target.registrations}
    own_pin = {registration.address for registration in entry.registrations}
    if kind == "STM32_GPIOPort" and to == "STM32_SYSCFG":
        port = str(ord(entry.name[-1]) - ord("A"))
        if (index or "0", line.line) != (port, line.source):
            raise _unwired(entry, line, f"#{port}@{line.source}, as on the chip")
    elif kind == "STM32_GPIOPort" and to == "LED":
        if at_pin != {line.source}:
            raise _unwired(entry, line, "the pin that the LED is registered at")
    elif kind == "Button" and to == "STM32_GPIOPort":
        if own_pin != {line.line}:
            raise _unwired(entry, line, "the pin that the button is registered at")
    elif {kind, to} != {"STM32_Timer", "STM32_GPIOPort"} and to != "CortexM":
        raise _unwired(entry, line, "the interrupt controller, external interrupts, LEDs")
    return False


def _unwired(entry: Peripheral, line: Interrupt, allowed: str) -> Exception:
    source = "its output" if line.source is None else f"output {line.source}"
    return entry.fail(
        f"nothing models {source} of '{entry.name}' at '{line.target}@{line.line}'; "
        f"allowed: {allowed}",
        line,
    )


def check_places(parts: Iterable[Peripheral]) -> None:
    """Refuse parts that have no room where they are.

    Raises
    ------
    PlatformDescriptionError
        Two parts overlap, or one is at an address, or of a size, that it cannot have.
    """
    taken: list[tuple[int, int, Peripheral]] = []
    memory_bytes = 0
    for entry in parts:
        is_memory = entry.type.endswith("MappedMemory")
        size = entry.attributes.get("size") if is_memory else None
        if is_memory and isinstance(size, int):
            memory_bytes += size
            if memory_bytes > _MOST_MEMORY:
                raise entry.fail(f"memories of more than {_MOST_MEMORY:#x} bytes in all", "size")
        for parent, address, own_size in entry.registrations:
            if parent != "sysbus" or address is None:
                continue
            length = size if isinstance(size, int) else own_size or _PAGE
            _check_place(entry, address, length, _MEMORY_PAGE if is_memory else _PAGE)
            taken.append((address, address + length, entry))
    taken.sort(key=lambda place: place[:2])
    for (_, end, first), (begin, _, second) in pairwise(taken):
        if begin < end:
            # Who was put somewhere else is told, whoever comes first there.
            moved = first.put_at != (first.path, first.line)
            told, other = (first, second) if moved else (second, first)
            where = ":".join(map(str, other.put_at))
            raise told.fail(f"'{told.name}' overlaps '{other.name}' ({where}) at {begin:#x}")


def _check_place(entry: Peripheral, address: int, size: int, page: int) -> None:
    core = entry.name in _OF_THE_CORE
    fits = 0 < size <= (_MOST_MEMORY if page == _MEMORY_PAGE else _MOST_REGISTERS)
    if address < 0 or address % page or not fits or (address + size > _PRIVATE and not core):
        raise entry.fail(
            f"'{entry.name}' is at {address:#x} and has {size:#x} bytes; an address below "
            f"{_PRIVATE:#x} that is a multiple of {page:#x} is allowed"
        )
