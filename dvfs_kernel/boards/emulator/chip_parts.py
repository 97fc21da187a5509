"""Which part of the chip each entry of a description is, whatever it is called there.

The device models are made by the chip's own names, those of ``stm32f767.repl``: clock, enable bit
and wiring go with them. A description of somebody else has other names, and stand-ins of Renode
where this board has models. An entry is the part

1. at whose address it begins, if a memory or a device with a model is there on the chip;
2. else, that has its name and type: a part may be moved;
3. else, in whose registers it begins: the model takes the place of a stand-in for some of them.

A type that has a model, but is no part of the chip, is refused: nothing would clock it. What has
no model is left out, and told once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import renode_platform
from dvfs_kernel.boards.emulator.chip_wiring import check_places, wired
from dvfs_kernel.boards.emulator.init_statements import is_worked_out
from dvfs_kernel.boards.emulator.repl import Peripheral, PlatformDescription
from dvfs_kernel.boards.emulator.repl_forms import HERTZ, check_attributes
from dvfs_kernel.boards.emulator.repl_text import fail
from dvfs_kernel.storage.by_content import ByContent
from renode_platform.devices import attach

__all__ = ["ChipParts"]

_CHIP: Final = Path(renode_platform.__file__).with_name("stm32f767.repl")
_MEMORY: Final = "MappedMemory"
_HSE: Final = ("hseClock", "hseCrystal")
_SENSOR: Final = "ina219"
# The core, which is no device: its type, and its place, where it has one.
_CORE: Final = {"CortexM": ("cpu", None), "NVIC": ("nvic", 0xE000E000), "DWT": ("dwt", 0xE0001000)}
_CPU_TYPE: Final = "cortex-m7"
# Parts without a bus address: what models know them by.
_UNPLACED: Final = frozenset({"CombinedInput"})
_FLASH: Final = "flash"
_SYSTEM: Final = "systemMemory"
# Timers of the chip that have no model (RM0410 Rev 4, table 1).
_OTHER_TIMERS: Final = frozenset(
    (0x40001800, 0x40001C00, 0x40002000, 0x40010000, 0x40010400, 0x40014000, 0x40014400, 0x40014800)
)
_PINS: Final = 16
_I2C_ADDRESSES: Final = 128


@dataclass(frozen=True, eq=False)
class ChipParts(ByContent):
    """A description as the device models are made from it.

    Parameters
    ----------
    peripherals
        Memories and entries with a model, by the chip's names.
    names
        The chip's name of each, by that in the description.
    unmodelled
        Everything else: name and type, as a message has them.
    bus
        What the description says of the bus.
    """

    peripherals: dict[str, Peripheral]
    names: dict[str, str]
    unmodelled: tuple[str, ...]
    bus: Peripheral | None = None

    @classmethod
    def of(cls, description: PlatformDescription) -> ChipParts:
        """Find the parts of a description.

        Raises
        ------
        PlatformDescriptionError
            An entry says what this board cannot be; the message begins with file and line.
        """
        return _Finder(description).found()


def kind_of(entry: Peripheral) -> str:
    """Return an entry's type without its namespace."""
    return entry.type.rpartition(".")[2]


class BusPlace(NamedTuple):
    """Where an entry is on the system bus."""

    address: int
    size: int


def bus_place(entry: Peripheral) -> BusPlace | None:
    """Return where an entry is on the system bus, or None."""
    for parent, address, size in entry.registrations:
        if parent == "sysbus" and address is not None:
            return BusPlace(address, attach.DEFAULT_SIZE if size is None else size)
    return None


