"""Writes ``registers.h``: offsets and fields of the register tables, bases and interrupts.

Offsets and fields are those of ``renode_platform/devices/registers.py``; where a peripheral lies
and which interrupt it raises is what ``renode_platform/stm32f767.repl`` says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dvfs_kernel.boards.emulator.repl import PlatformDescription
from renode_platform.devices import core_registers, registers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dvfs_kernel.boards.emulator.repl import Peripheral

__all__ = ["registers_header"]

_PERIPHERALS_FIRST = 0x40000000
_ALIASES = {"flashController": "FLASH"}


def registers_header(platform: Path) -> str:
    """Return the text of ``registers.h``.

    Parameters
    ----------
    platform
        The folder ``renode_platform``.
    """
    description = PlatformDescription.load(platform / "stm32f767.repl")
    lines = [
        "/* Written by firmware/build.py from renode_platform. */",
        "#ifndef REGISTERS_H",
        "#define REGISTERS_H",
        "",
        *(f"#define {name}_BASE 0x{base:08X}u" for name, base in core_registers.CORE_BASE.items()),
    ]
    for peripheral in description:
        lines += _places(peripheral, set(core_registers.CORE_BASE))
    for block in registers.BLOCKS:
        lines += ["", *_block(block)]
    return "\n".join([*lines, "", "#endif", ""])


def _places(peripheral: Peripheral, core: set[str]) -> Iterator[str]:
    name = _ALIASES.get(peripheral.name, peripheral.name.replace("gpioPort", "GPIO"))
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
    for place in peripheral.registrations:
        if name in core or place.parent != "sysbus" or place.address is None:
            continue
        if place.address >= _PERIPHERALS_FIRST:
            yield f"#define {name}_BASE 0x{place.address:08X}u"
    for interrupt in peripheral.interrupts:
        if interrupt.target == "nvic" and interrupt.source == "IRQ":
            yield f"#define {name}_IRQ {interrupt.line}u"


def _block(block: Any) -> Iterator[str]:
    for register_name, register in block.registers.items():
        name = f"{block.name}_{register_name}"
        yield f"#define {name}_OFFSET 0x{register.offset:X}u"
        for field, (position, _) in register.fields.items():
            yield f"#define {name}_{field}_POS {position}u"
            yield f"#define {name}_{field}_MSK 0x{register.mask(field):08X}u"