class _Finder:
    def __init__(self, description: PlatformDescription) -> None:
        self.description = description
        self.parts: dict[str, Peripheral] = {}
        self.names: dict[str, str] = {}
        self.unmodelled: list[str] = []

    def found(self) -> ChipParts:
        held = list(self.description)
        # What is a part by its own comes before what only stands in for one.
        later = [entry for entry in held if not self.take(entry)]
        for entry in later:
            self.stand_in(entry)
        for entry in held:
            if _hangs(entry):
                self.take_registered(entry)
        if (bus := self.description.bus) is not None:
            check_attributes(bus)
            _refuse_sections(bus, ("preinit", "reset"))
        parts = {name: wired(entry, self.parts, self.names) for name, entry in self.parts.items()}
        check_places(parts.values())
        core = {name for name, _ in _CORE.values()}
        kept = {name: entry for name, entry in parts.items() if name not in core}
        return ChipParts(kept, self.names, tuple(self.unmodelled), bus)

    def take(self, entry: Peripheral) -> bool:
        """Take an entry that is a part by its own; tell whether it is none, or yet to be seen."""
        kind, place = kind_of(entry), bus_place(entry)
        if kind in _CORE or entry.type.startswith("CPU."):
            self.take_core(entry)
        elif entry.name in _HSE:
            self.add(entry.name, _checked_hse(entry))
        elif kind in _UNPLACED:
            self.add(entry.name, entry)
        elif not _hangs(entry):
            part = None if place is None else _part_at(entry, place.address)
            if part is None:
                _refuse_unplaced(entry, place)
                return False
            self.add(part, self.as_memory(part, entry) if kind == _MEMORY else entry)
        return True

    def as_memory(self, part: str, entry: Peripheral) -> Peripheral:
        """Return a memory with what the chip has of it that its description leaves open."""
        told = tuple(statement for statement in entry.init if not is_worked_out(statement))
        if left := len(entry.init) - len(told):
            self.unmodelled.append(
                f"{entry.name} ({left} of its values, which Renode's Python works out)"
            )
        own = _chip()[part] if part in (_FLASH, _SYSTEM) and Path(entry.path) != _CHIP else None
        if own is None:
            return replace(entry, init=told)
        held = _addresses(entry)
        missing = [place for place in own.registrations if place.address not in held]
        if part == _SYSTEM and entry.attributes.get("size") == own.attributes["size"]:
            told = (*own.init, *told)
        return replace(entry, init=told, registrations=(*entry.registrations, *missing))

    def take_core(self, entry: Peripheral) -> None:
        name, address = _CORE.get(kind_of(entry), ("", None))
        if not name or (name == "cpu" and entry.attributes.get("cpuType") != _CPU_TYPE):
            said = entry.attributes.get("cpuType", entry.type)
            raise entry.fail(
                f"the core '{entry.name}' is a {said!s:.60}; "
                f'a CPU.CortexM with cpuType: "{_CPU_TYPE}" is allowed, as the STM32F767 has',
                "cpuType",
            )
        place = bus_place(entry)
        if address is not None and (place is None or place.address != address):
            raise entry.fail(f"'{entry.name}', a {entry.type}, is at {address:#x} on this core")
        self.add(name, entry)

    def take_registered(self, entry: Peripheral) -> None:
        """Take an LED, a button or a sensor, which hang on a part."""
        sensor = entry.name.startswith(_SENSOR)
        wanted, most = ("STM32F7_I2C", _I2C_ADDRESSES) if sensor else ("STM32_GPIOPort", _PINS)
        hangs = []
        for registration in entry.registrations:
            parent = self.names.get(registration.parent, "")
            if parent not in self.parts or kind_of(self.parts[parent]) != wanted:
                continue
            number = registration.address
            if number is None or not 0 <= number < most:
                raise entry.fail(
                    f"'{entry.name}' is at {'no number' if number is None else number} of "
                    f"'{registration.parent}'; 0 to {most - 1} is allowed"
                )
            hangs.append(registration._replace(parent=parent))
        if hangs:
            self.add(entry.name, replace(entry, registrations=tuple(hangs)))
        else:
            self.leave_out(entry)

    def stand_in(self, entry: Peripheral) -> None:
        """Put the model of a part in the place of an entry, or leave it out."""
        place = bus_place(entry)
        part = None if place is None else _within(place.address)
        if part is None or place is None:
            self.refuse_unclocked(entry, place)
            self.leave_out(entry)
            return
        self.leave_out(entry, f": the model of {part} is there")
        self.names.setdefault(entry.name, part)
        if part not in self.parts:
            own = _chip()[part]
            # Its own lines, if it has some: those of the chip where they lead somewhere.
            lines = entry.interrupts or tuple(
                line for line in own.interrupts if line.target in self.description.peripherals
            )
            self.parts[part] = replace(
                own, interrupts=lines, path=entry.path, line=entry.line, places=entry.places
            )

    def refuse_unclocked(self, entry: Peripheral, place: BusPlace | None) -> None:
        kind = kind_of(entry)
        if kind not in attach.MAKERS or place is None or place.address in _OTHER_TIMERS:
            return
        alike = ", ".join(
            f"{name} at {address:#x}"
            for address, name in _devices().items()
            if kind_of(_chip()[name]) == kind
        )
        raise entry.fail(
            f"'{entry.name}' is a {entry.type} at {place.address:#x}, where the chip has none; "
            f"allowed: {alike}, or one of these names at another address"
        )

    def add(self, name: str, entry: Peripheral) -> None:
        if name in self.parts:
            other = self.parts[name]
            raise entry.fail(
                f"'{entry.name}' is the chip's {name}, which {other.path}:{other.line} is already"
            )
        if kind_of(entry) != _MEMORY:
            _refuse_sections(entry, ("preinit", "init", "reset"))
        else:
            _refuse_sections(entry, ("preinit", "reset"))
        if entry.name not in _HSE:
            check_attributes(entry)
        for called in filter(None, (entry.name, entry.alias)):
            self.names[called] = name
        self.parts[name] = replace(entry, name=name)

    def leave_out(self, entry: Peripheral, why: str = "") -> None:
        if Path(entry.path).resolve() != _CHIP.resolve():
            self.unmodelled.append(f"{entry.name} ({entry.type}{why})")


def _checked_hse(entry: Peripheral) -> Peripheral:
    value = entry.attributes.get("frequency")
    if type(value) is not int or not 0 < value <= HERTZ:
        said = "has no frequency" if value is None else f"has the frequency {value!r:.60}"
        raise entry.fail(
            f"'{entry.name}' {said}; a whole number of hertz, 1 to {HERTZ}, is allowed, such as "
            "8000000",
            "frequency",
        )
    for name in entry.attributes:
        if name != "frequency":
            raise entry.fail(f"'{name}' has no meaning for an HSE; allowed: frequency", name)
    return entry


def _refuse_sections(entry: Peripheral, sections: tuple[str, ...]) -> None:
    for section in sections:
        for statement in getattr(entry, section):
            raise fail(
                statement.path,
                statement.line,
                f"'{statement:.60}': the {section} section of '{entry.name}' is for Renode's "
                "monitor alone; allowed: init of a memory or of sysbus",
            )


@cache
def _chip() -> dict[str, Peripheral]:
    return PlatformDescription.load(_CHIP).peripherals


def _has_model(entry: Peripheral) -> bool:
    return kind_of(entry) in attach.MAKERS or entry.name in (*attach.MAKERS, *attach.SHARED)


@cache
def _devices() -> dict[int, str]:
    """Return the chip's parts that have a model, by their addresses."""
    return {
        place.address: name
        for name, entry in _chip().items()
        if _has_model(entry) and (place := bus_place(entry)) is not None
    }


@cache
def _memories() -> dict[int, str]:
    return {
        max(_addresses(entry)): name
        for name, entry in _chip().items()
        if kind_of(entry) == _MEMORY and name in (_FLASH, _SYSTEM)
    }


def _hangs(entry: Peripheral) -> bool:
    """Tell whether an entry is an LED, a button or a sensor, which hang on a part."""
    return kind_of(entry) in ("LED", "Button") or entry.name.startswith(_SENSOR)


def _part_at(entry: Peripheral, address: int) -> str | None:
    """Return the part that an entry on the bus is by its own, or None."""
    kind = kind_of(entry)
    if kind == _MEMORY:
        inside = _within(address) is not None
        return None if inside else _memories().get(max(_addresses(entry)), entry.name)
    own = _devices().get(address)
    if own is not None and kind == kind_of(_chip()[own]):
        return own
    known = _chip().get(entry.name)
    moved = known is not None and kind == kind_of(known) and _has_model(entry)
    return entry.name if moved else None


def _refuse_unplaced(entry: Peripheral, place: BusPlace | None) -> None:
    on_bus = any(parent == "sysbus" for parent, *_ in entry.registrations)
    if place is None and on_bus and kind_of(entry) in (*attach.MAKERS, _MEMORY):
        raise entry.fail(f"'{entry.name}', a {entry.type}, needs an address on sysbus")


def _addresses(entry: Peripheral) -> list[int]:
    return [
        address
        for parent, address, _ in entry.registrations
        if parent == "sysbus" and address is not None
    ]


def _within(address: int) -> str | None:
    """Return the part in whose registers an address is."""
    for begin, name in _devices().items():
        if begin <= address < begin + attach.DEFAULT_SIZE:
            return name
    return None
